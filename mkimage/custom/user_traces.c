/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a stock image names its user besides the user databases. */
#include <fnmatch.h>
#include <string.h>

#include "edit_rename.h"
#include "mem.h"
#include "overlay.h"
#include "text.h"
#include "user.h"

#define TEXT_MAX (1u << 20) /* bytes of a file that is looked through */
#define SYSTEMD "/etc/systemd/system"

struct place {
	const char *dir;
	const char *files; /* fnmatch(3) */
	const char *
		lines; /* where the name counts: "word|word"; NULL: in all but comments; "": none */
};

static const struct place places[] = {
	{"/etc", "sudoers", NULL},
	{"/etc/sudoers.d", "*", NULL},
	{SYSTEMD, "*.service", "User=|Group=|getty"},
	{SYSTEMD "/*.service.d", "*.conf", "User=|Group=|getty"},
	{"/etc", "inittab", "getty"},
	{"/etc/init", "*.conf", "getty|setuid"},
	{"/etc/lightdm", "lightdm.conf", "autologin-user"},
	{"/etc/lightdm/lightdm.conf.d", "*.conf", "autologin-user"},
	{"/etc/gdm3", "*.conf", "Login"},
	{"/etc/gdm", "*.conf", "Login"},
	{"/etc", "sddm.conf", "User="},
	{"/etc/sddm.conf.d", "*.conf", "User="},
	{"/etc/polkit-1/localauthority.conf.d", "*.conf", "unix-user"},
	{"/etc/ssh", "sshd_config", "AllowUsers|DenyUsers|AllowGroups|DenyGroups|Match"},
	{"/etc/ssh/sshd_config.d", "*.conf", "AllowUsers|DenyUsers|AllowGroups|DenyGroups|Match"},
};

/* Directories in which a file has the user's name. */
static const struct {
	const char *dir;
	bool is_text; /* and may name his home */
} named[] = {
	{"/var/mail", false},
	{"/var/spool/mail", false},
	{"/var/spool/cron/crontabs", true},
	{"/var/spool/cron", true},
	{"/var/lib/AccountsService/users", true},
	{"/var/lib/AccountsService/icons", false},
	{"/var/lib/systemd/linger", false},
};

static char *why_of(const struct user_rename *r)
{
	return xasprintf("user '%s' becomes '%s'", r->from, r->to);
}

static int edit_file(struct plan_ctx *ctx, const struct user_rename *r, const char *path,
		     const char *lines, struct err *e)
{
	auto_str text = STR_INIT, words = STR_INIT, out = STR_INIT;
	autofree char *target = NULL, *why = why_of(r);
	struct fs_stat st;
	if (plan_readlink(ctx, path, &target, e) < 0 || plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (target || st.type != FILE_REGULAR || st.size > TEXT_MAX)
		return 0;
	if (text_read(ctx, path, &text, e) < 0)
		return -1;
	words_rename(&words, str_text(&text), lines, r->from, r->to);
	if (strcmp(r->home, r->new_home) != 0)
		path_rename(&out, str_text(&words), r->home, r->new_home);
	else
		str_puts(&out, str_text(&words));
	if (strcmp(str_text(&out), str_text(&text)) == 0)
		return 0;
	return plan_write(ctx, path, str_text(&out), out.len, ATTR_KEEP, why, e);
}

static int edit_dir(struct plan_ctx *ctx, const struct user_rename *r, const char *dir,
		    const struct place *p, struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st;
	if (plan_stat(ctx, dir, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (fnmatch(p->files, *name, 0) == 0 && edit_file(ctx, r, path, p->lines, e) < 0)
			return -1;
	}
	return 0;
}

/* The last name of the directory may be a pattern. */
static int edit_place(struct plan_ctx *ctx, const struct user_rename *r, const struct place *p,
		      struct err *e)
{
	auto_strv names = {0};
	autofree char *parent = path_dir(p->dir);
	if (!strchr(p->dir, '*'))
		return edit_dir(ctx, r, p->dir, p, e);
	if (plan_list(ctx, parent, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *dir = path_join(parent, *name);
		if (fnmatch(path_base(p->dir), *name, 0) == 0 && edit_dir(ctx, r, dir, p, e) < 0)
			return -1;
	}
	return 0;
}

/* What cannot go to the new name, which may be an overlay's by now, stays where it is. */
static int move_file(struct plan_ctx *ctx, const struct user_rename *r, const char *dir,
		     const char *from, const char *to, struct err *e)
{
	autofree char *old = path_join(dir, from), *fresh = path_join(dir, to), *why = why_of(r);
	const struct user_tree tree = {
		.from = old, .to = fresh, .uid = KEEP, .gid = KEEP, .why = why, .advice = ""};
	int there = plan_exists(ctx, old, e);
	if (there <= 0)
		return there;
	int taken = plan_exists(ctx, fresh, e);
	if (taken > 0)
		plan_note(ctx, "%s is not moved to %s, which is there already: both stay", old,
			  fresh);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	if (user_copy_tree(ctx, &tree, e) < 0)
		return -1;
	int copied = plan_exists(ctx, fresh, e);
	if (copied == 0)
		plan_note(ctx, "%s is not moved to %s: neither file nor directory", old, fresh);
	return copied > 0 ? plan_remove(ctx, old, why, e) : copied;
}

/* Raspberry Pi OS has 010_pi-nopasswd; a file of an overlay keeps its name. */
static int rename_rules(struct plan_ctx *ctx, const struct user_rename *r, struct err *e)
{
	static const char dir[] = "/etc/sudoers.d";
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		auto_str fresh = STR_INIT;
		autofree char *path = path_join(dir, *name), *overlay = NULL;
		name_rename(&fresh, *name, r->from, r->to);
		if (overlay_find_file(ctx, path, &overlay, e) < 0)
			return -1;
		if (!overlay && strcmp(str_text(&fresh), *name) != 0 &&
		    move_file(ctx, r, dir, *name, str_text(&fresh), e) < 0)
			return -1;
	}
	return 0;
}

int user_plan_traces(struct plan_ctx *ctx, const struct user_rename *r, struct err *e)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (edit_place(ctx, r, &places[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		autofree char *path = path_join(named[i].dir, r->from);
		if ((named[i].is_text && edit_file(ctx, r, path, "", e) < 0) ||
		    move_file(ctx, r, named[i].dir, r->from, r->to, e) < 0)
			return -1;
	}
	return rename_rules(ctx, r, e);
}
