/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "image_parts.h"
#include "mem.h"

/* What no backend will ever open, and what a person should do. */
static const struct {
	const char *fstype, *why;
} refusals[] = {
	{"crypto_LUKS", "is encrypted (LUKS); only an image without encryption can be patched"},
	{"LVM2_member", "is an LVM volume; only an image without LVM can be patched"},
	{"linux_raid_member", "is part of a RAID; only an image without RAID can be patched"},
	{"BitLocker", "is encrypted (BitLocker)"},
	{"squashfs", "is squashfs, which cannot be written to"},
};

/* One partition, judged. */
struct candidate {
	const struct part *part;
	bool is_root;
	char *problem; /* why it could not be looked into; NULL: it could */
	enum err_code code;
};

static const char *refusal_of(const struct part *p)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (strcmp(p->fstype, refusals[i].fstype) == 0)
			return refusals[i].why;
	}
	return NULL;
}

static bool needs_kernel(const struct part *p)
{
	return strcmp(p->fstype, "btrfs") == 0 || strcmp(p->fstype, "xfs") == 0 ||
	       strcmp(p->fstype, "f2fs") == 0;
}

static bool can_hold_root(const struct part *p)
{
	return part_is_ext(p) || needs_kernel(p);
}

static int has_type(struct tree *t, const char *path, enum file_type type, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(t, path, &st, e) < 0)
		return -1;
	return st.type == type;
}

/* /etc/os-release, or for systems older than it /sbin/init and /etc. */
static int looks_like_root(struct tree *t, struct err *e)
{
	static const char *const releases[] = {"/etc/os-release", "/usr/lib/os-release"};
	for (size_t i = 0; i < 2; i++) {
		int r = has_type(t, releases[i], FILE_REGULAR, e);
		if (r != 0)
			return r;
	}
	int etc = has_type(t, "/etc", FILE_DIR, e);
	return etc > 0 ? has_type(t, "/sbin/init", FILE_REGULAR, e) : etc;
}

static int look_into(const struct image_open *o, const struct part *p, struct err *e)
{
	auto_fs *fs = NULL;
	/* A journal can be replayed in a writable copy only: then it has to be opened as one. */
	if (image_open_part(o, p, o->writable && o->replay, &fs, e) < 0)
		return -1;
	auto_tree *tree = tree_new();
	tree_mount(tree, "/", fs);
	return looks_like_root(tree, e);
}

static void judge(const struct image_open *o, const struct part *p, struct candidate *ret)
{
	auto_err e = ERR_INIT;
	const char *refusal = refusal_of(p);
	*ret = (struct candidate){.part = p, .code = ERR_IMAGE};
	if (refusal) {
		ret->problem = xstrdup(refusal);
	} else if (can_hold_root(p)) {
		int r = look_into(o, p, &e);
		ret->is_root = r > 0;
		if (r < 0) {
			ret->problem = steal(&e.msg);
			ret->code = e.code;
		}
	}
}

/* "partition 2: ext4 'rootfs', 1.2 GiB"; a problem of its own is added. */
static void describe(struct str *out, const struct candidate *c)
{
	const struct part *p = c->part;
	autofree char *size = format_size(p->size);
	autofree char *where = p->number ? xasprintf("partition %d", p->number)
					 : xstrdup("the whole image");
	str_printf(out, "\n  %s: %s", where,
		   *p->fstype	 ? p->fstype
		   : p->extended ? "extended"
				 : "unknown content");
	if (*p->label)
		str_printf(out, " '%s'", p->label);
	str_printf(out, ", %s", size);
	if (c->problem)
		str_printf(out, "; %s", c->problem);
}

static int refuse(const struct image_open *o, const struct part *p, const char *why, struct err *e)
{
	autofree char *name = image_part_name(o->name, p);
	return err_set(e, ERR_IMAGE, "%s %s", name, why);
}

static int none(const struct image_open *o, const struct candidate *c, size_t n, struct err *e)
{
	auto_str list = STR_INIT;
	const struct candidate *problem = NULL;
	size_t n_problems = 0;
	for (size_t i = 0; i < n; i++) {
		describe(&list, &c[i]);
		if (c[i].problem) {
			problem = &c[i];
			n_problems++;
		}
	}
	/* Only one can have been it: what is wrong with it is the message. */
	if (n_problems == 1 && !refusal_of(problem->part))
		return err_set(e, problem->code, "%s", problem->problem);
	if (n_problems == 1)
		return refuse(o, problem->part, problem->problem, e);
	return err_set(e, ERR_IMAGE,
		       "%s: no partition has a root file system (/etc/os-release); there is:%s",
		       o->name, str_text(&list));
}

static int several(const struct image_open *o, const struct candidate *c, size_t n, struct err *e)
{
	auto_str list = STR_INIT;
	for (size_t i = 0; i < n; i++) {
		if (c[i].is_root)
			describe(&list, &c[i]);
	}
	return err_set(e, ERR_IMAGE,
		       "%s: more than one partition has a root file system; choose one by the "
		       "key root-partition:%s",
		       o->name, str_text(&list));
}

static int choose(const struct image_open *o, const struct candidate *c, size_t n, int *ret,
		  struct err *e)
{
	const struct candidate *found = NULL;
	size_t n_found = 0;
	for (size_t i = 0; i < n; i++) {
		if (c[i].is_root) {
			found = &c[i];
			n_found++;
		}
	}
	if (n_found == 0)
		return none(o, c, n, e);
	if (n_found > 1)
		return several(o, c, n, e);
	*ret = found->part->number;
	return 0;
}

/* The user's choice is not looked into: a root without os-release is one if they say so. */
static int check_chosen(const struct image_open *o, const struct disk *d, struct err *e)
{
	const struct part *p = disk_part(d, o->root_partition);
	if (!p)
		return err_set(e, ERR_PROFILE, "root-partition: %s has no partition %d; it has %zu",
			       o->name, o->root_partition, d->n_parts);
	const char *refusal = refusal_of(p);
	if (!refusal && !can_hold_root(p))
		refusal = "holds no file system that can be a root";
	return refusal ? refuse(o, p, refusal, e) : 0;
}

int image_find_root(const struct image_open *o, const struct disk *d, int *ret, struct err *e)
{
	if (o->root_partition) {
		if (check_chosen(o, d, e) < 0)
			return -1;
		*ret = o->root_partition;
		return 0;
	}
	autofree struct candidate *c = xcalloc(d->n_parts + 1, sizeof(*c));
	for (size_t i = 0; i < d->n_parts; i++)
		judge(o, &d->parts[i], &c[i]);
	int r = choose(o, c, d->n_parts, ret, e);
	for (size_t i = 0; i < d->n_parts; i++)
		free(c[i].problem);
	return r;
}
