/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The user `cardstock`: a system user whose number is the image's next free one.  sshd without PAM
 * refuses the key of somebody whose password is '!', so it is '*'; and it starts nodectl by the
 * user's shell, so that is one.  Its home is nothing that it may write: the first sshd would read
 * authorized_keys there, for that shell.
 */
#include "mem.h"
#include "nodectl.h"
#include "user_db.h"

#define SYSTEM_FIRST 100u /* of the numbers that useradd(8) gives, from the last down */
#define SYSTEM_LAST 999u
#define HOME "/"
#define WHY "who the registry belongs to, and boards log in as"

static int find_id(struct plan_ctx *ctx, uint32_t *ret, struct err *e)
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
	return err_set(e, ERR_IMAGE, "the image has no free number for the user '%s'",
		       NODECTL_USER);
}

/* A line of a file that not every image has. */
static int put_if_there(struct plan_ctx *ctx, const char *path, const char *line, struct err *e)
{
	int there = plan_exists(ctx, path, e);
	return there > 0 ? user_db_put(ctx, path, line, WHY, e) : there;
}

int nodectl_plan_user(struct plan_ctx *ctx, struct err *e)
{
	autofree char *has = NULL, *group_has = NULL;
	uint32_t id;
	if (user_db_get(ctx, PASSWD, NODECTL_USER, &has, e) < 0 ||
	    user_db_get(ctx, GROUP, NODECTL_USER, &group_has, e) < 0)
		return -1;
	if (has)
		return 0;
	if (group_has)
		return err_set(e, ERR_IMAGE,
			       "the image has a group '%s' but no such user; remove the group",
			       NODECTL_USER);
	if (find_id(ctx, &id, e) < 0)
		return -1;
	autofree char *passwd =
		xasprintf(NODECTL_USER ":x:%u:%u:Registry of boards:" HOME ":/bin/sh", id, id);
	autofree char *group = xasprintf(NODECTL_USER ":x:%u:", id);
	if (user_db_put(ctx, PASSWD, passwd, WHY, e) < 0 ||
	    user_db_put(ctx, GROUP, group, WHY, e) < 0 ||
	    put_if_there(ctx, GSHADOW, NODECTL_USER ":!::", e) < 0)
		return -1;
	return put_if_there(ctx, SHADOW, NODECTL_USER ":*:1::::::", e);
}
