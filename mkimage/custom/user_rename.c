/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A user of the image gets another name or other numbers.  Both happen before the accounts are
 * planned, which then find a user who always was so.
 */
#include <string.h>

#include "account.h"
#include "edit.h"
#include "edit_rename.h"
#include "mem.h"
#include "text.h"
#include "user.h"
#include "user_db.h"

#define HOME_ADVICE "; keep it where it is by the key 'home'"

int user_clash(const struct user *u, const char *owner, struct err *e)
{
	if (u->uid < UID_PEOPLE)
		return user_err(u, "uid", e,
				"user '%s' wants UID %u, which is that of '%s' in the image; use "
				"another uid",
				u->name, u->uid, owner);
	return user_err(u, "uid", e,
			"user '%s' wants UID %u, which is that of '%s' in the image; write user "
			"\"%s\" { rename-to = \"%s\" } to make '%s' become '%s', or use another "
			"uid",
			u->name, u->uid, owner, owner, u->name, owner, u->name);
}

static int rename_err(const struct user_rename *r, struct err *e, const char *why)
{
	return err_at(e, section_get(r->section, "rename-to")->loc, "'%s' cannot become '%s': %s",
		      r->from, r->to, why);
}

static int exists_in(struct plan_ctx *ctx, const char *path, const char *name, struct err *e)
{
	autofree char *line = NULL;
	if (user_db_get(ctx, path, name, &line, e) < 0)
		return -1;
	return line ? 1 : 0;
}

static int check_rename(struct plan_ctx *ctx, const struct user_rename *r, const char *line,
			struct err *e)
{
	uint32_t uid;
	int user = exists_in(ctx, PASSWD, r->to, e);
	int group = exists_in(ctx, GROUP, r->to, e), own = exists_in(ctx, GROUP, r->from, e);
	if (user < 0 || group < 0 || own < 0)
		return -1;
	if (!user_db_number(line, 2, &uid) || uid < UID_PEOPLE)
		return rename_err(r, e, "it is a user of the system, whom programs need by name");
	if (user)
		return rename_err(r, e, "the image has both; choose another name");
	if (group && own)
		return rename_err(r, e, "the image has a group of each name; choose another name");
	return 0;
}

typedef void edit_fn(struct str *out, const char *text, const char *from, const char *to);

static int edit(struct plan_ctx *ctx, const struct user_rename *r, const char *path, edit_fn *fn,
		struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	autofree char *why = xasprintf("user '%s' becomes '%s'", r->from, r->to);
	int found = text_read_optional(ctx, path, &text, e);
	if (found <= 0)
		return found;
	fn(&out, str_text(&text), r->from, r->to);
	return user_db_write(ctx, path, &out, why, e);
}

/* The copies that shadow's tools keep of their files still have the former name. */
static int remove_backup(struct plan_ctx *ctx, const char *path, struct err *e)
{
	autofree char *backup = xasprintf("%s-", path);
	return plan_remove(ctx, backup, "a copy with the former user", e);
}

static int rename_databases(struct plan_ctx *ctx, const struct user_rename *r, struct err *e)
{
	static const struct {
		const char *path;
		bool members;
	} files[] = {{PASSWD, false}, {SHADOW, false}, {SUBUID, false},
		     {SUBGID, false}, {GROUP, true},   {GSHADOW, true}};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (edit(ctx, r, files[i].path, db_rename, e) < 0 ||
		    (files[i].members && edit(ctx, r, files[i].path, group_rename, e) < 0) ||
		    remove_backup(ctx, files[i].path, e) < 0)
			return -1;
	}
	return 0;
}

/* The directory itself, which an overlay may have made at the new place already, is as it was. */
static int move_tree(struct plan_ctx *ctx, const struct user_rename *r, struct err *e)
{
	autofree char *why = xasprintf("moved from %s", r->home);
	const struct user_tree tree = {.from = r->home,
				       .to = r->new_home,
				       .uid = KEEP,
				       .gid = KEEP,
				       .why = why,
				       .advice = HOME_ADVICE};
	struct fs_stat st;
	if (plan_stat(ctx, r->home, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	struct attr attr = {st.mode, st.uid, st.gid};
	if (user_copy_tree(ctx, &tree, e) < 0 || plan_attr(ctx, r->new_home, attr, why, e) < 0)
		return -1;
	return plan_remove(ctx, r->home, "the home moves", e);
}

static int move_home(struct plan_ctx *ctx, const struct user_rename *r, struct err *e)
{
	autofree char *target = NULL;
	size_t len = strlen(r->home);
	if (strcmp(r->home, r->new_home) == 0)
		return 0;
	if (strcmp(r->home, "/") == 0)
		return rename_err(r, e, "its home is '/', which cannot move; leave out 'home'");
	if (strncmp(r->home, r->new_home, len) == 0 && r->new_home[len] == '/')
		return rename_err(r, e, "its new home would be inside the old one");
	if (plan_readlink(ctx, r->home, &target, e) < 0)
		return -1;
	if (!target)
		return move_tree(ctx, r, e);
	if (plan_symlink(ctx, r->new_home, target, "the home moves", e) < 0)
		return -1;
	return plan_remove(ctx, r->home, "the home moves", e);
}

static void trim_slashes(char *path)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
}

/* /home/pi becomes /home/ops; one that is not called after its user stays, unless told. */
static void find_homes(const struct user *u, const char *line, struct user_rename *r)
{
	const char *told = section_str(u->section, "home");
	r->home = db_field(line, 5);
	r->home = r->home ? r->home : xstrdup("");
	trim_slashes(r->home);
	if (told) {
		r->new_home = xstrdup(told);
	} else if (r->home[0] == '/' && strcmp(path_base(r->home), r->from) == 0) {
		autofree char *dir = path_dir(r->home);
		r->new_home = path_join(dir, r->to);
	} else {
		r->new_home = xstrdup(r->home);
	}
}

static int rename_user(struct plan_ctx *ctx, const struct user *u, struct user_rename *r,
		       struct err *e)
{
	autofree char *line = NULL;
	if (user_db_get(ctx, PASSWD, r->from, &line, e) < 0)
		return -1;
	if (!line)
		return 0;
	if (check_rename(ctx, r, line, e) < 0)
		return -1;
	find_homes(u, line, r);
	user_db_set_field(&line, 0, r->to);
	user_db_set_field(&line, 5, r->new_home);
	if (rename_databases(ctx, r, e) < 0 ||
	    user_db_put(ctx, PASSWD, line, "name and home as in the profile", e) < 0 ||
	    (r->home[0] == '/' && move_home(ctx, r, e) < 0))
		return -1;
	return user_plan_traces(ctx, r, e);
}

int user_plan_rename(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	int done = 0;
	for (const struct section *s = NULL;
	     done == 0 && (s = profile_next(ctx->profile, "user", s));) {
		const char *to = section_str(s, "rename-to");
		struct user_rename r = {.section = s, .from = s->title, .to = u->name};
		if (!to || strcmp(to, u->name) != 0)
			continue;
		done = rename_user(ctx, u, &r, e);
		free(r.home);
		free(r.new_home);
	}
	return done;
}

static int refuse_gid(const struct user *u, uint32_t has, struct err *e)
{
	return user_err(u, section_get(u->section, "gid")->set ? "gid" : "uid", e,
			"user '%s' has GID %u in the image, the profile gives it %u; use gid = %u",
			u->name, has, u->gid, has);
}

/* The user's own group follows the number, when nobody has it; *line is that of passwd. */
static int set_gid(struct plan_ctx *ctx, const struct user *u, uint32_t has, char **line,
		   struct err *e)
{
	bool explicit = section_get(u->section, "gid")->set;
	autofree char *owner = NULL, *group = NULL, *number = xasprintf("%u", u->gid);
	uint32_t of_group = 0;
	if (user_db_owner(ctx, GROUP, u->gid, &owner, e) < 0 ||
	    user_db_get(ctx, GROUP, u->name, &group, e) < 0)
		return -1;
	bool own = group && user_db_number(group, 2, &of_group) && of_group == has;
	if (!explicit && (!own || owner))
		return refuse_gid(u, has, e);
	user_db_set_field(line, 3, number);
	if (owner || !own)
		return 0;
	user_db_set_field(&group, 2, number);
	return user_db_put(ctx, GROUP, group, "GID as in the profile", e);
}

/* A system user's files are all over the image: its number stays. */
static int set_uid(struct plan_ctx *ctx, const struct user *u, uint32_t has, char **line,
		   struct err *e)
{
	autofree char *owner = NULL, *number = xasprintf("%u", u->uid);
	if (has < UID_PEOPLE)
		return user_err(u, "uid", e,
				"user '%s' is a user of the system with UID %u in the image, the "
				"profile gives it %u; use uid = %u, or another name",
				u->name, has, u->uid, has);
	if (user_db_owner(ctx, PASSWD, u->uid, &owner, e) < 0)
		return -1;
	if (owner)
		return user_clash(u, owner, e);
	user_db_set_field(line, 2, number);
	return 0;
}

/* The home, and what is named after the user where mail and crontabs are. */
static int own_files(struct plan_ctx *ctx, const char *line, const char *name,
		     const struct user_ids *from, const struct user_ids *to, struct err *e)
{
	static const char *const dirs[] = {"/var/mail", "/var/spool/cron/crontabs",
					   "/var/spool/cron"};
	autofree char *home = db_field(line, 5);
	struct user_tree tree = {
		.from = home, .why = "owner as in the profile", .advice = HOME_ADVICE};
	if (home && strrchr(home, '/') > home && user_own_tree(ctx, &tree, from, to, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *path = path_join(dirs[i], name);
		tree.from = path;
		if (user_own_tree(ctx, &tree, from, to, e) < 0)
			return -1;
	}
	plan_note(ctx,
		  "user %s had UID %u and GID %u in the image and gets %u and %u; files outside of "
		  "his home, mail and crontab keep their numbers",
		  name, from->uid, from->gid, to->uid, to->gid);
	return 0;
}

int user_plan_numbers(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *line = NULL;
	struct user_ids has, wanted = {u->uid, u->gid};
	if (user_db_get(ctx, PASSWD, u->name, &line, e) < 0)
		return -1;
	if (!line)
		return 0;
	if (!user_db_number(line, 2, &has.uid) || !user_db_number(line, 3, &has.gid))
		return err_set(e, ERR_IMAGE, PASSWD " in the image has no numbers for user '%s'",
			       u->name);
	if (has.uid == wanted.uid && has.gid == wanted.gid)
		return 0;
	if ((has.uid != wanted.uid && set_uid(ctx, u, has.uid, &line, e) < 0) ||
	    (has.gid != wanted.gid && set_gid(ctx, u, has.gid, &line, e) < 0) ||
	    user_db_put(ctx, PASSWD, line, "numbers as in the profile", e) < 0)
		return -1;
	return own_files(ctx, line, u->name, &has, &wanted, e);
}
