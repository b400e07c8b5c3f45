/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's home, his own, filled from the skeleton. */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "text.h"
#include "user.h"
#include "user_db.h"

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

/* Is this the other directory, or inside of it? */
static bool is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	return len > 1 && strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/');
}

/* sshd wants a home that is its user's, and so all above it. */
static int refuse_home(const struct user *u, const char *home, const char *owner, struct err *e)
{
	return user_err(
		u, "home", e,
		"home '%s' of user '%s' is, holds or is inside '%s', the home of user %s; sshd "
		"would lock one of them out: give user '%s' another one by the key home",
		u->home, u->name, home, owner, u->name);
}

static bool is_shared(const char *a, const char *b)
{
	return is_inside(a, b) || is_inside(b, a);
}

/* Users of the system whom the image has may share one, /nonexistent for example. */
static bool has_own_home(const struct user *u)
{
	return u->home && u->home[0] == '/' &&
	       (u->is_new || u->uid >= UID_PEOPLE || section_get(u->section, "home")->set);
}

static int check_pair(const struct user *a, const struct user *b, struct err *e)
{
	bool told = section_get(b->section, "home")->set;
	if (!has_own_home(a) || !has_own_home(b) || !is_shared(a->home, b->home))
		return 0;
	const struct user *other = told ? a : b, *u = told ? b : a;
	struct loc loc = user_loc(other, "home");
	autofree char *owner = xasprintf("'%s' (%s:%d)", other->name, loc.file, loc.line);
	return refuse_home(u, other->home, owner, e);
}

/* One line of passwd, of a user who has no section. */
static int check_stranger(const struct user *u, const char *line, struct err *e)
{
	uint32_t uid;
	autofree char *name = db_field(line, 0), *home = db_field(line, 5);
	if (!home || !user_db_number(line, 2, &uid) || uid < UID_PEOPLE || uid > UID_PEOPLE_MAX ||
	    !has_own_home(u) || !is_shared(u->home, home))
		return 0;
	autofree char *owner = xasprintf("'%s' of the image", name);
	return refuse_home(u, home, owner, e);
}

static bool has_section(const struct user *users, size_t n, const char *line)
{
	autofree char *name = db_field(line, 0);
	for (size_t i = 0; i < n; i++) {
		if (name && strcmp(users[i].name, name) == 0)
			return true;
	}
	return false;
}

int user_check_homes(struct plan_ctx *ctx, const struct user *users, size_t n, struct err *e)
{
	auto_str passwd = STR_INIT;
	auto_strv lines = {0};
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (check_pair(&users[j], &users[i], e) < 0)
				return -1;
		}
	}
	if (text_read_optional(ctx, PASSWD, &passwd, e) < 0)
		return -1;
	strv_split(&lines, str_text(&passwd), "\n");
	strv_foreach (line, &lines) {
		for (size_t i = 0; i < n && !has_section(users, n, *line); i++) {
			if (check_stranger(&users[i], *line, e) < 0)
				return -1;
		}
	}
	return 0;
}
