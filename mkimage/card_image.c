/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "card.h"
#include "mem.h"

void card_image_done(struct card_image *i)
{
	cleanup_close(&i->fd);
	free(i->name);
	blockmap_done(&i->map);
	strv_done(&i->notes);
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

static int open_raw(struct card_image *i, struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(i->name, NULL, &d, e) < 0 ||
	    blockmap_build_over(d, &i->map, &i->notes, e) < 0)
		return -1;
	i->fd = open(i->name, O_RDONLY | O_CLOEXEC);
	if (i->fd < 0 || fstat(i->fd, &i->st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", i->name);
	blockmap_round(&i->map, CARD_BLOCK, d->size);
	i->size = d->size;
	i->needed = end_of(d, &i->map);
	i->sector = d->sector_size;
	return 0;
}

int card_image_open(const char *path, struct card_image *ret, struct err *e)
{
	auto_card_image i = {.fd = -1, .name = xstrdup(path)};
	if (source_kind_of(path, path, &i.kind, e) < 0)
		return -1;
	if (i.kind == SOURCE_TARBALL)
		return err_set(e, ERR_IMAGE,
			       "%s: is the tarball of a root file system and no image of a disk; "
			       "'mkimage base %s -o FILE' makes one of it",
			       path, path);
	if (i.kind == SOURCE_RAW && open_raw(&i, e) < 0)
		return -1;
	*ret = i;
	i = (struct card_image)CARD_IMAGE_INIT;
	return 0;
}
