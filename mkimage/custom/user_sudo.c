/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "account.h"
#include "edit_rename.h"
#include "edit_sudoers.h"
#include "mem.h"
#include "overlay.h"
#include "sudoers.h"
#include "text.h"
#include "user.h"
#include "user_db.h"

/* sudoers(5): files in sudoers.d with a '.' in the name are skipped; user names have none. */
static int write_rule(struct plan_ctx *ctx, const struct user *u, const char *path, bool password,
		      struct err *e)
{
	autofree char *rule = xasprintf("%s ALL=(ALL:ALL) %sALL\n", u->name,
					password ? "" : "NOPASSWD: ");
	return plan_write_text(ctx, path, rule, ATTR_ROOT(0440), "sudo", e);
}

/* `sudo = password` for one who has none would lock the door it opens. */
static int note_locked(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *line = NULL;
	if (user_db_get(ctx, SHADOW, u->name, &line, e) < 0)
		return -1;
	if (line && user_is_locked(line) && !section_str(u->section, "password"))
		plan_note(ctx, "user %s needs a password for sudo and has none: set password-file",
			  u->name);
	return 0;
}

/* Groups whose members may become root. */
static const char *const root_groups[] = {"sudo", "wheel", "admin"};
#define N_ROOT_GROUPS (sizeof(root_groups) / sizeof(*root_groups))

static bool is_wanted(const struct user *u, const char *group)
{
	return strv_has(section_list(u->section, "groups"), group);
}

/* `sudo = none` beside `groups = {"sudo"}` is meant so. */
static bool is_meant(const struct user *u, const char *group)
{
	bool root = false;
	for (size_t i = 0; i < N_ROOT_GROUPS; i++)
		root = root || strcmp(root_groups[i], group) == 0;
	return root && is_wanted(u, group) && strcmp(account_sudo(u->section), "none") == 0;
}

/* Who he is to sudo, groups as planned so far. */
static int find_sudoer(struct plan_ctx *ctx, const struct user *u, struct sudoer *who,
		       struct err *e)
{
	auto_str group = STR_INIT, sudoers = STR_INIT;
	auto_strv groups = {0};
	autofree char *gid = xasprintf("%u", u->gid);
	if (text_read_optional(ctx, GROUP, &group, e) < 0 || sudoers_read(ctx, &sudoers, e) < 0)
		return -1;
	groups_of(str_text(&group), u->name, gid, &groups);
	strv_foreach (name, &groups) {
		if (!is_meant(u, *name))
			strv_add(&who->groups, *name);
	}
	who->password = strcmp(account_sudo(u->section), "password") == 0;
	sudoers_aliases(str_text(&sudoers), who);
	return 0;
}

/* What is left of a file that somebody else made; a drop-in without rules goes. */
static int write_rest(struct plan_ctx *ctx, const char *path, const struct str *rest, struct err *e)
{
	static const char why[] = "the profile says what the user may do by sudo";
	if (strcmp(path, SUDOERS) != 0 && sudoers_is_empty(str_text(rest)))
		return plan_remove(ctx, path, why, e);
	return plan_write(ctx, path, str_text(rest), rest->len, ATTR_KEEP, why, e);
}

/* The last rule that matches counts: a stock 010_pi-nopasswd would beat the profile's. */
static int remove_rules(struct plan_ctx *ctx, const struct sudoer *who, const char *path,
			struct err *e)
{
	auto_str text = STR_INIT, rest = STR_INIT;
	autofree char *overlay = NULL;
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (text_read(ctx, path, &text, e) < 0)
		return -1;
	if (!sudoers_without(&rest, str_text(&text), who))
		return 0;
	if (overlay_find_file(ctx, path, &overlay, e) < 0)
		return -1;
	if (!overlay)
		return write_rest(ctx, path, &rest, e);
	plan_note(ctx, "%s of an overlay stays: its rules for user %s count, too", path, who->name);
	return 0;
}

static int note_doubts(struct plan_ctx *ctx, const struct sudoer *who, const char *path, bool rules,
		       struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv doubts = {0};
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (text_read(ctx, path, &text, e) < 0)
		return -1;
	sudoers_doubts(&doubts, str_text(&text), who, rules);
	strv_foreach (line, &doubts)
		plan_note(
			ctx,
			"%s:%s may count for user %s, whatever the profile says; replace the file "
			"by an overlay",
			path, *line, who->name);
	return 0;
}

/* All files of the image that sudo reads, but the user's own one. */
static int list_files(struct plan_ctx *ctx, const char *ours, struct strv *ret, struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st;
	strv_add(ret, SUDOERS);
	if (plan_stat(ctx, SUDOERS_D, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	if (plan_list(ctx, SUDOERS_D, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(SUDOERS_D, *name);
		if (strcmp(path, ours) != 0)
			strv_add_owned(ret, steal(&path));
	}
	return 0;
}

static int leave(struct plan_ctx *ctx, const struct user *u, const char *path, const char *group,
		 struct err *e)
{
	autofree char *line = NULL;
	if (user_db_get(ctx, path, group, &line, e) < 0)
		return -1;
	autofree char *without = line ? group_line_rename(line, u->name, NULL) : NULL;
	if (!line || strcmp(line, without) == 0)
		return 0;
	return user_db_put(ctx, path, without, "no sudo for this user", e);
}

/* Out of the groups whose members may become root, but for those that the profile names. */
static int leave_groups(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	for (size_t i = 0; i < N_ROOT_GROUPS; i++) {
		if (is_wanted(u, root_groups[i]))
			continue;
		if (leave(ctx, u, GROUP, root_groups[i], e) < 0 ||
		    leave(ctx, u, GSHADOW, root_groups[i], e) < 0)
			return -1;
	}
	return 0;
}

static int plan_none(struct plan_ctx *ctx, const struct user *u, const char *path, struct err *e)
{
	if (plan_remove(ctx, path, "no sudo for this user", e) < 0)
		return -1;
	return section_str(u->section, "sudo") ? leave_groups(ctx, u, e) : 0;
}

/* What others say about the user goes; what may be about him is noted where it counts. */
static int judge_files(struct plan_ctx *ctx, const struct user *u, const char *ours,
		       const struct sudoer *who, struct err *e)
{
	bool none = strcmp(account_sudo(u->section), "none") == 0;
	auto_strv files = {0};
	if (list_files(ctx, ours, &files, e) < 0)
		return -1;
	strv_foreach (path, &files) {
		bool rules = none || (strcmp(*path, SUDOERS) != 0 && strcmp(*path, ours) > 0);
		if (remove_rules(ctx, who, *path, e) < 0 ||
		    note_doubts(ctx, who, *path, rules, e) < 0)
			return -1;
	}
	return 0;
}

/* Drop-ins are read where /etc/sudoers includes them: behind all that may be about the user. */
static int include_last(struct plan_ctx *ctx, const struct sudoer *who, struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	autofree char *overlay = NULL;
	int found = text_read_optional(ctx, SUDOERS, &text, e);
	if (found <= 0)
		return found;
	sudoers_include_last(&out, str_text(&text), who);
	if (strcmp(str_text(&out), str_text(&text)) == 0)
		return 0;
	if (overlay_find_file(ctx, SUDOERS, &overlay, e) < 0)
		return -1;
	if (!overlay)
		return plan_write(ctx, SUDOERS, str_text(&out), out.len, ATTR_KEEP,
				  SUDOERS_D " is read last", e);
	plan_note(ctx,
		  SUDOERS " of an overlay does not end with '#includedir " SUDOERS_D
			  "': its rules may win over that of user %s",
		  who->name);
	return 0;
}

/* 1: sudo is there, and has a directory for rules. */
static int find_sudo(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	struct fs_stat dir, file;
	if (plan_stat(ctx, SUDOERS_D, &dir, e) < 0 || plan_stat(ctx, SUDOERS, &file, e) < 0)
		return -1;
	if (dir.type == FILE_DIR)
		return 1;
	if (file.type == FILE_REGULAR)
		return plan_mkdir(ctx, SUDOERS_D, ATTR_ROOT(0750), "sudo", e) < 0 ? -1 : 1;
	plan_note(ctx, "user %s gets no sudo: the image has no " SUDOERS_D, u->name);
	return 0;
}

static int plan_rule(struct plan_ctx *ctx, const struct user *u, const char *path,
		     const struct sudoer *who, struct err *e)
{
	int sudo = find_sudo(ctx, u, e);
	if (sudo <= 0)
		return sudo;
	if ((who->password && note_locked(ctx, u, e) < 0) || include_last(ctx, who, e) < 0)
		return -1;
	return write_rule(ctx, u, path, who->password, e);
}

int user_plan_sudo(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const char *how = account_sudo(u->section);
	autofree char *path = xasprintf(SUDOERS_D "/010_cardstock_%s", u->name);
	auto_sudoer who = {.name = u->name, .uid = u->uid};
	bool none = !how || strcmp(how, "none") == 0;
	if (none && plan_none(ctx, u, path, e) < 0)
		return -1;
	if (!how)
		return 0;
	if (find_sudoer(ctx, u, &who, e) < 0 || judge_files(ctx, u, path, &who, e) < 0)
		return -1;
	return none ? 0 : plan_rule(ctx, u, path, &who, e);
}
