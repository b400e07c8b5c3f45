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
#define LOADER_FILE_MAX (1u << 20)

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

static enum identity_kind kind_of(const struct part *p)
{
	if (part_is_ext(p))
		return IDENTITY_EXT;
	if (part_is_fat(p))
		return IDENTITY_FAT;
	return part_is_swap(p) ? IDENTITY_SWAP : IDENTITY_OTHER;
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
	else if (p->kind == IDENTITY_SWAP)
		return 0;
	else if (part->number == i->root)
		return judge_fs(i, i->root_fs, p, e);
	else if (part->number == i->boot)
		return judge_fs(i, i->boot_fs, p, e);
	else
		return judge_aside(i, p, e);
	return 0;
}

/* Where the boot loader on a partition that nobody mounts has its files; '*' is any directory. */
static const char *const loader_files[] = {
	"/EFI/*/grub.cfg",     "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
	"/boot.scr",	       "/cmdline.txt",	      "/extlinux/extlinux.conf",
	"/grub/grub.cfg",      "/grub2/grub.cfg",     "/loader/entries/*",
	"/loader/loader.conf", "/uEnv.txt",
};

static bool is_in(enum id_kind kind, const char *id, const struct str *text)
{
	const struct id_change same = {kind, 0, id, id};
	auto_str ignored = STR_INIT;
	return *id && id_changes_replace(&same, 1, str_text(text), text->len, &ignored) != 0;
}

/* What nobody has read may name any id. */
static void keep_all(struct identity *id, const char *why)
{
	for (size_t n = 0; n < id->n_parts; n++) {
		struct identity_part *p = &id->parts[n];
		if (!p->keep && *p->part->uuid)
			p->keep = xstrdup(why);
	}
	if (!id->keep_table)
		id->keep_table = xstrdup(why);
}

/* What the file names has to keep its id: the file will not follow. */
static void keep_named(struct identity *id, const struct part *aside, const char *path,
		       const struct str *text)
{
	for (size_t n = 0; n < id->n_parts; n++) {
		struct identity_part *p = &id->parts[n];
		autofree char *why = xasprintf("partition %d, which mkimage does not mount, "
					       "names it in %s",
					       aside->number, path);
		if (!p->keep && is_in(ID_UUID, p->part->uuid, text))
			p->keep = xstrdup(why);
		if (!id->keep_table && (is_in(ID_PARTUUID, p->part->partuuid, text) ||
					is_in(ID_MBR, id->disk->mbr_id, text)))
			id->keep_table = steal(&why);
	}
}

static int read_loader_file(struct identity *id, const struct part *aside, struct fs *fs,
			    const char *path, struct err *e)
{
	struct fs_stat st;
	auto_str text = STR_INIT;
	if (fs->ops->stat(fs, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (st.size > LOADER_FILE_MAX) {
		autofree char *why = xasprintf("%s of partition %d, which may name them, is too "
					       "large to be read",
					       path, aside->number);
		keep_all(id, why);
		return 0;
	}
	if (fs->ops->read(fs, path, LOADER_FILE_MAX, &text, e) < 0)
		return -1;
	keep_named(id, aside, path, &text);
	return 0;
}

/* The names that stand for the '*' of a pattern. */
static int expand(struct fs *fs, const char *pattern, struct strv *ret, struct err *e)
{
	const char *star = strchr(pattern, '*');
	struct fs_stat st;
	auto_strv names = {0};
	if (!star) {
		strv_add(ret, pattern);
		return 0;
	}
	autofree char *dir = xstrndup(pattern, (size_t)(star - pattern) - 1);
	if (fs->ops->stat(fs, dir, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR && fs->ops->list(fs, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names)
		strv_printf(ret, "%s/%s%s", dir, *name, star + 1);
	return 0;
}

static int read_loader_files(struct identity *id, const struct part *aside, struct fs *fs,
			     struct err *e)
{
	auto_strv paths = {0};
	for (size_t n = 0; n < sizeof(loader_files) / sizeof(*loader_files); n++) {
		if (expand(fs, loader_files[n], &paths, e) < 0)
			return -1;
	}
	strv_foreach (path, &paths) {
		if (read_loader_file(id, aside, fs, *path, e) < 0)
			return -1;
	}
	return 0;
}

/* Without a file system there are no files: swap, and what libblkid knows nothing of. */
static bool has_files(const struct part *p)
{
	return *p->fstype && !part_is_swap(p);
}

/*
 * File systems of the kernel's are not opened: only root could, and the images would depend on who
 * builds them.
 */
static int look_aside(const struct image *i, struct identity *id, const struct part *aside,
		      struct err *e)
{
	const struct image_open open = {.path = i->path, .name = i->name};
	auto_err reason = ERR_INIT;
	auto_fs *fs = NULL;
	autofree char *why = NULL;
	if (!has_files(aside))
		return 0;
	if (!part_is_ext(aside) && !part_is_fat(aside))
		why = xasprintf("partition %d (%s), which may name them, is not read",
				aside->number, aside->fstype);
	else if (image_open_part(&open, aside, false, &fs, &reason) < 0)
		why = xasprintf("partition %d, which may name them, cannot be opened (%s)",
				aside->number, reason.msg);
	if (!why)
		return read_loader_files(id, aside, fs, e);
	keep_all(id, why);
	return 0;
}

static int look_at_table(const struct disk *d, struct identity *id, struct err *e)
{
	const char *why;
	if (disk_ids_obstacle(d, &why, e) < 0)
		return -1;
	id->keep_table = xstrdup(why);
	return 0;
}

int identity_look(const struct image *i, struct identity **ret, struct err *e)
{
	const struct disk *d = i->disk;
	auto_identity *id = xcalloc(1, sizeof(*id));
	id->disk = d;
	id->parts = xcalloc(d->n_parts + 1, sizeof(*id->parts));
	id->n_parts = d->n_parts;
	if (look_at_table(d, id, e) < 0)
		return -1;
	for (size_t n = 0; n < d->n_parts; n++) {
		struct identity_part *p = &id->parts[n];
		p->part = &d->parts[n];
		p->kind = kind_of(p->part);
		if (judge(i, p, e) < 0)
			return err_wrap(e, "%s: partition %d", i->name, p->part->number);
	}
	for (size_t n = 0; n < d->n_parts; n++) {
		const struct part *p = &d->parts[n];
		bool aside = p->number != i->root && p->number != i->boot;
		if (aside && look_aside(i, id, p, e) < 0)
			return -1;
	}
	*ret = steal(&id);
	return 0;
}
