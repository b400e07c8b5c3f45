/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card_private.h"
#include "direct.h"
#include "mem.h"

char *card_state(const struct card *c, enum card_stage stage, bool damaged)
{
	static const char *const states[] = {
		[CARD_UNTOUCHED] = "is as it was",
		[CARD_PERHAPS] = "is perhaps as it was, and perhaps without its partition table",
		[CARD_PARTLY] = ("now holds a part of the image and no partition table, so that no "
				 "board boots from it"),
		[CARD_WHOLE] = "now holds all of the image, but perhaps not as it should be",
		[CARD_DONE] = "now holds the image",
	};
	bool again = stage != CARD_UNTOUCHED && stage != CARD_DONE && !damaged;
	return xasprintf("%s %s%s", c->name, states[stage], again ? ": write it again" : "");
}

/* The failure is told; what state is the card in? */
static int add_state(const struct writing *x, struct err *e)
{
	autofree char *state = card_state(x->w->card, *x->w->stage, e->code == ERR_CHECK);
	return err_set(e, e->code, "%s; %s", e->msg, state);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

unsigned char *card_block_new(void)
{
	unsigned char *block = direct_alloc(CARD_BLOCK);
	memset(block, 0, CARD_BLOCK);
	return block;
}

void card_report(const struct card_write *w, uint64_t done)
{
	if (w->progress)
		w->progress(w->ctx, done);
}

void card_step(const struct card_write *w, const char *verb, uint64_t total)
{
	if (w->step)
		w->step(w->ctx, verb, total);
}

/* A GPT keeps a copy at the end of the disk: that of the card's former life would be found. */
static int wipe_old_backup(const struct writing *x, struct err *e)
{
	const struct card *c = x->w->card;
	autofree unsigned char *block = card_block_new();
	uint64_t at = c->size - c->sector;
	if (c->size < CARD_BLOCK || x->end > at || c->sector > CARD_BLOCK)
		return 0;
	if (card_get(c, block, c->sector, at, e) < 0)
		return -1;
	if (memcmp(block, "EFI PART", 8) != 0)
		return 0;
	memset(block, 0, CARD_BLOCK);
	return card_put(c, block, c->sector, at, e);
}

static int clear_between(const struct writing *x, uint64_t start, uint64_t end, struct err *e)
{
	return card_clear(x->w->card, x->w->free_space, start, end, e);
}

/* What lies between the pieces, and behind them, in whole blocks. */
static int clear_free(struct writing *x, struct err *e)
{
	const struct pieces *p = &x->pieces;
	uint64_t at = CARD_BLOCK, size = x->w->card->size - x->w->card->size % CARD_BLOCK;
	if (x->w->free_space == CARD_FREE_KEEP)
		return 0;
	card_step(x->w,
		  x->w->free_space == CARD_FREE_ZERO ? "zero free space of"
						     : "discard free space of",
		  0);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].start > at && clear_between(x, at, p->v[i].start, e) < 0)
			return -1;
		at = p->v[i].start + p->v[i].len;
		at += (CARD_BLOCK - at % CARD_BLOCK) % CARD_BLOCK;
	}
	return at < size ? clear_between(x, at, size, e) : 0;
}

static int verify_pieces(struct writing *x, struct err *e)
{
	if (!x->w->verify)
		return 0;
	card_step(x->w, "verify", x->pieces.bytes);
	return card_verify(x->w, &x->pieces, e);
}

/* What came back is no partition table to be booted from. */
static void take_back(struct writing *x)
{
	auto_err ignored = ERR_INIT;
	autofree unsigned char *zeros = card_block_new();
	if (card_put(x->w->card, zeros, CARD_BLOCK, 0, &ignored) == 0 &&
	    card_flush(x->w->card, &ignored) == 0)
		*x->w->stage = CARD_PARTLY;
}

/* The partition table comes when everything else is known to be there. */
static int write_first(struct writing *x, struct err *e)
{
	const struct card *c = x->w->card;
	autofree unsigned char *back = card_block_new();
	if (!x->has_first)
		return 0;
	if (card_put(c, x->first, CARD_BLOCK, 0, e) < 0)
		return -1;
	*x->w->stage = CARD_WHOLE;
	if (card_flush(c, e) < 0)
		return -1;
	if (!x->w->verify)
		return 0;
	if (card_get(c, back, CARD_BLOCK, 0, e) < 0)
		return -1;
	if (memcmp(back, x->first, CARD_BLOCK) == 0)
		return 0;
	take_back(x);
	return err_set(e, ERR_CHECK, "%s: reads back another partition table than was written",
		       c->name);
}

static int write_card(struct writing *x, struct card_result *ret, struct err *e)
{
	double began = now();
	if (card_feed(x, e) < 0 || wipe_old_backup(x, e) < 0)
		return -1;
	pieces_sort(&x->pieces);
	if (clear_free(x, e) < 0 || card_flush(x->w->card, e) < 0)
		return -1;
	ret->seconds = now() - began;
	began = now();
	if (verify_pieces(x, e) < 0)
		return -1;
	ret->read_seconds = now() - began;
	ret->written = x->pieces.bytes + (x->has_first ? CARD_BLOCK : 0);
	return write_first(x, e);
}

static void writing_done(struct writing *x)
{
	pthread_mutex_destroy(&x->pieces.lock);
	free(x->pieces.v);
	free(x->first);
	hash_free(x->sums.hash);
	stream_map_free(x->stream);
}

int card_write(const struct card_write *w, struct card_result *ret, struct err *e)
{
	__attribute__((cleanup(writing_done))) struct writing x = {
		.w = w, .first = card_block_new(), .sums = {.bmap = &w->image->bmap}};
	struct card_result result = {0};
	pthread_mutex_init(&x.pieces.lock, NULL);
	if (write_card(&x, &result, e) < 0)
		return add_state(&x, e);
	*w->stage = CARD_DONE;
	*ret = result;
	return 0;
}
