/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd without PAM refuses the key of somebody whose password is '!', so it is '*'. */
#include "system_user.h"

#include "mem.h"
#include "user_db.h"

#define SYSTEM_FIRST 100u /* of the numbers that useradd(8) gives, from the last down */
#define SYSTEM_LAST 999u

static int find_id(struct plan_ctx *ctx, const char *name, uint32_t *ret, struct err *e)
{
	for (uint32_t id = SYSTEM_LAST; id >= SYSTEM_FIRST; id--) {
		autofree char *user = NULL, *group = NULL;
		if (user_db_owner(ctx, PASSWD, id, &user, e) < 0 ||
		    user_db_owner(ctx, GROUP, id, &group, e) < 0)
			return -1;
		if (!user && !group) {
			*ret = id;
			return 0;
		}
	}
	return err_set(e, ERR_IMAGE, "the image has no free number for the user '%s'", name);
}

/* A line of a file that not every image has. */
static int put_if_there(struct plan_ctx *ctx, const struct system_user *u, const char *path,
			const char *fields, struct err *e)
{
	autofree char *line = xasprintf("%s%s", u->name, fields);
	int there = plan_exists(ctx, path, e);
	return there > 0 ? user_db_put(ctx, path, line, u->why, e) : there;
}

int system_user_plan(struct plan_ctx *ctx, const struct system_user *u, struct err *e)
{
	autofree char *has = NULL, *group_has = NULL;
	uint32_t id;
	if (user_db_get(ctx, PASSWD, u->name, &has, e) < 0 ||
	    user_db_get(ctx, GROUP, u->name, &group_has, e) < 0)
		return -1;
	if (has)
		return 0;
	if (group_has)
		return err_set(e, ERR_IMAGE,
			       "the image has a group '%s' but no such user; remove the group",
			       u->name);
	if (find_id(ctx, u->name, &id, e) < 0)
		return -1;
	autofree char *passwd = xasprintf("%s:x:%u:%u:%s:%s:/bin/sh", u->name, id, id, u->gecos,
					  u->home);
	autofree char *group = xasprintf("%s:x:%u:", u->name, id);
	if (user_db_put(ctx, PASSWD, passwd, u->why, e) < 0 ||
	    user_db_put(ctx, GROUP, group, u->why, e) < 0 ||
	    put_if_there(ctx, u, GSHADOW, ":!::", e) < 0)
		return -1;
	return put_if_there(ctx, u, SHADOW, ":*:1::::::", e);
}
