/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "mem.h"

void disk_free(struct disk *d)
{
	if (!d)
		return;
	free(d->path);
	free(d->name);
	free(d->parts);
	free(d);
}

struct disk *disk_copy(const struct disk *d)
{
	struct disk *copy = xcalloc(1, sizeof(*copy));
	*copy = *d;
	copy->path = xstrdup(d->path);
	copy->name = xstrdup(d->name);
	copy->parts = xcalloc(d->n_parts + 1, sizeof(*copy->parts));
	if (d->n_parts)
		memcpy(copy->parts, d->parts, d->n_parts * sizeof(*copy->parts));
	return copy;
}

struct disk *disk_like(const struct disk *d, const char *path, const char *name)
{
	struct disk *like = disk_copy(d);
	free(like->path);
	free(like->name);
	like->path = xstrdup(path);
	like->name = xstrdup(name);
	like->cow = NULL;
	return like;
}

const struct part *disk_part(const struct disk *d, int number)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		if (d->parts[i].number == number)
			return &d->parts[i];
	}
	return NULL;
}
