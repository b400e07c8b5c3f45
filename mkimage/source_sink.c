/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "direct.h"
#include "io.h"
#include "mem.h"
#include "ring.h"
#include "source_parts.h"

/*
 * A thread writes while the decoder decodes: a disk that is slow for a quarter of a second would
 * else leave the decoder's threads without room for what they decoded (measured: a third of the
 * time on a busy disk).  It writes past the page cache, because the cores are what is short: a copy
 * of half a gigabyte into the cache takes half a second of one that could decode.
 */

#define HOLE (64u << 10)      /* bytes; zeros in an aligned block of this size become a hole */
#define FLUSH_STEP (8u << 20) /* begin to write back after so many bytes */

struct sink {
	struct ring_user user;
	struct ring *ring;
	const struct source_target *target; /* NULL: the file */
	int fd;
	const char *name, *path;
	uint64_t size;	      /* so far, what is not written yet included */
	struct direct direct; /* the writer's, as what follows */
	uint64_t flushing;    /* where writing back was begun last */
};

static int write_run(struct sink *s, const unsigned char *data, size_t len, uint64_t offset,
		     struct err *e)
{
	while (len) {
		ssize_t n = direct_pwrite(&s->direct, data, len, offset);
		if (n < 0) {
			err_errno(e, ERR_FAILED, "%s: cannot write at byte %llu", s->path,
				  (unsigned long long)offset);
			return cache_advise(e);
		}
		data += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Write the chunk but for its zero blocks, in runs as long as there are. */
static int write_chunk(struct sink *s, const struct chunk *c, struct err *e)
{
	size_t run = 0, at = 0;
	while (at < c->len) {
		size_t block = HOLE - (size_t)((c->offset + at) % HOLE);
		block = block < c->len - at ? block : c->len - at;
		if (mem_is_zero(c->data + at, block)) {
			if (write_run(s, c->data + run, at - run, c->offset + run, e) < 0)
				return -1;
			run = at + block;
		}
		at += block;
	}
	return write_run(s, c->data + run, at - run, c->offset + run, e);
}

/*
 * Where the page cache cannot be passed by, the kernel would begin to write after 30 s or when
 * memory is full; told so early, the disk works while the cores decode, and the flush at the end
 * finds little to do.
 */
static void begin_write_back(struct sink *s, uint64_t end)
{
	if (s->direct.on || end - s->flushing < FLUSH_STEP)
		return;
	sync_file_range(s->fd, (off_t)s->flushing, (off_t)(end - s->flushing),
			SYNC_FILE_RANGE_WRITE);
	s->flushing = end;
}

static int write_file(void *ctx, const struct chunk *c, struct err *e)
{
	struct sink *s = ctx;
	int r = write_chunk(s, c, e);
	begin_write_back(s, c->offset + c->len);
	return r;
}

int sink_open(const char *path, const char *name, struct sink **ret, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", path);
	auto_sink *s = xcalloc(1, sizeof(*s));
	*s = (struct sink){.name = name, .path = path, .fd = steal_fd(&fd)};
	direct_init(&s->direct, s->fd);
	s->user = (struct ring_user){.name = name, .threads = 1, .take = write_file, .ctx = s};
	if (ring_new(&s->user, &s->ring, e) < 0)
		return -1;
	*ret = steal(&s);
	return 0;
}

int sink_to(const struct source_target *t, const char *name, struct sink **ret, struct err *e)
{
	auto_sink *s = xcalloc(1, sizeof(*s));
	*s = (struct sink){.name = name, .target = t, .fd = -1};
	s->user = (struct ring_user){
		.name = name, .threads = t->threads, .take = t->take, .ctx = t->ctx};
	if (ring_new(&s->user, &s->ring, e) < 0)
		return -1;
	*ret = steal(&s);
	return 0;
}

static int out_of_bounds(const struct sink *s, struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       "%s: unpacks to more than %llu GiB, which is no image of a card", s->name,
		       (unsigned long long)(SINK_MAX >> 30));
}

/* Give the filled chunk to the writer, and wait for another. */
static int submit(struct sink *s, struct err *e)
{
	struct chunk *c = ring_filling(s->ring);
	if (s->target && c->len && s->target->filled(s->target->ctx, c, e) < 0)
		return -1;
	if (ring_submit(s->ring, e) < 0)
		return -1;
	ring_filling(s->ring)->offset = s->size;
	return 0;
}

void *sink_space(struct sink *s, size_t *ret_len)
{
	const struct chunk *c = ring_filling(s->ring);
	*ret_len = RING_CHUNK - c->len;
	return c->data + c->len;
}

int sink_advance(struct sink *s, size_t len, struct err *e)
{
	struct chunk *c = ring_filling(s->ring);
	if (len > SINK_MAX - s->size)
		return out_of_bounds(s, e);
	c->len += len;
	s->size += len;
	return c->len == RING_CHUNK ? submit(s, e) : 0;
}

int sink_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	const char *p = data;
	while (len) {
		size_t room;
		void *to = sink_space(s, &room);
		size_t n = len < room ? len : room;
		memcpy(to, p, n);
		if (sink_advance(s, n, e) < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* Only a new file reads as zeros where nothing was written. */
static int write_zeros(struct sink *s, uint64_t end, struct err *e)
{
	while (s->size < end) {
		size_t room;
		void *to = sink_space(s, &room);
		size_t n = end - s->size < room ? (size_t)(end - s->size) : room;
		memset(to, 0, n);
		if (sink_advance(s, n, e) < 0)
			return -1;
	}
	return 0;
}

int sink_skip_to(struct sink *s, uint64_t offset, struct err *e)
{
	if (offset == s->size)
		return 0;
	if (offset < s->size || offset > SINK_MAX)
		return out_of_bounds(s, e);
	if (s->target)
		return write_zeros(s, offset, e);
	s->size = offset;
	return submit(s, e);
}

uint64_t sink_size(const struct sink *s)
{
	return s->size;
}

int sink_finish(struct sink *s, struct err *e)
{
	if (s->size == 0)
		return err_set(e, ERR_IMAGE, "%s: there is nothing in it; " SOURCE_ADVICE, s->name);
	if (submit(s, e) < 0 || ring_finish(s->ring, e) < 0)
		return -1;
	if (s->fd >= 0 && (ftruncate(s->fd, (off_t)s->size) < 0 || fsync(s->fd) < 0)) {
		err_errno(e, ERR_FAILED, "%s: cannot flush", s->path);
		return cache_advise(e);
	}
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	ring_free(s->ring);
	cleanup_close(&s->fd);
	free(s);
}
