/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "user.h"

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
	autofree char *hash = NULL;
	if (user_password_hash(u->section, &hash, e) < 0)
		return -1;
	if (!hash && u->is_new)
		plan_note(ctx, "user %s needs a password for sudo and has none: set password-hash",
			  u->name);
	return 0;
}

int user_plan_sudo(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const char *how = section_str(u->section, "sudo");
	autofree char *path = xasprintf(SUDOERS_D "/010_cardstock_%s", u->name);
	struct fs_stat st;
	if (strcmp(how, "none") == 0)
		return plan_remove(ctx, path, "no sudo for this user", e);
	if (plan_stat(ctx, SUDOERS_D, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR) {
		plan_note(ctx, "user %s gets no sudo: the image has no " SUDOERS_D, u->name);
		return 0;
	}
	bool password = strcmp(how, "password") == 0;
	if (password && note_locked(ctx, u, e) < 0)
		return -1;
	return write_rule(ctx, u, path, password, e);
}
