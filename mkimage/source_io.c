/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "interrupt.h"
#include "mem.h"
#include "source_parts.h"

#define INPUT_CHUNK (1u << 20)

int input_open(const char *path, const char *name, const char *what, struct progress *p,
	       struct input *ret, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot open", name);
	/* lseek, because a block device has no st_size. */
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot find its size", name);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	autofree char *step = xasprintf("%s %s", what, path_base(name));
	*ret = (struct input){.fd = steal_fd(&fd),
			      .name = name,
			      .size = (uint64_t)size,
			      .progress = p,
			      .step = progress_start(p, step, (uint64_t)size),
			      .buffer = xmalloc(INPUT_CHUNK)};
	return 0;
}

ssize_t input_read(struct input *in, struct err *e)
{
	if (interrupt_check(e) < 0)
		return -1;
	ssize_t n;
	do {
		n = read(in->fd, in->buffer, INPUT_CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot read at byte %llu", in->name,
				 (unsigned long long)in->done);
	in->done += (uint64_t)n;
	if (in->hash)
		hash_add(in->hash, in->buffer, (size_t)n);
	progress_update(in->progress, in->step, in->done);
	return n;
}

void input_done(struct input *in)
{
	if (!in->buffer)
		return;
	progress_end(in->progress, in->step, in->done < in->size ? "stopped" : NULL);
	cleanup_close(&in->fd);
	free(in->buffer);
	*in = (struct input){.fd = -1};
}

int input_digest(const char *path, const char *name, struct progress *p, char **ret, struct err *e)
{
	auto_input in = {.fd = -1};
	auto_hash *h = hash_new();
	ssize_t n;
	if (input_open(path, name, "check", p, &in, e) < 0)
		return -1;
	in.hash = h;
	while ((n = input_read(&in, e)) > 0)
		continue;
	if (n < 0)
		return -1;
	*ret = hash_hex(h);
	return 0;
}
