/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "systemd.h"

#define ADMIN SYSTEMD_ADMIN_DIR

/* Where distributions keep their units; a merged /usr has both names, the first is written. */
static const char *const vendor_dirs[] = {"/usr/lib/systemd/system", "/lib/systemd/system"};
#define N_VENDOR_DIRS (sizeof(vendor_dirs) / sizeof(*vendor_dirs))

/* systemd's /sbin/init is always a link to it; a file, or a link to another, is another init. */
static int has_other_init(struct plan_ctx *ctx, struct err *e)
{
	autofree char *target = NULL;
	int present = plan_exists(ctx, "/sbin/init", e);
	if (present <= 0)
		return present;
	if (plan_readlink(ctx, "/sbin/init", &target, e) < 0)
		return -1;
	return !target || strcmp(path_base(target), "systemd") != 0;
}

int systemd_present(struct plan_ctx *ctx, struct err *e)
{
	int other = has_other_init(ctx, e), found = 0;
	if (other)
		return other < 0 ? -1 : 0;
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++)
		found = plan_exists(ctx, vendor_dirs[i], e);
	return found;
}

int systemd_is_masked(struct plan_ctx *ctx, const char *unit, struct err *e)
{
	autofree char *path = path_join(ADMIN, unit);
	autofree char *target = NULL;
	if (plan_readlink(ctx, path, &target, e) < 0)
		return -1;
	return target && strcmp(target, "/dev/null") == 0;
}

/* A file, directly or by links; what leads to /dev/null is a mask, not a unit. */
static int exists_in(struct plan_ctx *ctx, const char *dir, const char *unit, char **ret,
		     struct err *e)
{
	autofree char *path = path_join(dir, unit);
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	*ret = steal(&path);
	return 1;
}

char *systemd_template_of(const char *unit)
{
	const char *at = strchr(unit, '@'), *suffix = strrchr(unit, '.');
	if (!at || !suffix || suffix <= at + 1)
		return NULL;
	return xasprintf("%.*s%s", (int)(at + 1 - unit), unit, suffix);
}

/* systemd.unit(5): the administrator's file hides the vendor's. */
static int find_file(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e)
{
	int found = exists_in(ctx, ADMIN, unit, ret, e);
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++)
		found = exists_in(ctx, vendor_dirs[i], unit, ret, e);
	return found;
}

int systemd_unit_path(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e)
{
	autofree char *template = systemd_template_of(unit);
	*ret = NULL;
	int found = find_file(ctx, unit, ret, e);
	if (found == 0 && template)
		found = find_file(ctx, template, ret, e);
	return found < 0 ? -1 : 0;
}

int systemd_is_wanted(struct plan_ctx *ctx, const char *unit, const char *target, struct err *e)
{
	autofree char *wants = xasprintf("%s.wants/%s", target, unit);
	autofree char *path = path_join(ADMIN, wants);
	int found = plan_exists(ctx, path, e);
	for (size_t i = 0; !found && i < N_VENDOR_DIRS; i++) {
		autofree char *vendor = path_join(vendor_dirs[i], wants);
		found = plan_exists(ctx, vendor, e);
	}
	return found;
}

int systemd_unmask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	int masked = systemd_is_masked(ctx, unit, e);
	autofree char *mask = path_join(ADMIN, unit);
	return masked > 0 ? plan_remove(ctx, mask, why, e) : masked;
}

int systemd_enable(struct plan_ctx *ctx, const char *unit, const char *target, const char *why,
		   struct err *e)
{
	if (systemd_unmask(ctx, unit, why, e) < 0)
		return -1;
	int wanted = systemd_is_wanted(ctx, unit, target, e);
	if (wanted)
		return wanted < 0 ? -1 : 0;
	autofree char *file = NULL;
	if (systemd_unit_path(ctx, unit, &file, e) < 0)
		return -1;
	if (!file)
		return err_set(e, ERR_IMAGE, "unit '%s' is not in the image", unit);
	autofree char *link = xasprintf(ADMIN "/%s.wants/%s", target, unit);
	return plan_symlink(ctx, link, file, why, e);
}

/* The link at path is, or leads to, this unit; a mask is neither. */
static int is_link_of(struct plan_ctx *ctx, const char *path, const char *unit, struct err *e)
{
	autofree char *target = NULL;
	if (plan_readlink(ctx, path, &target, e) < 0)
		return -1;
	if (!target || strcmp(target, "/dev/null") == 0)
		return 0;
	return strcmp(path_base(path), unit) == 0 || strcmp(path_base(target), unit) == 0;
}

static int unlink_in(struct plan_ctx *ctx, const char *dir, const char *unit, const char *why,
		     struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st;
	if (plan_stat(ctx, dir, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		int link = is_link_of(ctx, path, unit, e);
		if (link < 0 || (link && plan_remove(ctx, path, why, e) < 0))
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

int systemd_disable(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	auto_strv names = {0};
	if (unlink_in(ctx, ADMIN, unit, why, e) < 0 || plan_list(ctx, ADMIN, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *dir = path_join(ADMIN, *name);
		if (is_pulling_dir(*name) && unlink_in(ctx, dir, unit, why, e) < 0)
			return -1;
	}
	return 0;
}

int systemd_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	autofree char *file = NULL;
	if (systemd_unit_path(ctx, unit, &file, e) < 0)
		return -1;
	if (!file)
		return 0;
	autofree char *mask = path_join(ADMIN, unit);
	return plan_symlink(ctx, mask, "/dev/null", why, e);
}
