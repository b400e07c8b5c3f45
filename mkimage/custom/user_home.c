/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's home, filled from the skeleton. */
#include <string.h>

#include "user.h"

#define SKEL "/etc/skel"

int user_plan_home(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	struct fs_stat home, skel;
	if (!u->home || u->home[0] != '/')
		return 0;
	if (plan_stat(ctx, u->home, &home, e) < 0 || plan_stat(ctx, SKEL, &skel, e) < 0)
		return -1;
	if (home.type != FILE_NONE && home.type != FILE_DIR)
		return user_err(u, "home", e,
				"home '%s' of user '%s' is not a directory in the image", u->home,
				u->name);
	if (home.type == FILE_DIR && !u->is_new)
		return 0;
	struct attr attr = {home.type == FILE_DIR ? KEEP : 0700, u->uid, u->gid};
	struct user_tree copy = {.from = SKEL,
				 .to = u->home,
				 .uid = u->uid,
				 .gid = u->gid,
				 .why = "from " SKEL,
				 .advice = ""};
	if (plan_mkdir(ctx, u->home, attr, "home", e) < 0)
		return -1;
	return skel.type == FILE_DIR ? user_copy_tree(ctx, &copy, e) : 0;
}
