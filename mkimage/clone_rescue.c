/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A copy that has zeros where the card could not be read: what they hit, and what can be repaired.
 */
#include <string.h>

#include "clone.h"
#include "image_parts.h"
#include "mem.h"

#define SUPERBLOCK 1024 /* where it lies in a partition, and how long it is */

struct mending {
	struct clone_source *s;
	const struct disk *d; /* the copy */
};

static void say(const struct mending *m, const char *what, const char *lost)
{
	strv_printf(&m->s->lost, "%s: zeros where the card cannot be read: %s", what, lost);
}

static void say_all(const struct mending *m, const char *what, const struct strv *hit)
{
	strv_foreach (item, hit)
		say(m, what, *item);
}

/* False when the groups cannot be found, and so nothing was said. */
static bool describe_ext(const struct mending *m, const struct fs_open *open,
			 const struct blockmap *bad)
{
	auto_strv hit = {0};
	auto_err why = ERR_INIT;
	int r = fs_ext_owners(open, bad, &hit, &why);
	say_all(m, open->what, &hit);
	if (r < 0)
		strv_add(&m->s->lost, why.msg);
	return r <= 0;
}

/* A file system may be damaged without a byte that cannot be read; its map says so. */
static bool cannot_tell(const struct fs_open *open)
{
	auto_blockmap ignored = {0};
	auto_err e = ERR_INIT;
	return fs_ext_blockmap(open, &ignored, &e) < 0;
}

static int mend_ext(const struct mending *m, const struct part *p, const struct blockmap *bad,
		    struct err *e)
{
	autofree char *what = image_part_name(m->d->name, p);
	struct fs_open open = clone_part(m->d, p, what);
	bool said = describe_ext(m, &open, bad);
	if (!bad->n && !cannot_tell(&open))
		return 0;
	open.writable = true;
	if (fs_ext_mend(&open, e) < 0)
		return -1;
	if (!said)
		(void)describe_ext(m, &open, bad);
	return 0;
}

/* Where not even its boot sector is left, nobody knows what was in the partition. */
static int mend_fat(const struct mending *m, const struct part *p, const struct blockmap *bad,
		    struct err *e)
{
	autofree char *what = image_part_name(m->d->name, p);
	const struct fs_open open = clone_part(m->d, p, what);
	auto_strv hit = {0};
	if (!bad->n)
		return 0;
	if (fs_fat_mend(&open, bad, &hit, e) == 0) {
		say_all(m, what, &hit);
		return 0;
	}
	if (e->code != ERR_IMAGE)
		return -1;
	strv_add(&m->s->lost, e->msg);
	err_done(e);
	return 0;
}

/* Was it an ext?  Nothing says so any more where its superblock was; a copy of that does. */
static int restore(const struct mending *m, const struct part *p, struct err *e)
{
	autofree char *what = image_part_name(m->d->name, p);
	struct fs_open open = clone_part(m->d, p, what);
	auto_blockmap bad = {0};
	size_t hint = 0;
	open.writable = true;
	blockmap_clip(&m->s->bad, p->start + SUPERBLOCK, p->start + 2 * SUPERBLOCK, &hint, &bad);
	return bad.n && !*p->fstype ? fs_ext_restore_super(&open, e) : 0;
}

static int mend_part(const struct mending *m, const struct part *p, struct err *e)
{
	autofree char *what = image_part_name(m->d->name, p);
	autofree char *type = xasprintf("something of its %s", p->fstype);
	auto_blockmap bad = {0};
	size_t hint = 0;
	blockmap_clip(&m->s->bad, p->start, p->start + p->size, &hint, &bad);
	if (part_is_ext(p))
		return mend_ext(m, p, &bad, e);
	if (part_is_fat(p))
		return mend_fat(m, p, &bad, e);
	if (bad.n)
		say(m, what, *p->fstype ? type : "nobody knows what");
	return 0;
}

static int each_part(struct clone_source *s, const char *path,
		     int (*mend)(const struct mending *m, const struct part *p, struct err *e),
		     struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, s->disk->name, &d, e) < 0)
		return -1;
	const struct mending m = {s, d};
	for (size_t i = 0; i < d->n_parts; i++) {
		if (!d->parts[i].extended && mend(&m, &d->parts[i], e) < 0)
			return -1;
	}
	return 0;
}

int clone_mend(struct clone_source *s, const char *path, struct err *e)
{
	autofree char *size = format_size(s->bad.used);
	if (s->bad.n)
		strv_printf(&s->lost, "%s: %s cannot be read, the first at byte %llu",
			    s->disk->name, size, (unsigned long long)s->bad.extents[0].start);
	return each_part(s, path, restore, e) < 0 ? -1 : each_part(s, path, mend_part, e);
}
