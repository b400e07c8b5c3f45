/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CARD_PRIVATE_H
#define MKIMAGE_CARD_PRIVATE_H

/*
 * Between card_write.c (one card from its first byte to its last), card_feed.c (an image's bytes)
 * and card_io.c (every byte that a card gets or gives).
 */

#include <pthread.h>

#include "card.h"
#include "hash.h"
#include "ring.h"
#include "stream_map.h"

/* At least two commands are under way, so that the card never waits for us. */
#define CARD_THREADS 2

/* What was written, to be compared with what is read back. */
struct piece {
	uint64_t start, len, sum;
};

struct pieces {
	pthread_mutex_t lock;
	struct piece *v; /* in any order until they are sorted */
	size_t n, cap;
	uint64_t bytes; /* sum of all len */
	uint64_t checked;
};

void pieces_sort(struct pieces *p);

/* The checksums of the block map file, as the image's bytes come by. */
struct sums {
	const struct bmap *bmap;
	size_t range;	   /* the one that begins or goes on next */
	struct hash *hash; /* of what came of it so far; NULL: nothing */
};

struct writing {
	const struct card_write *w;
	unsigned char *first; /* the image's first block, which is written last */
	bool has_first;
	struct pieces pieces;
	uint64_t end; /* of what was written */
	struct sums sums;
	/* Of an image that is being unpacked. */
	struct stream_map *stream;
	bool no_table; /* so that nothing but its end says how long it is */
	uint64_t unpacked;
	size_t hint; /* of blockmap_clip */
};

/* ---- card_sums.c ---- */

/* The next bytes of the image, [offset, offset + len); ERR_IMAGE where a range is not as it was. */
int sums_add(struct sums *s, const char *image, const void *data, uint64_t offset, size_t len,
	     struct err *e) must_check;
/* The image has this many bytes. */
int sums_finish(const struct sums *s, const char *image, uint64_t size, struct err *e) must_check;

/* ---- card_feed.c ---- */

/* Write what is wanted of the image, all but its first block. */
int card_feed(struct writing *x, struct err *e) must_check;

/* ---- card_write.c ---- */

/* Zeros, aligned as a card wants it, CARD_BLOCK bytes. */
unsigned char *card_block_new(void);
void card_step(const struct card_write *w, const char *verb, uint64_t total);
void card_report(const struct card_write *w, uint64_t done);

/* ---- card_io.c ---- */

/* Write all of it; data and len are multiples of the card's sector. */
int card_put(const struct card *c, const void *data, size_t len, uint64_t offset,
	     struct err *e) must_check;
int card_get(const struct card *c, void *data, size_t len, uint64_t offset,
	     struct err *e) must_check;
/* Until it is on the card itself. */
int card_flush(const struct card *c, struct err *e) must_check;
/* "; the card was pulled out" and the like, for what the kernel said; "" when there is none. */
const char *card_advice(int error);

/* What is to become of the bytes [start, end), which nothing of the image is in. */
int card_clear(const struct card *c, enum card_free how, uint64_t start, uint64_t end,
	       struct err *e) must_check;

/* Read the sorted pieces back, past the page cache; progress as in card_write. */
int card_verify(const struct card_write *w, struct pieces *p, struct err *e) must_check;

#endif
