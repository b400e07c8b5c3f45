/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passwd(5), shadow(5), group(5), gshadow(5), subuid(5): one line each. */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "text.h"
#include "user.h"
#include "user_db.h"
#include "validate.h"

#define SUBID_FIRST 100000u
#define SUBID_COUNT 65536u

static int check_new(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *owner = NULL;
	if (user_db_owner(ctx, PASSWD, u->uid, &owner, e) < 0)
		return -1;
	return owner ? user_clash(u, owner, e) : 0;
}

int user_check_databases(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	static const char *const files[] = {PASSWD, SHADOW, GROUP};
	const char *base = profile_str(ctx->profile, "base");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct fs_stat st;
		if (plan_stat(ctx, files[i], &st, e) < 0)
			return -1;
		if (st.type != FILE_REGULAR)
			return err_at(e, u->section->loc,
				      "user '%s' cannot be made: the image of base '%s' has no "
				      "file %s; use another base, or bring the file by an overlay",
				      u->name, base ? base : "", files[i]);
	}
	return 0;
}

static int is_program(struct plan_ctx *ctx, const char *path, struct err *e)
{
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	return st.type == FILE_REGULAR;
}

/* The best of shells(5) that is there, owned: one that is more than sh, if any; or NULL. */
static int find_shell(struct plan_ctx *ctx, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	autofree char *plain = NULL;
	if (text_read_optional(ctx, "/etc/shells", &text, e) < 0)
		return -1;
	strv_split(&lines, str_text(&text), " \t\r\n");
	strv_foreach (line, &lines) {
		int there = **line == '/' ? is_program(ctx, *line, e) : 0;
		if (there < 0)
			return -1;
		bool is_sh = strcmp(path_base(*line), "sh") == 0;
		if (there && !is_sh) {
			*ret = xstrdup(*line);
			return 0;
		}
		if (there && !plain)
			plain = xstrdup(*line);
	}
	*ret = steal(&plain);
	return 0;
}

static int check_shell(struct plan_ctx *ctx, const struct user *u, const char *shell, struct err *e)
{
	autofree char *other = NULL;
	int there = is_program(ctx, shell, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (find_shell(ctx, &other, e) < 0)
		return -1;
	autofree char *advice = other ? xasprintf("write shell = \"%s\", which is", other)
				      : xstrdup("set the key shell to one that is");
	return user_err(u, "shell", e, "shell '%s' of user '%s' is not a program of the image; %s",
			shell, u->name, advice);
}

static char *new_passwd_line(const struct user *u)
{
	return xasprintf("%s:x:%u:%u::/home/%s:/bin/bash", u->name, u->uid, u->gid, u->name);
}

static int plan_passwd(struct plan_ctx *ctx, struct user *u, struct err *e)
{
	const char *home = section_str(u->section, "home");
	const char *shell = section_str(u->section, "shell");
	const char *comment = section_str(u->section, "comment");
	autofree char *line = NULL;
	if (user_db_get(ctx, PASSWD, u->name, &line, e) < 0)
		return -1;
	u->is_new = !line;
	if (u->is_new && check_new(ctx, u, e) < 0)
		return -1;
	if (u->is_new)
		line = new_passwd_line(u);
	if (comment)
		user_db_set_field(&line, 4, comment);
	if (home)
		user_db_set_field(&line, 5, home);
	if (shell)
		user_db_set_field(&line, 6, shell);
	if ((shell || u->is_new) && check_shell(ctx, u, shell ? shell : "/bin/bash", e) < 0)
		return -1;
	u->home = db_field(line, 5);
	return user_db_put(ctx, PASSWD, line, u->is_new ? "new user" : "user as in the profile", e);
}

/*
 * Locked is '*', not '!': sshd without PAM refuses the key of a user who has '!'.  Day 0 as the
 * last change would ask for a new password at login.
 */
static char *new_shadow_line(const struct plan_ctx *ctx, const struct user *u)
{
	autofree char *day = user_password_day(ctx);
	return xasprintf("%s:*:%s:0:99999:7:::", u->name, day);
}

/*
 * A password that is to be changed at the first login belongs to somebody who sits before the
 * board: it stops a login by key. Nobody will know it, so it goes.
 */
static int plan_expired(struct plan_ctx *ctx, const struct user *u, char **line, struct err *e)
{
	autofree char *day = user_password_day(ctx);
	if (section_str(u->section, "password") || !user_is_expired(*line))
		return 0;
	user_db_set_field(line, 2, day);
	if (!user_is_locked(*line)) {
		user_db_set_field(line, 1, "*");
		plan_note(ctx,
			  "user %s had to change the image's password at the first login: it "
			  "is locked instead; give him one by password-file",
			  u->name);
	}
	return user_db_put(ctx, SHADOW, *line, "no password to be changed at login", e);
}

static int plan_shadow(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *hash = NULL, *line = NULL, *had = NULL, *day = user_password_day(ctx);
	if (user_password(ctx, u, &hash, e) < 0 || user_db_get(ctx, SHADOW, u->name, &line, e) < 0)
		return -1;
	if (line && !hash)
		return plan_expired(ctx, u, &line, e);
	had = line ? db_field(line, 1) : NULL;
	if (had && strcmp(had, hash) == 0 && !user_is_expired(line))
		return 0;
	if (line)
		user_db_set_field(&line, 2, day);
	else
		line = new_shadow_line(ctx, u);
	if (hash)
		user_db_set_field(&line, 1, hash);
	return user_db_put(ctx, SHADOW, line, hash ? "password" : "no password", e);
}

/* The group of that name and number; its line in gshadow where the image keeps one. */
static int add_group(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *group = xasprintf("%s:x:%u:", u->name, u->gid);
	autofree char *gshadow = xasprintf("%s:!::", u->name);
	if (user_db_put(ctx, GROUP, group, "group of a new user", e) < 0)
		return -1;
	int shadowed = plan_exists(ctx, GSHADOW, e);
	if (shadowed <= 0)
		return shadowed;
	return user_db_put(ctx, GSHADOW, gshadow, "group of a new user", e);
}

/* The primary group: with an explicit gid any group of the image will do, else the user's own. */
static int plan_primary(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	bool explicit = section_get(u->section, "gid")->set;
	const char *key = explicit ? "gid" : "uid";
	autofree char *owner = NULL, *line = NULL;
	if (user_db_owner(ctx, GROUP, u->gid, &owner, e) < 0 ||
	    user_db_get(ctx, GROUP, u->name, &line, e) < 0)
		return -1;
	if (owner && (explicit || !u->is_new || strcmp(owner, u->name) == 0))
		return 0;
	if (owner)
		return user_err(u, key, e,
				"user '%s' wants GID %u, which is that of group '%s' in the image; "
				"use gid = %u to have that group, or another number",
				u->name, u->gid, owner, u->gid);
	if (!line)
		return add_group(ctx, u, e);
	autofree char *has = db_field(line, 2);
	return user_err(u, key, e,
			"group '%s' has GID %s in the image, the profile gives it %u; use gid = %s",
			u->name, has ? has : "", u->gid, has ? has : "");
}

/* The wanted range when it is free, else the one behind all others. */
static uint64_t find_range(const char *text, uint64_t wanted)
{
	auto_strv lines = {0};
	uint64_t behind = wanted;
	bool taken = false;
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		autofree char *from = db_field(*line, 1), *count = db_field(*line, 2);
		long long a, n;
		if (!from || !count || !parse_number(from, 0, UINT32_MAX, &a) ||
		    !parse_number(count, 1, UINT32_MAX, &n))
			continue;
		uint64_t start = (uint64_t)a, end = start + (uint64_t)n;
		taken = taken || (wanted < end && start < wanted + SUBID_COUNT);
		behind = end > behind ? end : behind;
	}
	return taken ? behind : wanted;
}

/* Ranges for containers, by UID so that they are equal on all nodes; people have them only. */
static int plan_subid(struct plan_ctx *ctx, const struct user *u, const char *path, struct err *e)
{
	auto_str text = STR_INIT;
	int found = text_read_optional(ctx, path, &text, e);
	if (found <= 0 || u->uid < UID_PEOPLE)
		return found < 0 ? -1 : 0;
	autofree char *line = db_get(str_text(&text), u->name);
	if (line)
		return 0;
	uint64_t start = find_range(str_text(&text),
				    SUBID_FIRST + (uint64_t)(u->uid - UID_PEOPLE) * SUBID_COUNT);
	if (start + SUBID_COUNT > UINT32_MAX)
		return err_set(e, ERR_IMAGE, "%s in the image has no room for user '%s'", path,
			       u->name);
	line = xasprintf("%s:%llu:%u", u->name, (unsigned long long)start, SUBID_COUNT);
	return user_db_put(ctx, path, line, "new user", e);
}

int user_plan_account(struct plan_ctx *ctx, struct user *u, struct err *e)
{
	if (plan_passwd(ctx, u, e) < 0 || plan_primary(ctx, u, e) < 0 ||
	    plan_shadow(ctx, u, e) < 0 || plan_subid(ctx, u, SUBUID, e) < 0)
		return -1;
	return plan_subid(ctx, u, SUBGID, e);
}

/* The names of a file of the /etc/group kind, for a message. */
static void list_names(const char *text, struct str *out)
{
	auto_strv lines = {0}, names = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		if (strchr(*line, ':'))
			strv_add_owned(&names, xstrndup(*line, strcspn(*line, ":")));
	}
	strv_sort(&names);
	strv_foreach (name, &names)
		str_printf(out, "%s%s", name == names.v ? "" : ", ", *name);
}

static int no_such_group(const struct user *u, size_t i, const char *text, struct err *e)
{
	const struct value *v = section_get(u->section, "groups");
	auto_str has = STR_INIT;
	list_names(text, &has);
	return err_at(e, v->list_loc ? v->list_loc[i] : v->loc,
		      "group '%s' of user '%s' is not in the image; it has %s", v->list.v[i],
		      u->name, str_text(&has));
}

static int join(struct plan_ctx *ctx, const struct user *u, const char *path, const char *line,
		struct err *e)
{
	autofree char *with = group_line_with(line, u->name);
	autofree char *why = xasprintf("member '%s'", u->name);
	return strcmp(with, line) != 0 ? user_db_put(ctx, path, with, why, e) : 0;
}

int user_plan_groups(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const struct strv *groups = section_list(u->section, "groups");
	for (size_t i = 0; i < groups->n; i++) {
		auto_str text = STR_INIT;
		autofree char *shadowed = NULL;
		if (text_read(ctx, GROUP, &text, e) < 0)
			return -1;
		autofree char *line = db_get(str_text(&text), groups->v[i]);
		if (!line)
			return no_such_group(u, i, str_text(&text), e);
		if (join(ctx, u, GROUP, line, e) < 0 ||
		    user_db_get(ctx, GSHADOW, groups->v[i], &shadowed, e) < 0 ||
		    (shadowed && join(ctx, u, GSHADOW, shadowed, e) < 0))
			return -1;
	}
	return 0;
}
