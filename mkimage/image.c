/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "image_parts.h"
#include "mem.h"

char *image_part_name(const char *image, const struct part *p)
{
	return p->number ? xasprintf("%s: partition %d", image, p->number) : xstrdup(image);
}

bool part_is_ext(const struct part *p)
{
	return strcmp(p->fstype, "ext2") == 0 || strcmp(p->fstype, "ext3") == 0 ||
	       strcmp(p->fstype, "ext4") == 0;
}

bool part_is_fat(const struct part *p)
{
	return strcmp(p->fstype, "vfat") == 0;
}

bool part_is_swap(const struct part *p)
{
	return strcmp(p->fstype, "swap") == 0;
}

static int open_ext(const struct fs_open *how, bool replay, struct fs **ret, struct err *e)
{
	bool dirty = false;
	if (how->writable && replay && fs_ext_is_dirty(how, &dirty, e) < 0)
		return -1;
	if (dirty && fs_ext_replay(how, e) < 0)
		return -1;
	return fs_ext_open(how, ret, e);
}

int image_part_features(const struct disk *d, const struct part *p, struct strv *ret, struct err *e)
{
	autofree char *what = image_part_name(d->name, p);
	const struct fs_open how = {
		.path = d->path, .offset = p->start, .size = p->size, .what = what};
	if (part_is_ext(p))
		return fs_ext_features(&how, ret, e);
	if (part_is_fat(p) && *p->version)
		strv_add(ret, p->version);
	return 0;
}

int image_open_part(const struct image_open *o, const struct part *p, bool writable,
		    struct fs **ret, struct err *e)
{
	autofree char *what = image_part_name(o->name, p);
	const struct fs_open how = {.path = o->path,
				    .offset = p->start,
				    .size = p->size,
				    .what = what,
				    .writable = writable,
				    .now = o->now,
				    .cow = o->cow};
	if (part_is_ext(p))
		return open_ext(&how, o->replay && o->writable, ret, e);
	if (part_is_fat(p))
		return fs_fat_open(&how, ret, e);
	return fs_mount_open(&how, p->fstype, ret, e);
}

static int mount_boot(const struct image_open *o, struct image *i, struct err *e)
{
	const struct part *boot;
	autofree char *at = NULL;
	if (image_find_boot(o, i->disk, i->root, i->tree, &boot, &at, e) < 0)
		return -1;
	if (!boot)
		return 0;
	if (image_open_part(o, boot, o->writable, &i->boot_fs, e) < 0)
		return -1;
	i->boot = boot->number;
	i->boot_at = steal(&at);
	tree_mount(i->tree, i->boot_at, i->boot_fs);
	return 0;
}

static int open_parts(const struct image_open *o, struct image *i, struct err *e)
{
	if (image_find_root(o, i->disk, &i->root, e) < 0)
		return -1;
	const struct part *root = disk_part(i->disk, i->root);
	if (image_open_part(o, root, o->writable, &i->root_fs, e) < 0)
		return -1;
	tree_mount(i->tree, "/", i->root_fs);
	return mount_boot(o, i, e);
}

int image_open(const struct image_open *o, struct image **ret, struct err *e)
{
	auto_image *i = xcalloc(1, sizeof(*i));
	struct image_open named = *o;
	i->path = xstrdup(o->path);
	i->name = xstrdup(o->name ? o->name : o->path);
	i->boot = -1;
	i->tree = tree_new();
	named.name = i->name;
	if (o->like)
		i->disk = disk_like(o->like, o->path, i->name);
	else if (disk_probe(o->path, i->name, &i->disk, e) < 0)
		return -1;
	i->disk->cow = o->cow;
	if (open_parts(&named, i, e) < 0)
		return -1;
	*ret = steal(&i);
	return 0;
}

static void image_free(struct image *i)
{
	tree_free(i->tree);
	disk_free(i->disk);
	free(i->boot_at);
	free(i->name);
	free(i->path);
	free(i);
}

int image_close(struct image **i, struct err *e)
{
	struct image *closing = steal(i);
	if (!closing)
		return 0;
	auto_err second = ERR_INIT;
	int r = fs_close(&closing->boot_fs, e);
	/* The first error counts, but the root is closed all the same. */
	if (fs_close(&closing->root_fs, r < 0 ? &second : e) < 0)
		r = -1;
	image_free(closing);
	return r;
}

void image_discard(struct image **i)
{
	struct image *closing = steal(i);
	if (!closing)
		return;
	fs_discard(&closing->boot_fs);
	fs_discard(&closing->root_fs);
	image_free(closing);
}
