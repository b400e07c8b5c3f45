/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_RING_H
#define MKIMAGE_RING_H

/*
 * Buffers between who makes an image's bytes and who writes them.  One thread, the caller, fills
 * them in the order of the image; others take them in that order, and end in any.
 */

#include <stddef.h>
#include <stdint.h>

#include "blockmap.h"

/* Bytes of a buffer; it lies at an address that O_DIRECT takes. */
#define RING_CHUNK (4u << 20)

struct chunk {
	unsigned char *data;
	size_t len;
	uint64_t offset;	/* in the image */
	struct blockmap wanted; /* for the user: which of the bytes, as places in the image */
};

struct ring_user {
	const char *name; /* for messages */
	unsigned threads;
	/* In a thread of its own; once one has failed no other is called. */
	int (*take)(void *ctx, const struct chunk *c, struct err *e);
	void *ctx;
};

struct ring;

/* The user is borrowed. */
int ring_new(const struct ring_user *u, struct ring **ret, struct err *e) must_check;
/* The chunk to be filled; what is in wanted is forgotten when it comes round again. */
struct chunk *ring_filling(struct ring *r);
/* Where somebody is who goes through a map, in its order. */
struct ring_walk {
	const struct blockmap *map;
	size_t hint; /* of blockmap_clip */
	uint64_t at; /* behind the last chunk */
};

/* The same for the next chunk that has something of the map, which is then wanted; NULL: none. */
struct chunk *ring_next(struct ring *r, struct ring_walk *w);
/* Hand it over, unless it is empty, and wait for room for the next; fails once a taker has. */
int ring_submit(struct ring *r, struct err *e) must_check;
/* Wait until all that was handed over is taken; the threads are gone afterwards. */
int ring_finish(struct ring *r, struct err *e) must_check;
void ring_free(struct ring *r);
static inline void ring_cleanup(struct ring **r)
{
	ring_free(*r);
}
#define auto_ring __attribute__((cleanup(ring_cleanup))) struct ring

#endif
