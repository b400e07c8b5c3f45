/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units that the settings switch on, off, or off for good: by systemd, or in files. */
#include <string.h>

#include "bus.h"
#include "mem.h"
#include "root_files.h"
#include "settings.h"
#include "unit_links.h"

/* By systemd, in a file state ("disabled") that is not the wanted one yet. */
typedef int by_bus(struct bus *b, const char *unit, const char *file, struct err *e);
typedef int in_files(const struct files *f, const char *unit, struct err *e);

/* systemd does not enable what is masked; as with mkimage's enable-units, the mask goes. */
static int enable_by_bus(struct bus *b, const char *unit, const char *file, struct err *e)
{
	if (strcmp(file, "masked") == 0 && bus_unmask_unit(b, unit, e) < 0)
		return -1;
	if (!*file)
		return err_set(e, ERR_FAILED,
			       "unit '%s' is not on this board; install what brings it", unit);
	int changed = bus_enable_unit(b, unit, e);
	/* The boot that would have started it is under way. */
	if (changed > 0 && (bus_reload(b, e) < 0 || bus_start_unit(b, unit, e) < 0))
		return -1;
	return changed;
}

static int disable_by_bus(struct bus *b, const char *unit, const char *file, struct err *e)
{
	(void)file;
	return bus_disable_unit(b, unit, e);
}

static int mask_by_bus(struct bus *b, const char *unit, const char *file, struct err *e)
{
	(void)file;
	return bus_mask_unit(b, unit, e);
}

static int must_exist(const struct files *f, const char *unit, struct err *e)
{
	autofree char *path = NULL;
	if (unit_find(f, unit, &path, e) < 0)
		return -1;
	if (!path)
		return err_set(e, ERR_FAILED, "unit '%s' is not %s; install what brings it", unit,
			       f->where);
	return 0;
}

static int enable_in_files(const struct files *f, const char *unit, struct err *e)
{
	size_t links = 0;
	if (must_exist(f, unit, e) < 0 || unit_install(f, unit, &links, e) < 0)
		return -1;
	if (!links)
		return err_set(e, ERR_FAILED,
			       "unit '%s' cannot be enabled: its file has no [Install] section, so "
			       "other units start it; take it out of the settings",
			       unit);
	return 0;
}

/* As systemd does, also one that is not there yet: a package may bring it. */
static int mask_in_files(const struct files *f, const char *unit, struct err *e)
{
	autofree char *mask = path_join(UNIT_ADMIN_DIR, unit);
	return f->ops->symlink(f, mask, "/dev/null", e);
}

/* The rows of the settings, in the order in which mkimage does it. */
static const struct change {
	const char *done; /* for the message */
	const char *file; /* what systemd calls a unit that is so */
	const char *also; /* the same for what needs no change either; NULL: nothing */
	size_t list;	  /* in struct settings */
	by_bus *by_bus;
	in_files *in_files;
} changes[] = {
	{"disabled", "disabled", "", offsetof(struct settings, disable), disable_by_bus,
	 unit_disable},
	{"masked", "masked", NULL, offsetof(struct settings, mask), mask_by_bus, mask_in_files},
	{"enabled", "enabled", "alias", offsetof(struct settings, enable), enable_by_bus,
	 enable_in_files},
};

/* What is told when all is done. */
struct outcome {
	struct strv changed, failed; /* "enabled ssh.service"; messages */
};

static int change_by_bus(const struct ctx *ctx, const struct change *c, const char *unit,
			 struct err *e)
{
	autofree char *file = NULL;
	if (bus_unit_file_state(ctx->bus, unit, &file, e) < 0)
		return -1;
	if (strcmp(file, c->file) == 0 || (c->also && strcmp(file, c->also) == 0))
		return 0;
	return ctx->dry_run ? 1 : c->by_bus(ctx->bus, unit, file, e);
}

static int change_in_files(const struct ctx *ctx, const struct change *c, const char *unit,
			   struct err *e)
{
	auto_root_files f;
	root_files_init(&f, ctx);
	return c->in_files(&f.files, unit, e) < 0 ? -1 : f.changes > 0;
}

/* One that fails does not keep the others from being done. */
static void change_all(const struct ctx *ctx, const struct change *c, struct outcome *o)
{
	const struct strv *units = (const struct strv *)((const char *)ctx->settings + c->list);
	strv_foreach (unit, units) {
		auto_err e = ERR_INIT;
		int changed = ctx->bus ? change_by_bus(ctx, c, *unit, &e)
				       : change_in_files(ctx, c, *unit, &e);
		if (changed < 0)
			strv_add(&o->failed, e.msg);
		else if (changed)
			strv_printf(&o->changed, "%s %s", c->done, *unit);
	}
}

static int settle(const struct ctx *ctx, struct err *e)
{
	if (!ctx->bus || ctx->dry_run)
		return 0;
	return bus_reload(ctx->bus, e) < 0 ? -1 : bus_settle(ctx->bus, e);
}

static int tell(const struct ctx *ctx, const struct outcome *o, struct str *message, struct err *e)
{
	if (o->changed.n && settle(ctx, e) < 0)
		return -1;
	if (o->failed.n) {
		autofree char *all = strv_join(&o->failed, "; ");
		return err_set(e, ERR_FAILED, "%s", all);
	}
	autofree char *all = strv_join(&o->changed, ", ");
	str_puts(message, o->changed.n ? all : "as they are to be");
	return o->changed.n > 0;
}

static int has_systemd(const struct ctx *ctx, struct err *e)
{
	auto_root_files f;
	root_files_init(&f, ctx);
	return ctx->bus ? 1 : units_present(&f.files, e);
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	struct outcome o = {0};
	int systemd = has_systemd(ctx, e);
	if (systemd == 0)
		str_puts(message, "there is no systemd");
	if (systemd <= 0)
		return systemd;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		change_all(ctx, &changes[i], &o);
	int done = tell(ctx, &o, message, e);
	strv_done(&o.changed);
	strv_done(&o.failed);
	return done;
}

const struct step step_units = {
	.name = "units",
	.help = "units that are to be on or off",
	.phase = PHASE_LOCAL,
	.needs_settings = true,
	.run = run_step,
};
