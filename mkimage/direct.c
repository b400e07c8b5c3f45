/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "direct.h"

static void set(struct direct *d, bool on)
{
	int flags = fcntl(d->fd, F_GETFL);
	int wanted = on ? flags | O_DIRECT : flags & ~O_DIRECT;
	d->on = flags >= 0 && fcntl(d->fd, F_SETFL, wanted) == 0 && on;
}

void direct_init(struct direct *d, int fd)
{
	*d = (struct direct){.fd = fd};
	set(d, true);
}

void direct_done(struct direct *d)
{
	if (d->on)
		set(d, false);
}

void *direct_alloc(size_t len)
{
	void *p = aligned_alloc(DIRECT_BLOCK, len);
	if (!p)
		abort();
	return p;
}

static bool is_aligned(const void *data, size_t len, uint64_t offset)
{
	return offset % DIRECT_BLOCK == 0 && (uintptr_t)data % DIRECT_BLOCK == 0 &&
	       len >= DIRECT_BLOCK;
}

ssize_t direct_pwrite(struct direct *d, const void *data, size_t len, uint64_t offset)
{
	for (;;) {
		/* Behind a short write, or at the last bytes of an image. */
		if (d->on && !is_aligned(data, len, offset))
			set(d, false);
		size_t part = d->on ? len - len % DIRECT_BLOCK : len;
		ssize_t n = pwrite(d->fd, data, part, (off_t)offset);
		if (n >= 0 || (errno != EINTR && !(errno == EINVAL && d->on)))
			return n;
		if (errno == EINVAL)
			set(d, false);
	}
}
