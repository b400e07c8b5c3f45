/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of an image can get new ids: judged by its content. */
#include <string.h>
#include <strings.h>

#include "identity.h"
#include "image_parts.h"
#include "mem.h"

/* The first Linux that reads a file system with metadata_csum_seed. */
#define SEED_MAJOR 4
#define SEED_MINOR 4

/* Names in a directory; absent gives none. */
static int list_dir(struct tree *t, const char *path, struct strv *ret, struct err *e)
{
	autofree char *resolved = NULL;
	const char *inner;
	struct fs_stat st;
	if (tree_resolve(t, path, true, &resolved, e) < 0 || tree_stat(t, resolved, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	struct fs *fs = tree_fs(t, resolved, &inner);
	return fs->ops->list(fs, inner, ret, e);
}

/* "4.19.0-26-arm64": older than the first that knows the seed; other names are no version. */
static bool is_old_kernel(const char *name)
{
	auto_strv numbers = {0};
	long long major, minor;
	strv_split(&numbers, name, ".-+_");
	if (numbers.n < 2 || !parse_number(numbers.v[0], 0, 999, &major) ||
	    !parse_number(numbers.v[1], 0, 999, &minor))
		return false;
	return major < SEED_MAJOR || (major == SEED_MAJOR && minor < SEED_MINOR);
}

static int has_old_kernel(struct tree *t, struct err *e)
{
	auto_strv names = {0};
	if (list_dir(t, "/lib/modules", &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		if (is_old_kernel(*name))
			return 1;
	}
	return 0;
}

/* GRUB before 2.12 refuses what it does not know; no version is to be seen in its files. */
static int has_grub(const struct image *i, const struct fs *fs, struct err *e)
{
	static const char *const places[] = {"/boot/grub", "/boot/grub2"};
	for (size_t n = 0; n < sizeof(places) / sizeof(*places); n++) {
		autofree char *resolved = NULL;
		auto_strv names = {0};
		const char *inner;
		if (tree_resolve(i->tree, places[n], true, &resolved, e) < 0 ||
		    list_dir(i->tree, resolved, &names, e) < 0)
			return -1;
		if (names.n && tree_fs(i->tree, resolved, &inner) == fs)
			return 1;
	}
	return 0;
}

/*
 * No e2fsprogs has to be looked for: the first release that knows metadata_csum, 1.43, knows the
 * seed too.
 */
static int judge_seed(const struct image *i, const struct fs *fs, const char **ret, struct err *e)
{
	int old = has_old_kernel(i->tree, e);
	int grub = old < 0 ? -1 : has_grub(i, fs, e);
	if (grub < 0)
		return -1;
	if (old)
		*ret = "its kernel is older than 4.4, which needs the UUID for the checksums";
	else if (grub)
		*ret = "GRUB reads it, and may not know metadata_csum_seed";
	return 0;
}

static int judge_ext(const struct image *i, struct fs *fs, struct identity_part *p, struct err *e)
{
	const char *why = fs_ext_uuid_obstacle(fs);
	p->needs_seed = fs_ext_needs_seed(fs);
	if (!why && p->needs_seed && judge_seed(i, fs, &why, e) < 0)
		return -1;
	p->keep = xstrdup(why);
	return 0;
}

static int judge_fat(struct fs *fs, struct identity_part *p, struct err *e)
{
	const char *why;
	if (fs_fat_serial_obstacle(fs, &why, e) < 0)
		return -1;
	p->keep = xstrdup(why);
	return 0;
}

static int judge_fs(const struct image *i, struct fs *fs, struct identity_part *p, struct err *e)
{
	return p->kind == IDENTITY_EXT ? judge_ext(i, fs, p, e) : judge_fat(fs, p, e);
}

/* A partition beside root and boot that cannot be opened is none of the node's business. */
static int judge_aside(const struct image *i, struct identity_part *p, struct err *e)
{
	const struct image_open open = {.path = i->path, .name = i->name};
	auto_err why = ERR_INIT;
	auto_fs *fs = NULL;
	if (image_open_part(&open, p->part, false, &fs, &why) < 0) {
		p->keep = xasprintf("it cannot be opened (%s)", why.msg);
		return 0;
	}
	return judge_fs(i, fs, p, e);
}

static bool is_shared(const struct disk *d, const struct part *p)
{
	for (size_t n = 0; n < d->n_parts; n++) {
		const struct part *other = &d->parts[n];
		if (other != p && strcasecmp(other->uuid, p->uuid) == 0)
			return true;
	}
	return false;
}

static int judge(const struct image *i, struct identity_part *p, struct err *e)
{
	const struct part *part = p->part;
	if (!*part->uuid)
		return 0;
	if (p->kind == IDENTITY_OTHER)
		p->keep = xasprintf("mkimage cannot change that of %s", part->fstype);
	else if (is_shared(i->disk, part))
		p->keep = xstrdup("another partition has the same, so no file tells which is "
				  "meant");
	else if (part->number == i->root)
		return judge_fs(i, i->root_fs, p, e);
	else if (part->number == i->boot)
		return judge_fs(i, i->boot_fs, p, e);
	else
		return judge_aside(i, p, e);
	return 0;
}

int identity_look(const struct image *i, struct identity **ret, struct err *e)
{
	const struct disk *d = i->disk;
	auto_identity *id = xcalloc(1, sizeof(*id));
	id->disk = d;
	id->parts = xcalloc(d->n_parts + 1, sizeof(*id->parts));
	id->n_parts = d->n_parts;
	if (disk_ids_obstacle(d, &id->keep_table, e) < 0)
		return -1;
	for (size_t n = 0; n < d->n_parts; n++) {
		struct identity_part *p = &id->parts[n];
		p->part = &d->parts[n];
		p->kind = part_is_ext(p->part)	 ? IDENTITY_EXT
			  : part_is_fat(p->part) ? IDENTITY_FAT
						 : IDENTITY_OTHER;
		if (judge(i, p, e) < 0)
			return err_wrap(e, "%s: partition %d", i->name, p->part->number);
	}
	*ret = steal(&id);
	return 0;
}
