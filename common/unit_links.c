/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "unit_links.h"

#define ADMIN UNIT_ADMIN_DIR

/* Where distributions keep their units; a merged /usr has both names, the first is written. */
static const char *const vendor_dirs[] = {"/usr/lib/systemd/system", "/lib/systemd/system"};
#define N_VENDOR_DIRS (sizeof(vendor_dirs) / sizeof(*vendor_dirs))

/* systemd's /sbin/init is always a link to it; a file, or a link to another, is another init. */
static int has_other_init(const struct files *f, struct err *e)
{
	autofree char *target = NULL;
	int present = f->ops->exists(f, "/sbin/init", e);
	if (present <= 0)
		return present;
	if (f->ops->readlink(f, "/sbin/init", &target, e) < 0)
		return -1;
	return !target || strcmp(path_base(target), "systemd") != 0;
}

int units_present(const struct files *f, struct err *e)
{
	int other = has_other_init(f, e), found = 0;
	if (other)
		return other < 0 ? -1 : 0;
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++)
		found = f->ops->exists(f, vendor_dirs[i], e);
	return found;
}

int unit_is_masked(const struct files *f, const char *unit, struct err *e)
{
	autofree char *path = path_join(ADMIN, unit);
	autofree char *target = NULL;
	if (f->ops->readlink(f, path, &target, e) < 0)
		return -1;
	return target && strcmp(target, "/dev/null") == 0;
}

/* A file, directly or by links; what leads to /dev/null is a mask, not a unit. */
static int exists_in(const struct files *f, const char *dir, const char *unit, char **ret,
		     struct err *e)
{
	autofree char *path = path_join(dir, unit);
	enum files_kind kind;
	if (f->ops->kind(f, path, &kind, e) < 0)
		return -1;
	if (kind != FILES_REGULAR)
		return 0;
	*ret = steal(&path);
	return 1;
}

char *unit_template_of(const char *unit)
{
	const char *at = strchr(unit, '@'), *suffix = strrchr(unit, '.');
	if (!at || !suffix || suffix <= at + 1)
		return NULL;
	return xasprintf("%.*s%s", (int)(at + 1 - unit), unit, suffix);
}

/* systemd.unit(5): the administrator's file hides the vendor's. */
static int find_file(const struct files *f, const char *unit, char **ret, struct err *e)
{
	int found = exists_in(f, ADMIN, unit, ret, e);
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++)
		found = exists_in(f, vendor_dirs[i], unit, ret, e);
	return found;
}

int unit_find(const struct files *f, const char *unit, char **ret, struct err *e)
{
	autofree char *template = unit_template_of(unit);
	*ret = NULL;
	int found = find_file(f, unit, ret, e);
	if (found == 0 && template)
		found = find_file(f, template, ret, e);
	return found < 0 ? -1 : 0;
}

int unit_is_wanted(const struct files *f, const char *unit, const char *target, struct err *e)
{
	autofree char *wants = xasprintf("%s.wants/%s", target, unit);
	autofree char *path = path_join(ADMIN, wants);
	int found = f->ops->exists(f, path, e);
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++) {
		autofree char *vendor = path_join(vendor_dirs[i], wants);
		found = f->ops->exists(f, vendor, e);
	}
	return found;
}

int unit_unmask(const struct files *f, const char *unit, struct err *e)
{
	int masked = unit_is_masked(f, unit, e);
	autofree char *mask = path_join(ADMIN, unit);
	return masked > 0 ? f->ops->remove(f, mask, e) : masked;
}

int unit_enable(const struct files *f, const char *unit, const char *target, struct err *e)
{
	if (unit_unmask(f, unit, e) < 0)
		return -1;
	int wanted = unit_is_wanted(f, unit, target, e);
	if (wanted)
		return wanted < 0 ? -1 : 0;
	autofree char *file = NULL;
	if (unit_find(f, unit, &file, e) < 0)
		return -1;
	if (!file)
		return err_set(e, ERR_IMAGE, "unit '%s' is not %s", unit, f->where);
	autofree char *link = xasprintf(ADMIN "/%s.wants/%s", target, unit);
	return f->ops->symlink(f, link, file, e);
}

/* The link at path is, or leads to, this unit; a mask is neither. */
static int is_link_of(const struct files *f, const char *path, const char *unit, struct err *e)
{
	autofree char *target = NULL;
	if (f->ops->readlink(f, path, &target, e) < 0)
		return -1;
	if (!target || strcmp(target, "/dev/null") == 0)
		return 0;
	return strcmp(path_base(path), unit) == 0 || strcmp(path_base(target), unit) == 0;
}

static int unlink_in(const struct files *f, const char *dir, const char *unit, struct err *e)
{
	auto_strv names = {0};
	enum files_kind kind;
	if (f->ops->kind(f, dir, &kind, e) < 0)
		return -1;
	if (kind != FILES_DIR)
		return 0;
	if (f->ops->list(f, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		int link = is_link_of(f, path, unit, e);
		if (link < 0 || (link && f->ops->remove(f, path, e) < 0))
			return -1;
	}
	return 0;
}

/* systemd.unit(5): directories beside a unit whose links pull other units in. */
static bool is_pulling_dir(const char *name)
{
	return str_ends(name, ".wants") || str_ends(name, ".requires") ||
	       str_ends(name, ".upholds");
}

int unit_disable(const struct files *f, const char *unit, struct err *e)
{
	auto_strv names = {0};
	if (unlink_in(f, ADMIN, unit, e) < 0 || f->ops->list(f, ADMIN, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *dir = path_join(ADMIN, *name);
		if (is_pulling_dir(*name) && unlink_in(f, dir, unit, e) < 0)
			return -1;
	}
	return 0;
}

int unit_mask(const struct files *f, const char *unit, struct err *e)
{
	autofree char *file = NULL;
	if (unit_find(f, unit, &file, e) < 0)
		return -1;
	if (!file)
		return 0;
	autofree char *mask = path_join(ADMIN, unit);
	return f->ops->symlink(f, mask, "/dev/null", e);
}
