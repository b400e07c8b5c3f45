/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "image_parts.h"
#include "io.h"
#include "mem.h"

/*
 * The gap before the first partition is taken whole, zeros too, up to here: it may hold U-Boot
 * (Armbian: 16 MiB), and a card's old boot loader must not survive in it.  Of what lies further
 * on, and of all other gaps, only what the image file has data for.
 */
#define FIRST_GAP_MAX (16ull << 20)
/* Of other gaps of a card, which may be all of it: at the end of the last the GPT has its backup.
 */
#define GAP_EDGE (1ull << 20)
/* Of a swap partition only its header is read by mkswap's readers; a page is at most 64 KiB. */
#define SWAP_HEADER (64ull << 10)

void blockmap_done(struct blockmap *m)
{
	free(m->extents);
	*m = (struct blockmap){0};
}

void blockmap_add(struct blockmap *m, uint64_t start, uint64_t len)
{
	struct extent *last = m->n ? &m->extents[m->n - 1] : NULL;
	if (len == 0)
		return;
	if (last && start <= last->start + last->len) {
		uint64_t end = start + len;
		uint64_t more = end > last->start + last->len ? end - last->start - last->len : 0;
		last->len += more;
		m->used += more;
		return;
	}
	m->extents = array_reserve(m->extents, m->n, &m->cap, sizeof(*m->extents));
	m->extents[m->n++] = (struct extent){start, len};
	m->used += len;
}

void blockmap_round(struct blockmap *m, uint64_t block, uint64_t size)
{
	auto_blockmap old = *m;
	*m = (struct blockmap){0};
	for (size_t i = 0; i < old.n; i++) {
		uint64_t start = old.extents[i].start - old.extents[i].start % block;
		uint64_t end = old.extents[i].start + old.extents[i].len + block - 1;
		end -= end % block;
		end = end < size ? end : size;
		if (start < end)
			blockmap_add(m, start, end - start);
	}
}

void blockmap_merge(struct blockmap *m, const struct blockmap *other)
{
	auto_blockmap old = *m;
	*m = (struct blockmap){0};
	size_t a = 0, b = 0;
	while (a < old.n || b < other->n) {
		bool first = b == other->n ||
			     (a < old.n && old.extents[a].start < other->extents[b].start);
		const struct extent *x = first ? &old.extents[a++] : &other->extents[b++];
		blockmap_add(m, x->start, x->len);
	}
}

/* Add to m what lies between the extents of other, within [start, end). */
static void add_between(struct blockmap *m, uint64_t start, uint64_t end,
			const struct blockmap *other, size_t *hint)
{
	while (*hint < other->n && other->extents[*hint].start + other->extents[*hint].len <= start)
		++*hint;
	for (size_t i = *hint; i < other->n && other->extents[i].start < end; i++) {
		const struct extent *x = &other->extents[i];
		if (x->start > start)
			blockmap_add(m, start, x->start - start);
		start = x->start + x->len;
	}
	if (start < end)
		blockmap_add(m, start, end - start);
}

void blockmap_subtract(struct blockmap *m, const struct blockmap *other)
{
	auto_blockmap old = *m;
	size_t hint = 0;
	*m = (struct blockmap){0};
	for (size_t i = 0; i < old.n; i++) {
		const struct extent *x = &old.extents[i];
		add_between(m, x->start, x->start + x->len, other, &hint);
	}
}

void blockmap_clip(const struct blockmap *m, uint64_t start, uint64_t end, size_t *hint,
		   struct blockmap *part)
{
	while (*hint < m->n && m->extents[*hint].start + m->extents[*hint].len <= start)
		++*hint;
	for (size_t i = *hint; i < m->n && m->extents[i].start < end; i++) {
		const struct extent *x = &m->extents[i];
		uint64_t from = x->start > start ? x->start : start;
		uint64_t to = x->start + x->len < end ? x->start + x->len : end;
		blockmap_add(part, from, to - from);
	}
}

int blockmap_add_data(struct blockmap *m, int fd, uint64_t start, uint64_t end, const char *what,
		      struct err *e)
{
	while (start < end) {
		off_t data = lseek(fd, (off_t)start, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0 && errno == EINVAL) { /* it cannot tell */
			blockmap_add(m, start, end - start);
			return 0;
		}
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot find its data", what);
		if ((uint64_t)data >= end)
			return 0;
		uint64_t stop = (uint64_t)hole < end ? (uint64_t)hole : end;
		blockmap_add(m, (uint64_t)data, stop - (uint64_t)data);
		start = stop;
	}
	return 0;
}

typedef int (*fs_blockmap)(const struct fs_open *o, struct blockmap *m, struct err *e);

static const struct {
	const char *fstype;
	fs_blockmap map;
} drivers[] = {
	{"ext2", fs_ext_blockmap},
	{"ext3", fs_ext_blockmap},
	{"ext4", fs_ext_blockmap},
	{"vfat", fs_fat_blockmap},
};

struct builder {
	const struct disk *disk;
	int fd;
	struct blockmap map;
	bool over;	 /* the target holds old data */
	bool known_only; /* what cannot be read is left to somebody else */
	bool card;	 /* its gaps have no holes, and its journals may be dirty */
	struct strv *notes;
};

static fs_blockmap find_driver(const struct part *p)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		if (strcmp(p->fstype, drivers[i].fstype) == 0)
			return drivers[i].map;
	}
	return NULL;
}

/* What a file system has allocated, as far as it lies in its partition. */
static int add_allocated(struct builder *b, const struct part *p, fs_blockmap map, struct err *e)
{
	auto_blockmap own = {0};
	size_t hint = 0;
	autofree char *what = image_part_name(b->disk->name, p);
	const struct fs_open open = {.path = b->disk->path,
				     .offset = p->start,
				     .size = p->size,
				     .what = what,
				     .accept_dirty = b->card,
				     .cow = b->disk->cow};
	if (map(&open, &own, e) < 0)
		return -1;
	blockmap_clip(&own, p->start, p->start + p->size, &hint, &b->map);
	return 0;
}

/* A partition of which we only know whether the image has data for it. */
static int add_unknown(struct builder *b, const struct part *p, struct err *e)
{
	uint64_t size = part_is_swap(p) && p->size > SWAP_HEADER ? SWAP_HEADER : p->size;
	if (b->known_only && !part_is_swap(p))
		return 0;
	if (b->over) {
		blockmap_add(&b->map, p->start, size);
		return 0;
	}
	autofree char *what = image_part_name(b->disk->name, p);
	return blockmap_add_data(&b->map, b->fd, p->start, p->start + size, what, e);
}

static int add_part(struct builder *b, const struct part *p, struct err *e)
{
	fs_blockmap map = find_driver(p);
	if (!map)
		return add_unknown(b, p, e);
	if (add_allocated(b, p, map, e) == 0)
		return 0;
	if (!b->notes)
		return -1;
	strv_printf(b->notes, "%s; so %s", e->msg,
		    b->card	    ? "all of the partition is copied"
		    : b->known_only ? "of this partition only what the .bmap names is written"
				    : "all of the partition is written");
	err_done(e);
	return add_unknown(b, p, e);
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = (*(const struct part *const *)a)->start;
	uint64_t y = (*(const struct part *const *)b)->start;
	return (x > y) - (x < y);
}

/* Partitions that hold data, by place; what lies between logical ones is a gap like any other. */
static size_t sort_parts(const struct disk *d, const struct part ***ret)
{
	const struct part **sorted = xcalloc(d->n_parts + 1, sizeof(*sorted));
	size_t n = 0;
	for (size_t i = 0; i < d->n_parts; i++) {
		if (!d->parts[i].extended)
			sorted[n++] = &d->parts[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_start);
	*ret = sorted;
	return n;
}

static int add_gap(struct builder *b, uint64_t start, uint64_t end, struct err *e)
{
	if (start == 0 && end > 0) {
		uint64_t whole = end < FIRST_GAP_MAX ? end : FIRST_GAP_MAX;
		blockmap_add(&b->map, 0, whole);
		start = whole;
	}
	if (b->card && end - start > 2 * GAP_EDGE) {
		blockmap_add(&b->map, start, GAP_EDGE);
		blockmap_add(&b->map, end - GAP_EDGE, GAP_EDGE);
		return 0;
	}
	return blockmap_add_data(&b->map, b->fd, start, end, b->disk->name, e);
}

static int build(struct builder *b, struct err *e)
{
	const struct disk *d = b->disk;
	autofree const struct part **parts = NULL;
	size_t n = sort_parts(d, &parts);
	uint64_t at = 0;
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->start < at || parts[i]->size > d->size - parts[i]->start)
			return err_set(e, ERR_IMAGE,
				       "%s: partition %d overlaps another or the end of the image",
				       d->name, parts[i]->number);
		if (add_gap(b, at, parts[i]->start, e) < 0 || add_part(b, parts[i], e) < 0)
			return -1;
		at = parts[i]->start + parts[i]->size;
	}
	return add_gap(b, at, d->size, e);
}

/* The backup of a GPT, which is in the middle of a gap when the card is larger than its image. */
static void add_backup(struct builder *b)
{
	struct disk_range ranges[DISK_BACKUP_RANGES];
	size_t n = disk_backup(b->disk, b->fd, ranges);
	for (size_t i = 0; i < n; i++) {
		struct extent x = {ranges[i].start, ranges[i].len};
		const struct blockmap one = {&x, 1, 1, x.len};
		blockmap_merge(&b->map, &one);
	}
}

static int build_map(struct builder *b, struct blockmap *ret, struct err *e)
{
	autoclose int fd = open(b->disk->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", b->disk->name);
	b->fd = fd;
	if (build(b, e) < 0) {
		blockmap_done(&b->map);
		return -1;
	}
	if (b->card)
		add_backup(b);
	*ret = b->map;
	return 0;
}

int blockmap_build(const struct disk *d, struct blockmap *ret, struct err *e)
{
	struct builder b = {.disk = d};
	return build_map(&b, ret, e);
}

int blockmap_build_rescued(const struct disk *d, struct blockmap *ret, struct err *e)
{
	auto_strv known = {0}; /* said when it was copied */
	struct builder b = {.disk = d, .notes = &known};
	return build_map(&b, ret, e);
}

int blockmap_build_card(const struct disk *d, struct strv *notes, struct blockmap *ret,
			struct err *e)
{
	struct builder b = {.disk = d, .card = true, .notes = notes};
	return build_map(&b, ret, e);
}

int blockmap_build_over(const struct disk *d, bool known_only, struct blockmap *ret,
			struct strv *notes, struct err *e)
{
	struct builder b = {.disk = d, .over = true, .known_only = known_only, .notes = notes};
	return build_map(&b, ret, e);
}
