/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers are the same on all nodes: what the profiles of the cluster's other members say. */
#include <string.h>

#include "account.h"
#include "user.h"

/* A gid that is not set is the UID. */
static const struct value *number(const struct section *s, const char *key)
{
	const struct value *v = section_get(s, key);
	return v->set ? v : section_get(s, "uid");
}

static int check_number(const struct user *u, const struct section *theirs, const char *key,
			struct err *e)
{
	const struct value *a = number(u->section, key), *b = number(theirs, key);
	if (a->num == b->num)
		return 0;
	return err_at(e, a->loc,
		      "user '%s' has %s %ld here and %ld at %s:%d, in another profile of the "
		      "cluster; give both one number, or put the section into a file that both "
		      "include",
		      u->name, strcmp(key, "uid") == 0 ? "UID" : "GID", a->num, b->num, b->loc.file,
		      b->loc.line);
}

static int check_user(const struct user *u, const struct section *theirs, struct err *e)
{
	const char *name = account_section_name(theirs);
	const struct value *a = section_get(u->section, "uid"), *b = section_get(theirs, "uid");
	if (strcmp(name, u->name) == 0)
		return check_number(u, theirs, "uid", e) < 0 ? -1
							     : check_number(u, theirs, "gid", e);
	if (a->num != b->num)
		return 0;
	return err_at(e, a->loc,
		      "UID %ld of user '%s' is that of user '%s' at %s:%d, in another profile of "
		      "the cluster; use another uid",
		      a->num, u->name, name, b->loc.file, b->loc.line);
}

int user_check_members(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const char *role = profile_str(ctx->profile, "role");
	for (size_t i = 0; i < ctx->cluster->n_members; i++) {
		const struct profile *p = ctx->cluster->members[i].profile;
		if (strcmp(profile_str(p, "role"), role) == 0)
			continue;
		for (const struct section *s = NULL; (s = profile_next(p, "user", s));) {
			/* One without a number only renames. */
			if (section_get(s, "uid")->set && check_user(u, s, e) < 0)
				return -1;
		}
	}
	return 0;
}
