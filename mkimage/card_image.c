/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "mem.h"

void card_image_done(struct card_image *i)
{
	cleanup_close(&i->fd);
	free(i->name);
	bmap_done(&i->bmap);
	blockmap_done(&i->map);
	strv_done(&i->notes);
	cow_free(i->cow);
	*i = (struct card_image)CARD_IMAGE_INIT;
}

/* Padding behind the last partition that has no data need not fit. */
static uint64_t end_of(const struct disk *d, const struct blockmap *m)
{
	const struct extent *last = m->n ? &m->extents[m->n - 1] : NULL;
	uint64_t end = last ? last->start + last->len : 0;
	for (size_t i = 0; i < d->n_parts; i++) {
		if (d->parts[i].start + d->parts[i].size > end)
			end = d->parts[i].start + d->parts[i].size;
	}
	return end;
}

static void add_ranges(struct blockmap *m, const struct bmap *b)
{
	for (size_t i = 0; i < b->n; i++)
		blockmap_add(m, b->ranges[i].start, b->ranges[i].len);
}

/*
 * What the block map names, and what the file systems have allocated all the same: bmaptool takes a
 * hole of the image's file for free, and it may be the zeros of a file.
 */
static int use_bmap(struct card_image *i, const struct disk *d, struct err *e)
{
	auto_blockmap named = {0};
	if (i->bmap.image_size != d->size)
		return err_set(
			e, ERR_IMAGE,
			"%s: is for an image of %llu bytes, and %s has %llu" BMAP_OTHER_IMAGE,
			i->bmap.path, (unsigned long long)i->bmap.image_size, i->name,
			(unsigned long long)d->size);
	add_ranges(&named, &i->bmap);
	blockmap_merge(&i->map, &named);
	if (i->map.used == named.used)
		return 0;
	autofree char *size = format_size(i->map.used - named.used);
	strv_printf(&i->notes,
		    "%s leaves out %s that the file systems of %s have allocated; they are "
		    "written, too",
		    i->bmap.path, size, i->name);
	return 0;
}

/* Until it is unpacked, what its block map says is all that is known. */
static void open_packed(struct card_image *i)
{
	add_ranges(&i->map, &i->bmap);
	blockmap_round(&i->map, CARD_BLOCK, i->bmap.image_size);
}

static void measure(struct card_image *i, const struct disk *d)
{
	blockmap_round(&i->map, CARD_BLOCK, d->size);
	i->size = d->size;
	i->needed = end_of(d, &i->map);
	i->sector = d->sector_size;
}

static int open_raw(struct card_image *i, struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(i->name, NULL, &d, e) < 0 ||
	    blockmap_build_over(d, i->bmap.n > 0, &i->map, &i->notes, e) < 0)
		return -1;
	if (i->bmap.n && use_bmap(i, d, e) < 0)
		return -1;
	i->fd = open(i->name, O_RDONLY | O_CLOEXEC);
	if (i->fd < 0 || fstat(i->fd, &i->st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", i->name);
	measure(i, d);
	return 0;
}

int card_image_of_cow(struct cow *c, const char *name, struct card_image *ret, struct err *e)
{
	auto_card_image i = {.fd = -1, .name = xstrdup(name), .kind = SOURCE_RAW, .cow = c};
	auto_disk *d = NULL;
	if (disk_probe(cow_path(c), name, &d, e) < 0)
		return -1;
	d->cow = c;
	if (blockmap_build_over(d, false, &i.map, &i.notes, e) < 0)
		return -1;
	measure(&i, d);
	*ret = i;
	i = (struct card_image)CARD_IMAGE_INIT;
	return 0;
}

/* One that is older does not know what was put into the image since. */
static bool is_newer(const char *bmap, const char *image)
{
	struct stat b, i;
	if (stat(bmap, &b) < 0 || stat(image, &i) < 0)
		return false;
	return b.st_mtim.tv_sec != i.st_mtim.tv_sec ? b.st_mtim.tv_sec > i.st_mtim.tv_sec
						    : b.st_mtim.tv_nsec >= i.st_mtim.tv_nsec;
}

static int open_bmap(struct card_image *i, const char *given, struct err *e)
{
	if (given && strcmp(given, "none") == 0)
		return 0;
	if (given)
		return bmap_read(given, &i->bmap, e);
	autofree char *found = bmap_find(i->name);
	if (!found)
		return 0;
	if (is_newer(found, i->name))
		return bmap_read(found, &i->bmap, e);
	strv_printf(&i->notes, "%s is older than %s, and not used", found, i->name);
	return 0;
}

int card_image_open(const char *path, const char *bmap, struct card_image *ret, struct err *e)
{
	auto_card_image i = {.fd = -1, .name = xstrdup(path)};
	if (source_kind_of(path, path, &i.kind, e) < 0 || open_bmap(&i, bmap, e) < 0)
		return -1;
	if (i.kind == SOURCE_TARBALL)
		return err_set(e, ERR_IMAGE,
			       "%s: is the tarball of a root file system and no image of a disk; "
			       "'mkimage base %s -o FILE' makes one of it",
			       path, path);
	if (i.kind != SOURCE_RAW)
		open_packed(&i);
	else if (open_raw(&i, e) < 0)
		return -1;
	*ret = i;
	i = (struct card_image)CARD_IMAGE_INIT;
	return 0;
}
