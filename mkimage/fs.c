/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fs.h"
#include "mem.h"

int fs_close(struct fs **fs, struct err *e)
{
	struct fs *closing = steal(fs);
	return closing ? closing->ops->close(closing, e) : 0;
}

void fs_discard(struct fs **fs)
{
	struct fs *closing = steal(fs);
	if (!closing)
		return;
	/* close() of a file system that is not writable only releases. */
	closing->writable = false;
	auto_err ignored = ERR_INIT;
	if (closing->ops->close(closing, &ignored) < 0)
		err_done(&ignored);
}

struct memory {
	const char *data;
	size_t len;
};

static ssize_t memory_read(void *ctx, void *buffer, size_t len, struct err *e)
{
	(void)e;
	struct memory *m = ctx;
	size_t n = len < m->len ? len : m->len;
	if (n)
		memcpy(buffer, m->data, n);
	m->data += n;
	m->len -= n;
	return (ssize_t)n;
}

int fs_write_data(struct fs *fs, const char *path, const void *data, size_t len, struct err *e)
{
	struct memory m = {data, len};
	return fs->ops->write(fs, path, &(struct fs_source){memory_read, &m}, e);
}
