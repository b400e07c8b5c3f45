/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the node boots to: by systemd, or in files, which may be those of an older init. */
#include <string.h>

#include "bus.h"
#include "mem.h"
#include "root_files.h"
#include "rootfs.h"
#include "runlevel.h"
#include "settings.h"
#include "unit_links.h"

#define DEFAULT UNIT_ADMIN_DIR "/default.target"

/* mkimage set it, as is usual: PID 1, busy with the boot, need not be asked. */
static int is_linked(const struct ctx *ctx, const char *target, struct err *e)
{
	auto_str now = STR_INIT;
	int link = root_readlink(ctx, DEFAULT, &now, e);
	return link > 0 ? strcmp(path_base(str_text(&now)), target) == 0 : link;
}

static int set_by_bus(const struct ctx *ctx, const char *target, struct err *e)
{
	autofree char *now = NULL;
	int linked = is_linked(ctx, target, e);
	if (linked)
		return linked < 0 ? -1 : 0;
	if (bus_get_default_target(ctx->bus, &now, e) < 0)
		return -1;
	if (strcmp(now, target) == 0)
		return 0;
	if (ctx->dry_run)
		return 1;
	if (bus_set_default_target(ctx->bus, target, e) < 0 || bus_settle(ctx->bus, e) < 0)
		return -1;
	return 1;
}

static int set_link(const struct files *f, const char *target, struct err *e)
{
	autofree char *unit = NULL, *now = NULL;
	if (unit_find(f, target, &unit, e) < 0 || f->ops->readlink(f, DEFAULT, &now, e) < 0)
		return -1;
	if (!unit)
		return err_set(e, ERR_FAILED,
			       "not on this board; look at what "
			       "/usr/lib/systemd/system offers");
	if (now && strcmp(path_base(now), target) == 0)
		return 0;
	return f->ops->symlink(f, DEFAULT, unit, e);
}

static int set_in_files(const struct ctx *ctx, const char *target, struct str *message,
			struct err *e)
{
	auto_root_files f;
	root_files_init(&f, ctx);
	int systemd = units_present(&f.files, e);
	int done = systemd < 0 ? -1
		   : systemd   ? set_link(&f.files, target, e)
			       : runlevel_set(&f.files, target, e);
	if (f.notes.len)
		str_printf(message, "%s; ", str_text(&f.notes));
	return done < 0 ? -1 : f.changes > 0;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	const char *target = ctx->settings->target;
	if (!target) {
		str_puts(message, "the settings have none");
		return 0;
	}
	int changed = ctx->bus ? set_by_bus(ctx, target, e) : set_in_files(ctx, target, message, e);
	if (changed < 0)
		return err_wrap(e, "boot target '%s'", target);
	str_printf(message, "%s%s", target, changed ? " from the next boot on" : "");
	return changed;
}

const struct step step_target = {
	.name = "target",
	.help = "what the node boots to",
	.phase = PHASE_LOCAL,
	.needs_settings = true,
	.run = run_step,
};
