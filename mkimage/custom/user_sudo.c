/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "account.h"
#include "edit_rename.h"
#include "mem.h"
#include "overlay.h"
#include "text.h"
#include "user.h"
#include "user_db.h"

#define SUDOERS_D "/etc/sudoers.d"

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

/* A line of sudoers that is about this user: a rule of his, or his "Defaults:". */
static bool is_about(const char *line, const char *name)
{
	size_t len = strlen(name);
	if (str_starts(line, "Defaults:"))
		line += strlen("Defaults:");
	return strncmp(line, name, len) == 0 && strchr(" \t", line[len]) && line[len];
}

/* The rules of the file are about this user and nobody else. */
static bool is_only_about(const char *text, const char *name)
{
	auto_strv lines = {0};
	size_t rules = 0;
	strv_split(&lines, text, "\r\n");
	strv_foreach (line, &lines) {
		const char *start = *line + strspn(*line, " \t");
		if (!*start || *start == '#')
			continue;
		if (!is_about(start, name))
			return false;
		rules++;
	}
	return rules > 0;
}

static int remove_rule(struct plan_ctx *ctx, const struct user *u, const char *path, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *overlay = NULL;
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (text_read(ctx, path, &text, e) < 0)
		return -1;
	if (!is_only_about(str_text(&text), u->name))
		return 0;
	if (overlay_find_file(ctx, path, &overlay, e) < 0)
		return -1;
	if (overlay) {
		plan_note(ctx, "%s of an overlay stays: its rules for user %s count, too", path,
			  u->name);
		return 0;
	}
	return plan_remove(ctx, path, "the profile says what the user may do by sudo", e);
}

/* The last rule that matches counts: a stock 010_pi-nopasswd would beat the profile's. */
static int remove_stock_rules(struct plan_ctx *ctx, const struct user *u, const char *ours,
			      struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, SUDOERS_D, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(SUDOERS_D, *name);
		if (strcmp(path, ours) != 0 && remove_rule(ctx, u, path, e) < 0)
			return -1;
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
	static const char *const groups[] = {"sudo", "wheel", "admin"};
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (strv_has(section_list(u->section, "groups"), groups[i]))
			continue;
		if (leave(ctx, u, GROUP, groups[i], e) < 0 ||
		    leave(ctx, u, GSHADOW, groups[i], e) < 0)
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

int user_plan_sudo(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const char *how = account_sudo(u->section);
	autofree char *path = xasprintf(SUDOERS_D "/010_cardstock_%s", u->name);
	struct fs_stat st;
	if (plan_stat(ctx, SUDOERS_D, &st, e) < 0)
		return -1;
	if (how && st.type == FILE_DIR && remove_stock_rules(ctx, u, path, e) < 0)
		return -1;
	if (!how || strcmp(how, "none") == 0)
		return plan_none(ctx, u, path, e);
	if (st.type != FILE_DIR) {
		plan_note(ctx, "user %s gets no sudo: the image has no " SUDOERS_D, u->name);
		return 0;
	}
	bool password = strcmp(how, "password") == 0;
	if (password && note_locked(ctx, u, e) < 0)
		return -1;
	return write_rule(ctx, u, path, password, e);
}
