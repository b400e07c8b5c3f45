/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot target: what used to be the runlevel. */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "plan_files.h"
#include "runlevel.h"
#include "systemd.h"
#include "validate.h"

/* systemd.special(7): those that end a run of the system, or stop it. */
static bool is_an_end(const char *target)
{
	static const char *const ends[] = {"poweroff.target",	  "halt.target",
					   "reboot.target",	  "soft-reboot.target",
					   "kexec.target",	  "exit.target",
					   "shutdown.target",	  "umount.target",
					   "final.target",	  "sleep.target",
					   "suspend.target",	  "hibernate.target",
					   "hybrid-sleep.target", "suspend-then-hibernate.target",
					   "ctrl-alt-del.target", "runlevel0.target",
					   "runlevel6.target"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (strcmp(target, ends[i]) == 0)
			return true;
	}
	return false;
}

static int check_target(const char *text, struct err *e)
{
	if (validate_unit(text, e) < 0)
		return -1;
	if (!str_ends(text, ".target"))
		return err_set(e, ERR_PROFILE,
			       "'%s' is not a target: use one such as 'multi-user.target'", text);
	if (is_an_end(text))
		return err_set(e, ERR_PROFILE,
			       "'%s' is no target to boot to, the board would go off at boot: use "
			       "one such as 'multi-user.target'",
			       text);
	return 0;
}

static const struct key keys[] = {
	{.name = "target",
	 .type = KEY_STRING,
	 .help = "systemd target to boot to; not set: the image's own",
	 .check = check_target},
	{.name = NULL},
};

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct value *v = profile_get(ctx->profile, "target");
	if (!v->str)
		return 0;
	int present = systemd_present(ctx, e);
	if (present < 0)
		return -1;
	const struct files f = plan_files(ctx, "boot target");
	if (!present)
		return runlevel_set(&f, v->str, e);
	autofree char *unit = NULL;
	if (systemd_unit_path(ctx, v->str, &unit, e) < 0)
		return -1;
	if (!unit)
		return err_at(e, v->loc,
			      "target '%s' is not in the image; look at what "
			      "/usr/lib/systemd/system in it offers",
			      v->str);
	return plan_symlink(ctx, "/etc/systemd/system/default.target", unit, "boot target", e);
}

const struct custom custom_target = {
	.name = "target",
	.help = "what the node boots to",
	.keys = keys,
	.plan = plan,
};
