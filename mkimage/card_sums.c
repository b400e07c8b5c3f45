/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "card_private.h"
#include "mem.h"

static int refuse(const struct sums *s, const char *image, const char *is, struct err *e)
{
	const struct bmap_range *r = &s->bmap->ranges[s->range];
	return err_set(
		e, ERR_IMAGE,
		"%s: bytes %llu to %llu have %s %s, but %s says %s: the image is damaged, or "
		"was changed since; to do without: --bmap none",
		image, (unsigned long long)r->start, (unsigned long long)(r->start + r->len),
		s->bmap->sum_type, is, s->bmap->path, r->sum);
}

static int end_range(struct sums *s, const char *image, struct err *e)
{
	autofree char *is = hash_hex(s->hash);
	hash_free(steal(&s->hash));
	if (strcasecmp(is, s->bmap->ranges[s->range].sum) != 0)
		return refuse(s, image, is, e);
	s->range++;
	return 0;
}

static int begin_range(struct sums *s, struct err *e)
{
	if (s->hash)
		return 0;
	s->hash = hash_new_named(s->bmap->sum_type ? s->bmap->sum_type : "");
	if (s->hash)
		return 0;
	return err_set(e, ERR_IMAGE, "%s: has checksums of a type that is not known",
		       s->bmap->path);
}

int sums_add(struct sums *s, const char *image, const void *data, uint64_t offset, size_t len,
	     struct err *e)
{
	while (s->range < s->bmap->n) {
		const struct bmap_range *r = &s->bmap->ranges[s->range];
		uint64_t from = r->start > offset ? r->start : offset;
		uint64_t end = r->start + r->len, to = end < offset + len ? end : offset + len;
		if (from >= offset + len)
			return 0;
		if (!r->sum) {
			if (end > offset + len)
				return 0;
			s->range++;
			continue;
		}
		if (begin_range(s, e) < 0)
			return -1;
		hash_add(s->hash, (const char *)data + (from - offset), (size_t)(to - from));
		if (to < end)
			return 0;
		if (end_range(s, image, e) < 0)
			return -1;
	}
	return 0;
}

int sums_finish(const struct sums *s, const char *image, uint64_t size, struct err *e)
{
	if (!s->bmap->n || s->bmap->image_size == size)
		return 0;
	return err_set(e, ERR_IMAGE, "%s: is for an image of %llu bytes, and %s has %llu%s",
		       s->bmap->path, (unsigned long long)s->bmap->image_size, image,
		       (unsigned long long)size, BMAP_OTHER_IMAGE);
}
