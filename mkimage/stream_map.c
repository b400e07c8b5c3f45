/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk_private.h"
#include "image_parts.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "stream_map.h"

/* What is known of a partition. */
enum knowledge {
	NOT_YET, /* its first `head` bytes have to come */
	NOTHING, /* and never will be */
	MAPPED,	 /* map */
	STREAM,	 /* ext */
};

struct stream_part {
	const struct part *part;
	enum knowledge knowledge;
	uint64_t head;
	char *what; /* for messages */
	struct blockmap map;
	struct fs_ext_stream *ext;
};

struct stream_map {
	struct disk *disk;
	int fd; /* as large as the disk; has only what the file systems are known by */
	uint64_t seen;
	struct stream_part *parts; /* by place */
	size_t n;
};

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct stream_part *)a)->part->start;
	uint64_t y = ((const struct stream_part *)b)->part->start;
	return (x > y) - (x < y);
}

static void take_parts(struct stream_map *s)
{
	const struct disk *d = s->disk;
	s->parts = xcalloc(d->n_parts + 1, sizeof(*s->parts));
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		uint64_t head = p->size < STREAM_PROBE ? p->size : STREAM_PROBE;
		/* Of logical partitions the table comes later. */
		s->parts[s->n++] = (struct stream_part){.part = p,
							.head = head,
							.what = image_part_name(d->name, p),
							.knowledge = p->extended ? NOTHING
										 : NOT_YET};
	}
	qsort(s->parts, s->n, sizeof(*s->parts), by_start);
}

static int check_order(const struct stream_map *s, struct err *e)
{
	uint64_t at = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct part *p = s->parts[i].part;
		if (p->start < at)
			return err_set(e, ERR_IMAGE, "%s: partition %d overlaps another",
				       s->disk->name, p->number);
		at = p->start + p->size;
	}
	return 0;
}

int stream_map_new(struct disk *d, struct stream_map **ret, struct err *e)
{
	struct stream_map *s = xcalloc(1, sizeof(*s));
	*s = (struct stream_map){.disk = d, .fd = io_memfd("image", "", 0, e)};
	take_parts(s);
	if (s->fd < 0 || check_order(s, e) < 0) {
		stream_map_free(s);
		return -1;
	}
	if (ftruncate(s->fd, (off_t)d->size) < 0) {
		err_errno(e, ERR_FAILED, "%s: cannot have so large a file in memory", d->name);
		stream_map_free(s);
		return -1;
	}
	free(d->path);
	d->path = xasprintf("/proc/self/fd/%d", s->fd);
	*ret = s;
	return 0;
}

void stream_map_free(struct stream_map *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		fs_ext_stream_free(s->parts[i].ext);
		blockmap_done(&s->parts[i].map);
		free(s->parts[i].what);
	}
	free(s->parts);
	cleanup_close(&s->fd);
	disk_free(s->disk);
	free(s);
}

/* ---- what a partition is ---- */

static struct fs_open how_to_open(const struct stream_map *s, const struct stream_part *p)
{
	return (struct fs_open){.path = s->disk->path,
				.offset = p->part->start,
				.size = p->part->size,
				.what = p->what};
}

static int open_ext(struct stream_part *p, const struct fs_open *o, struct err *e)
{
	p->knowledge = STREAM;
	return fs_ext_stream_open(o, p->head, &p->ext, e);
}

static int open_fat(struct stream_part *p, const struct fs_open *o, struct err *e)
{
	p->knowledge = MAPPED;
	return fs_fat_blockmap(o, &p->map, e);
}

static int open_swap(struct stream_part *p, const struct fs_open *o, struct err *e)
{
	(void)e;
	p->knowledge = MAPPED;
	blockmap_add(&p->map, o->offset, p->head);
	return 0;
}

static int swap_head(const struct fs_open *o, uint64_t *ret, struct err *e)
{
	(void)e;
	*ret = o->size < STREAM_PROBE ? o->size : STREAM_PROBE;
	return 0;
}

static const struct kind {
	const char *fstype;
	int (*head)(const struct fs_open *o, uint64_t *ret, struct err *e);
	int (*open)(struct stream_part *p, const struct fs_open *o, struct err *e);
} kinds[] = {
	{"ext2", fs_ext_stream_head, open_ext}, {"ext3", fs_ext_stream_head, open_ext},
	{"ext4", fs_ext_stream_head, open_ext}, {"vfat", fs_fat_stream_head, open_fat},
	{"swap", swap_head, open_swap},
};

static const struct kind *find_kind(struct stream_map *s, struct stream_part *p, struct err *e)
{
	struct part *part = &s->disk->parts[p->part - s->disk->parts];
	if (!*part->fstype && disk_content_part(part, s->disk->name, s->fd, e) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(part->fstype, kinds[i].fstype) == 0)
			return &kinds[i];
	}
	err_set(e, ERR_IMAGE, "%s: '%s' is not read in a stream", p->what, part->fstype);
	return NULL;
}

/* Its first bytes are there: 1 when it needs more of them. */
static int look(struct stream_map *s, struct stream_part *p, struct err *e)
{
	const struct fs_open o = how_to_open(s, p);
	const struct kind *kind = find_kind(s, p, e);
	uint64_t head;
	if (!kind || kind->head(&o, &head, e) < 0)
		return -1;
	if (head > p->head) {
		p->head = head < p->part->size ? head : p->part->size;
		return 1;
	}
	return kind->open(p, &o, e);
}

/* A partition that cannot be read is no failure: all of it matters. */
static void look_at(struct stream_map *s, struct stream_part *p)
{
	auto_err e = ERR_INIT;
	if (look(s, p, &e) >= 0)
		return;
	log_debug("%s; so all of the partition matters", e.msg);
	p->knowledge = NOTHING;
}

/* ---- the bytes that come ---- */

struct arrival {
	const struct stream_map *s;
	const unsigned char *data;
	uint64_t offset;
	size_t len;
};

/* Keep what of [start, end) is among the bytes that came. */
static int keep(void *ctx, uint64_t start, uint64_t end, struct err *e)
{
	const struct arrival *a = ctx;
	start = start > a->offset ? start : a->offset;
	end = end < a->offset + a->len ? end : a->offset + a->len;
	if (start >= end)
		return 0;
	return io_pwrite_fd(a->s->fd, a->s->disk->name, a->data + (start - a->offset),
			    (size_t)(end - start), start, e);
}

/* More of the head is asked for when its beginning was looked at. */
static int add_head(struct stream_map *s, struct stream_part *p, struct arrival *a, struct err *e)
{
	while (p->knowledge == NOT_YET) {
		uint64_t before = p->head;
		if (keep(a, p->part->start, p->part->start + p->head, e) < 0)
			return -1;
		if (s->seen >= p->part->start + p->head)
			look_at(s, p);
		if (p->knowledge == NOT_YET && p->head == before)
			return 0;
	}
	return 0;
}

int stream_map_add(struct stream_map *s, const unsigned char *data, uint64_t offset, size_t len,
		   struct err *e)
{
	struct arrival a = {s, data, offset, len};
	s->seen = offset + len;
	for (size_t i = 0; i < s->n; i++) {
		struct stream_part *p = &s->parts[i];
		if (p->part->start >= s->seen || p->part->start + p->part->size <= offset)
			continue;
		if (add_head(s, p, &a, e) < 0)
			return -1;
		if (p->knowledge == STREAM &&
		    fs_ext_stream_add(p->ext, offset, len, keep, &a, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- what matters ---- */

static void add_wanted(struct stream_part *p, uint64_t start, uint64_t end, bool known_only,
		       struct blockmap *ret)
{
	size_t hint = 0;
	if (p->knowledge == MAPPED)
		blockmap_clip(&p->map, start, end, &hint, ret);
	else if (p->knowledge == STREAM)
		fs_ext_stream_wanted(p->ext, start, end, known_only, ret);
	else if (!known_only)
		blockmap_add(ret, start, end - start);
}

void stream_map_wanted(struct stream_map *s, uint64_t start, uint64_t end, bool known_only,
		       struct blockmap *ret)
{
	for (size_t i = 0; i < s->n && start < end; i++) {
		const struct part *p = s->parts[i].part;
		uint64_t from = p->start > start ? p->start : start;
		uint64_t to = p->start + p->size < end ? p->start + p->size : end;
		if (from >= to)
			continue;
		if (!known_only)
			blockmap_add(ret, start, from - start); /* the gap before it */
		add_wanted(&s->parts[i], from, to, known_only, ret);
		start = to;
	}
	if (!known_only && start < end)
		blockmap_add(ret, start, end - start);
}
