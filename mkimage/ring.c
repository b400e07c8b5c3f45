/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "direct.h"
#include "mem.h"
#include "ring.h"

#define SLOTS 8 /* decoders need room while a disk is slow for a moment */
#define THREADS_MAX 4

struct slot {
	struct chunk chunk;
	bool full; /* until its taker has ended */
};

struct ring {
	const struct ring_user *user;
	pthread_t threads[THREADS_MAX];
	unsigned running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under lock.  Counters never wrap: a slot is its number modulo SLOTS. */
	struct slot slots[SLOTS];
	size_t filled, taken;
	bool closing;
	struct err error; /* of the first taker that failed */
};

/* The next slot to be taken, NULL at the end. */
static struct slot *next_slot(struct ring *r)
{
	while (r->taken == r->filled && !r->closing)
		pthread_cond_wait(&r->changed, &r->lock);
	return r->taken == r->filled ? NULL : &r->slots[r->taken++ % SLOTS];
}

static void *taker_main(void *ctx)
{
	struct ring *r = ctx;
	struct slot *s;
	pthread_mutex_lock(&r->lock);
	while ((s = next_slot(r))) {
		bool failed = r->error.msg;
		auto_err e = ERR_INIT;
		pthread_mutex_unlock(&r->lock);
		int result = failed ? 0 : r->user->take(r->user->ctx, &s->chunk, &e);
		pthread_mutex_lock(&r->lock);
		if (result < 0 && !r->error.msg)
			err_set(&r->error, e.code, "%s", e.msg);
		s->full = false;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Signals are for the main thread, whose blocking calls they end. */
static int start_threads(struct ring *r)
{
	sigset_t all, before;
	int result = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!result && r->running < r->user->threads && r->running < THREADS_MAX) {
		result = pthread_create(&r->threads[r->running], NULL, taker_main, r);
		r->running += result == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

int ring_new(const struct ring_user *u, struct ring **ret, struct err *e)
{
	auto_ring *r = xcalloc(1, sizeof(*r));
	r->user = u;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		r->slots[i].chunk.data = direct_alloc(RING_CHUNK);
	errno = start_threads(r);
	if (errno)
		return err_errno(e, ERR_FAILED, "%s: cannot start a thread", u->name);
	*ret = steal(&r);
	return 0;
}

static struct slot *filling(struct ring *r)
{
	return &r->slots[r->filled % SLOTS];
}

struct chunk *ring_filling(struct ring *r)
{
	return &filling(r)->chunk;
}

struct chunk *ring_next(struct ring *r, struct ring_walk *w)
{
	const struct blockmap *m = w->map;
	if (w->hint == m->n)
		return NULL;
	const struct extent *next = &m->extents[w->hint];
	uint64_t start = next->start > w->at ? next->start : w->at;
	struct chunk *c = ring_filling(r);
	c->offset = start - start % RING_CHUNK;
	c->len = RING_CHUNK;
	w->at = c->offset + RING_CHUNK;
	blockmap_clip(m, c->offset, w->at, &w->hint, &c->wanted);
	while (w->hint < m->n && m->extents[w->hint].start + m->extents[w->hint].len <= w->at)
		w->hint++;
	return c;
}

int ring_submit(struct ring *r, struct err *e)
{
	int result = 0;
	pthread_mutex_lock(&r->lock);
	if (filling(r)->chunk.len) {
		filling(r)->full = true;
		r->filled++;
		pthread_cond_broadcast(&r->changed);
	}
	while (filling(r)->full)
		pthread_cond_wait(&r->changed, &r->lock);
	struct chunk *next = &filling(r)->chunk;
	next->len = 0;
	next->wanted.n = 0;
	next->wanted.used = 0;
	if (r->error.msg)
		result = err_set(e, r->error.code, "%s", r->error.msg);
	pthread_mutex_unlock(&r->lock);
	return result;
}

static void stop_threads(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->closing = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	while (r->running)
		pthread_join(r->threads[--r->running], NULL);
}

int ring_finish(struct ring *r, struct err *e)
{
	if (ring_submit(r, e) < 0)
		return -1;
	stop_threads(r);
	return r->error.msg ? err_set(e, r->error.code, "%s", r->error.msg) : 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	stop_threads(r);
	for (size_t i = 0; i < SLOTS; i++) {
		free(r->slots[i].chunk.data);
		blockmap_done(&r->slots[i].chunk.wanted);
	}
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	err_done(&r->error);
	free(r);
}
