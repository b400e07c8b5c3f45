/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mount must not hide the key that the administrator logs in with: while its server is off,
 * nobody could.  Homes of others may be shared; their keys are in the server's, too.
 */
#include <string.h>

#include "account.h"
#include "edit.h"
#include "mem.h"
#include "nfs.h"
#include "user.h"
#include "user_db.h"

/* As in the profile, else as in the image, else as a new user gets it; owned. */
static int find_home(struct plan_ctx *ctx, const struct section *user, char **ret, struct err *e)
{
	const char *name = account_section_name(user), *told = section_str(user, "home");
	autofree char *line = NULL;
	if (user_db_get(ctx, PASSWD, name, &line, e) < 0)
		return -1;
	if (told)
		*ret = xstrdup(told);
	else if (line)
		*ret = db_field(line, 5);
	else
		*ret = xasprintf("/home/%s", name);
	return 0;
}

static int check_home(struct plan_ctx *ctx, const struct share *s, const struct section *user,
		      struct err *e)
{
	const struct value *at = section_get(s->section, "at");
	size_t len = strlen(s->at);
	autofree char *home = NULL;
	if (find_home(ctx, user, &home, e) < 0)
		return -1;
	autofree char *keys = path_join(home ? home : "", ".ssh/authorized_keys");
	if (strncmp(keys, s->at, len) != 0 || keys[len] != '/')
		return 0;
	return err_at(
		e, at->set ? at->loc : s->section->loc,
		"share '%s' would be mounted over the keys that let user '%s' (%s:%d) log in, "
		"in '%s'; use a directory of its own, such as '/srv/cluster'",
		s->path, account_section_name(user), user->loc.file, user->loc.line, home);
}

int nfs_check_homes(struct plan_ctx *ctx, const struct share *s, struct err *e)
{
	for (const struct section *user = NULL;
	     (user = profile_next(ctx->profile, "user", user));) {
		if (user_has_admin_key(user) && check_home(ctx, s, user, e) < 0)
			return -1;
	}
	return 0;
}
