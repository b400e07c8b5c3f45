/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "sysv.h"

#define FIRST_LEVEL 2 /* of those that several users log in at */
#define LAST_LEVEL 5

int sysv_present(struct plan_ctx *ctx, struct err *e)
{
	int found = 0;
	for (int level = FIRST_LEVEL; !found && level <= LAST_LEVEL; level++) {
		autofree char *dir = xasprintf("/etc/rc%d.d", level);
		found = plan_exists(ctx, dir, e);
	}
	return found;
}

/* Is name "S20ssh" or, with letter 'K', "K80ssh"? */
static bool is_rc_link(const char *name, char letter, const char *service)
{
	return name[0] == letter && strspn(name + 1, "0123456789") == 2 &&
	       strcmp(name + 3, service) == 0;
}

/* One runlevel; 0: the image has no directory for it. */
static int enable_in(struct plan_ctx *ctx, int level, const char *service, const char *why,
		     struct err *e)
{
	autofree char *dir = xasprintf("/etc/rc%d.d", level);
	auto_strv names = {0};
	bool starts = false;
	int found = plan_exists(ctx, dir, e);
	if (found <= 0 || plan_list(ctx, dir, &names, e) < 0)
		return found > 0 ? -1 : found;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		starts = starts || is_rc_link(*name, 'S', service);
		if (is_rc_link(*name, 'K', service) && plan_remove(ctx, path, why, e) < 0)
			return -1;
	}
	autofree char *link = xasprintf("%s/S20%s", dir, service);
	autofree char *target = xasprintf("../init.d/%s", service);
	return !starts && plan_symlink(ctx, link, target, why, e) < 0 ? -1 : 1;
}

int sysv_enable(struct plan_ctx *ctx, const char *service, const char *why, struct err *e)
{
	int levels = 0;
	for (int level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
		int found = enable_in(ctx, level, service, why, e);
		if (found < 0)
			return -1;
		levels += found;
	}
	return levels > 0;
}

static int remove_from(struct plan_ctx *ctx, const char *dir, const char *service, const char *why,
		       struct err *e)
{
	auto_strv names = {0};
	int found = plan_exists(ctx, dir, e);
	if (found <= 0 || plan_list(ctx, dir, &names, e) < 0)
		return found > 0 ? -1 : found;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		bool ours = is_rc_link(*name, 'S', service) || is_rc_link(*name, 'K', service);
		if (ours && plan_remove(ctx, path, why, e) < 0)
			return -1;
	}
	return 0;
}

int sysv_remove(struct plan_ctx *ctx, const char *service, const char *why, struct err *e)
{
	static const char levels[] = "0123456S";
	autofree char *script = path_join("/etc/init.d", service);
	for (const char *level = levels; *level; level++) {
		autofree char *dir = xasprintf("/etc/rc%c.d", *level);
		if (remove_from(ctx, dir, service, why, e) < 0)
			return -1;
	}
	return plan_remove(ctx, script, why, e);
}
