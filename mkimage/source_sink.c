/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "direct.h"
#include "io.h"
#include "mem.h"
#include "source_parts.h"

/*
 * A thread writes while the decoder decodes: a disk that is slow for a quarter of a second would
 * else leave the decoder's threads without room for what they decoded (measured: a third of the
 * time on a busy disk).  It writes past the page cache, because the cores are what is short: a copy
 * of half a gigabyte into the cache takes half a second of one that could decode.
 */

#define CHUNK (4u << 20)
#define CHUNKS 8
#define HOLE (64u << 10)       /* bytes; zeros in an aligned block of this size become a hole */
#define FLUSH_STEP (32u << 20) /* begin to write back after so many bytes */

struct chunk {
	unsigned char *data;
	size_t len;
	uint64_t offset;
};

struct sink {
	int fd;
	const char *name, *path;
	uint64_t size; /* so far, what is not written yet included */
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* A ring, under lock: `queued` chunks from `first` wait to be written; the next is filled.
	 */
	struct chunk ring[CHUNKS];
	size_t first, queued;
	bool closing;
	struct err error;     /* of the writer */
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

static void *writer_main(void *ctx)
{
	struct sink *s = ctx;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->queued && !s->closing)
			pthread_cond_wait(&s->changed, &s->lock);
		if (!s->queued)
			break;
		const struct chunk c = s->ring[s->first];
		bool failed = s->error.msg;
		auto_err e = ERR_INIT;
		pthread_mutex_unlock(&s->lock);
		int r = failed ? 0 : write_chunk(s, &c, &e);
		begin_write_back(s, c.offset + c.len);
		pthread_mutex_lock(&s->lock);
		if (r < 0)
			err_set(&s->error, e.code, "%s", e.msg);
		s->first = (s->first + 1) % CHUNKS;
		s->queued--;
		pthread_cond_signal(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are for the main thread, whose blocking calls they end. */
static int start_writer(struct sink *s)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&s->writer, NULL, writer_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int sink_open(const char *path, const char *name, struct sink **ret, struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", path);
	struct sink *s = xcalloc(1, sizeof(*s));
	s->name = name;
	s->path = path;
	s->fd = steal_fd(&fd);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	direct_init(&s->direct, s->fd);
	for (size_t i = 0; i < CHUNKS; i++)
		s->ring[i].data = direct_alloc(CHUNK);
	errno = start_writer(s);
	if (errno) {
		err_errno(e, ERR_FAILED, "%s: cannot start a thread", name);
		s->closing = true;
		sink_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

static int out_of_bounds(const struct sink *s, struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       "%s: unpacks to more than %llu GiB, which is no image of a card", s->name,
		       (unsigned long long)(SINK_MAX >> 30));
}

/* The chunk that is being filled; only the writer moves first and queued, by one each. */
static struct chunk *filling(struct sink *s)
{
	return &s->ring[(s->first + s->queued) % CHUNKS];
}

/* Give the filled chunk to the writer, and wait for another. */
static int submit(struct sink *s, struct err *e)
{
	int r = 0;
	pthread_mutex_lock(&s->lock);
	s->queued += filling(s)->len > 0;
	pthread_cond_signal(&s->changed);
	while (s->queued == CHUNKS)
		pthread_cond_wait(&s->changed, &s->lock);
	*filling(s) = (struct chunk){.data = filling(s)->data, .offset = s->size};
	if (s->error.msg)
		r = err_set(e, s->error.code, "%s", s->error.msg);
	pthread_mutex_unlock(&s->lock);
	return r;
}

void *sink_space(struct sink *s, size_t *ret_len)
{
	pthread_mutex_lock(&s->lock);
	const struct chunk *c = filling(s);
	pthread_mutex_unlock(&s->lock);
	*ret_len = CHUNK - c->len;
	return c->data + c->len;
}

int sink_advance(struct sink *s, size_t len, struct err *e)
{
	if (len > SINK_MAX - s->size)
		return out_of_bounds(s, e);
	pthread_mutex_lock(&s->lock);
	struct chunk *c = filling(s);
	pthread_mutex_unlock(&s->lock);
	c->len += len;
	s->size += len;
	return c->len == CHUNK ? submit(s, e) : 0;
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

int sink_skip_to(struct sink *s, uint64_t offset, struct err *e)
{
	if (offset == s->size)
		return 0;
	if (offset < s->size || offset > SINK_MAX)
		return out_of_bounds(s, e);
	s->size = offset;
	return submit(s, e);
}

uint64_t sink_size(const struct sink *s)
{
	return s->size;
}

static void stop_writer(struct sink *s)
{
	if (s->closing)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->writer, NULL);
}

int sink_finish(struct sink *s, struct err *e)
{
	if (s->size == 0)
		return err_set(e, ERR_IMAGE, "%s: there is nothing in it; " SOURCE_ADVICE, s->name);
	if (submit(s, e) < 0)
		return -1;
	stop_writer(s);
	if (s->error.msg)
		return err_set(e, s->error.code, "%s", s->error.msg);
	if (ftruncate(s->fd, (off_t)s->size) < 0 || fsync(s->fd) < 0) {
		err_errno(e, ERR_FAILED, "%s: cannot flush", s->path);
		return cache_advise(e);
	}
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	stop_writer(s);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	for (size_t i = 0; i < CHUNKS; i++)
		free(s->ring[i].data);
	cleanup_close(&s->fd);
	err_done(&s->error);
	free(s);
}
