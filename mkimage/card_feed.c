/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "card_private.h"
#include "io.h"
#include "interrupt.h"
#include "mem.h"

/* ---- in the ring's threads ---- */

static void remember(struct writing *x, uint64_t start, uint64_t len, uint64_t sum)
{
	struct pieces *p = &x->pieces;
	pthread_mutex_lock(&p->lock);
	p->v = array_reserve(p->v, p->n, &p->cap, sizeof(*p->v));
	p->v[p->n++] = (struct piece){start, len, sum};
	p->bytes += len;
	x->end = start + len > x->end ? start + len : x->end;
	pthread_mutex_unlock(&p->lock);
}

static int put_piece(struct writing *x, const unsigned char *data, uint64_t start, uint64_t len,
		     struct err *e)
{
	unsigned sector = x->w->card->sector;
	if (len == 0)
		return 0; /* it was the first block */
	len += sector - 1;
	len -= len % sector; /* zeros follow the end of an image that is no whole sector */
	uint64_t sum = x->w->verify ? crc64(data, len) : 0;
	if (card_put(x->w->card, data, len, start, e) < 0)
		return -1;
	remember(x, start, len, sum);
	return 0;
}

static int take(void *ctx, const struct chunk *c, struct err *e)
{
	struct writing *x = ctx;
	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct extent *w = &c->wanted.extents[i];
		if (put_piece(x, c->data + (w->start - c->offset), w->start, w->len, e) < 0)
			return -1;
	}
	return 0;
}

static uint64_t bytes_written(struct writing *x)
{
	pthread_mutex_lock(&x->pieces.lock);
	uint64_t bytes = x->pieces.bytes;
	pthread_mutex_unlock(&x->pieces.lock);
	return bytes;
}

/* ---- in the main thread ---- */

/* Of a card that is half written neither the old partition table nor the new one may be there. */
static int begin(struct writing *x, struct err *e)
{
	autofree unsigned char *zeros = card_block_new();
	*x->w->stage = CARD_PERHAPS;
	if (card_put(x->w->card, zeros, CARD_BLOCK, 0, e) < 0 || card_flush(x->w->card, e) < 0)
		return -1;
	*x->w->stage = CARD_PARTLY;
	return 0;
}

/* Keep the first block back. */
static void hold_first(struct writing *x, struct chunk *c)
{
	struct extent *first = c->wanted.n ? c->wanted.extents : NULL;
	if (c->offset || !first || first->start)
		return;
	uint64_t len = first->len < CARD_BLOCK ? first->len : CARD_BLOCK;
	memcpy(x->first, c->data, len);
	x->has_first = true;
	first->start += len;
	first->len -= len;
}

static void pad(struct chunk *c)
{
	size_t end = c->len + CARD_BLOCK - 1;
	end -= end % CARD_BLOCK;
	memset(c->data + c->len, 0, end - c->len);
}

static int read_image(const struct card_image *i, void *data, size_t len, uint64_t at,
		      struct err *e)
{
	if (!i->cow)
		return io_pread_fd(i->fd, i->name, data, len, at, e);
	if (cow_read(i->cow, data, len, at) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot read at byte %llu", i->cow->name,
			 (unsigned long long)at);
}

static int read_chunk(const struct card_image *i, struct chunk *c, struct err *e)
{
	for (size_t n = 0; n < c->wanted.n; n++) {
		const struct extent *w = &c->wanted.extents[n];
		if (read_image(i, c->data + (w->start - c->offset), w->len, w->start, e) < 0)
			return -1;
	}
	pad(c);
	return 0;
}

static int check_unchanged(const struct card_image *i, struct err *e)
{
	return i->cow ? cow_check_below(i->cow, e) : io_check_unchanged(i->fd, &i->st, i->name, e);
}

static int feed_chunks(struct writing *x, struct ring *ring, struct err *e)
{
	const struct card_image *i = x->w->image;
	struct ring_walk walk = {.map = &i->map};
	for (struct chunk *c; (c = ring_next(ring, &walk));) {
		if (walk.at > i->size)
			c->len = (size_t)(i->size - c->offset);
		if (interrupt_check(e) < 0 || read_chunk(i, c, e) < 0 ||
		    sums_add(&x->sums, i->name, c->data, c->offset, c->len, e) < 0)
			return -1;
		hold_first(x, c);
		if (ring_submit(ring, e) < 0)
			return -1;
		card_report(x->w, bytes_written(x));
	}
	return 0;
}

static int feed_raw(struct writing *x, struct err *e)
{
	const struct card_image *i = x->w->image;
	const struct ring_user user = {i->name, CARD_THREADS, take, x};
	auto_ring *ring = NULL;
	if (card_fits(x->w->card, i->name, i->needed, i->sector, e) < 0)
		return -1;
	card_step(x->w, "write", i->map.used);
	if (begin(x, e) < 0 || ring_new(&user, &ring, e) < 0 || feed_chunks(x, ring, e) < 0 ||
	    ring_finish(ring, e) < 0)
		return -1;
	return check_unchanged(i, e);
}

/* ---- an image that is being unpacked ---- */

/* Bytes that the block map file names, to its last range. */
static uint64_t named_end(const struct card_image *i)
{
	const struct extent *last = i->map.n ? &i->map.extents[i->map.n - 1] : NULL;
	uint64_t end = last ? last->start + last->len : 0;
	return end < i->bmap.image_size ? end : i->bmap.image_size;
}

/* What it is, and whether the card can take it, is known once its beginning is there. */
static int judge_head(struct writing *x, const struct chunk *c, struct err *e)
{
	const struct card_image *i = x->w->image;
	auto_disk *d = NULL;
	autoclose int fd = io_memfd("beginning of an image", c->data, c->len, e);
	if (fd < 0 || disk_probe_head(fd, i->name, &d, e) < 0 ||
	    card_fits(x->w->card, i->name, d->size, d->sector_size, e) < 0 ||
	    card_fits(x->w->card, i->name, named_end(i), d->sector_size, e) < 0)
		return -1;
	uint64_t size = d->size;
	x->no_table = d->table == DISK_WHOLE;
	if (stream_map_new(steal(&d), &x->stream, e) < 0)
		return -1;
	card_step(x->w, "write", size);
	return begin(x, e);
}

/*
 * What the block map names, and what the file systems have allocated, as far as they can be read in
 * time; what lies behind the last partition need not fit.
 */
static int want(struct writing *x, struct chunk *c, struct err *e)
{
	const struct card_image *i = x->w->image;
	auto_blockmap named = {0};
	uint64_t end = c->offset + c->len, size = x->w->card->size;
	end = end < size ? end : size;
	if (stream_map_add(x->stream, c->data, c->offset, c->len, e) < 0)
		return -1;
	stream_map_wanted(x->stream, c->offset, end, i->bmap.n > 0, &c->wanted);
	blockmap_clip(&i->map, c->offset, end, &x->hint, &named);
	blockmap_merge(&c->wanted, &named);
	blockmap_round(&c->wanted, CARD_BLOCK, end);
	return 0;
}

static int filled(void *ctx, struct chunk *c, struct err *e)
{
	struct writing *x = ctx;
	uint64_t end = c->offset + c->len;
	if (c->offset == 0 && judge_head(x, c, e) < 0)
		return -1;
	if (x->no_table && card_fits(x->w->card, x->w->image->name, end, x->w->card->sector, e) < 0)
		return -1;
	if (sums_add(&x->sums, x->w->image->name, c->data, c->offset, c->len, e) < 0)
		return -1;
	x->unpacked = end;
	if (want(x, c, e) < 0)
		return -1;
	pad(c);
	hold_first(x, c);
	card_report(x->w, end);
	return 0;
}

static int feed_packed(struct writing *x, struct err *e)
{
	const struct card_image *i = x->w->image;
	const struct source_target target = {
		.filled = filled, .take = take, .threads = CARD_THREADS, .ctx = x};
	if (source_decode(i->name, i->name, i->kind, &target, e) < 0)
		return -1;
	return sums_finish(&x->sums, i->name, x->unpacked, e);
}

int card_feed(struct writing *x, struct err *e)
{
	return x->w->image->kind == SOURCE_RAW ? feed_raw(x, e) : feed_packed(x, e);
}
