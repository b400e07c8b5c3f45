/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "jobs.h"
#include "mem.h"
#include "source_parts.h"

#define INPUT_CHUNK (1u << 20)
#define HOLE (64u << 10)       /* bytes; zeros in an aligned block of this size become a hole */
#define FLUSH_STEP (32u << 20) /* begin to write back after so many bytes */

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

int source_flush(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: was to be made and is not there", path);
	if (fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", path);
	return 0;
}

/* Comparing a block with itself one word on is as fast as memcmp. */
static bool is_zero(const unsigned char *p, size_t len)
{
	static const unsigned char zeros[16];
	if (len <= sizeof(zeros))
		return memcmp(p, zeros, len) == 0;
	return memcmp(p, zeros, sizeof(zeros)) == 0 &&
	       memcmp(p, p + sizeof(zeros), len - sizeof(zeros)) == 0;
}

static int out_of_bounds(const struct sink *s, struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       "%s: unpacks to more than %llu GiB, which is no image of a card", s->name,
		       (unsigned long long)(SINK_MAX >> 30));
}

static int write_run(struct sink *s, const unsigned char *data, size_t len, uint64_t offset,
		     struct err *e)
{
	if (len && io_pwrite_fd(s->fd, s->path, data, len, offset, e) < 0)
		return cache_advise(e);
	return 0;
}

/*
 * The kernel would begin to write after 30 s or when memory is full; told so early, the disk works
 * while the cores decode, and the flush at the end finds little to do.
 */
static void begin_write_back(struct sink *s)
{
	if (s->size - s->flushing < FLUSH_STEP)
		return;
	sync_file_range(s->fd, (off_t)s->flushing, (off_t)(s->size - s->flushing),
			SYNC_FILE_RANGE_WRITE);
	s->flushing = s->size;
}

int sink_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	const unsigned char *p = data;
	uint64_t run_start = s->size, at = s->size;
	if (len == 0)
		return 0;
	if (len > SINK_MAX - s->size)
		return out_of_bounds(s, e);
	while (at < s->size + len) {
		size_t left = (size_t)(s->size + len - at), block = HOLE - (size_t)(at % HOLE);
		block = block < left ? block : left;
		if (is_zero(p + (at - s->size), block)) {
			if (write_run(s, p + (run_start - s->size), (size_t)(at - run_start),
				      run_start, e) < 0)
				return -1;
			run_start = at + block;
		}
		at += block;
	}
	if (write_run(s, p + (run_start - s->size), (size_t)(at - run_start), run_start, e) < 0)
		return -1;
	s->size = at;
	begin_write_back(s);
	return 0;
}

int sink_skip_to(struct sink *s, uint64_t offset, struct err *e)
{
	if (offset < s->size || offset > SINK_MAX)
		return out_of_bounds(s, e);
	s->size = offset;
	return 0;
}

int sink_finish(struct sink *s, struct err *e)
{
	if (s->size == 0)
		return err_set(e, ERR_IMAGE, "%s: there is nothing in it; " SOURCE_ADVICE, s->name);
	if (ftruncate(s->fd, (off_t)s->size) < 0 || fsync(s->fd) < 0) {
		err_errno(e, ERR_FAILED, "%s: cannot flush", s->path);
		return cache_advise(e);
	}
	return 0;
}
