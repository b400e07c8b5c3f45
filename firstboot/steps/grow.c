/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "grow.h"
#include "grow/program.h"
#include "io.h"
#include "mem.h"
#include "run.h"
#include "settings.h"

/* One run of the step. */
struct growth {
	const struct ctx *ctx;
	const char *mount_point;
	const struct grow_fs *fs;
	struct blockdev dev;
};

static void growth_done(struct growth *g)
{
	blockdev_done(&g->dev);
}
#define auto_growth __attribute__((cleanup(growth_done))) struct growth

/* The loader's message names the library, but not what to do. */
static int explain(struct err *e, const struct growth *g)
{
	bool lacks = strstr(e->msg, "libparted.so") != NULL;
	return err_wrap(e, "%s: its partition has not grown%s", g->dev.node,
			lacks ? " (libparted2, or what the system calls it, has to be installed)"
			      : "");
}

/* 1 when the partition has grown, in a dry run: would. */
static int run_program(const struct growth *g, const char *program, struct str *said, struct err *e)
{
	auto_blockdev disk = {0};
	if (blockdev_disk(g->ctx, &g->dev, &disk, e) < 0)
		return -1;
	autofree char *number = xasprintf("%d", g->dev.number);
	const char *const argv[] = {program, disk.node, number, NULL};
	const char *const dry[] = {program, "--dry-run", disk.node, number, NULL};
	struct run r = {.argv = g->ctx->dry_run ? dry : argv,
			.output = said,
			.ok_status = 1 << GROW_CHANGED};
	int code = run(&r, e);
	return code < 0 ? explain(e, g) : code == GROW_CHANGED;
}

static int grow_partition(const struct growth *g, const char *program, struct str *why,
			  struct err *e)
{
	auto_str said = STR_INIT;
	int may = grow_look(g->ctx, &g->dev, why, e);
	if (may <= 0)
		return may;
	int grown = run_program(g, program, &said, e);
	if (grown >= 0)
		str_printf(why, "%.*s", (int)strcspn(str_text(&said), "\n"), str_text(&said));
	return grown;
}

static int fs_size(const struct growth *g, uint64_t *ret, struct err *e)
{
	return g->fs->size(g->ctx, g->mount_point, &g->dev, ret, e);
}

/* The device may be larger since it was looked at. */
static int look_again(struct growth *g, struct err *e)
{
	auto_blockdev now = {0};
	int there = blockdev_read(g->ctx, path_base(g->dev.sys), &now, e);
	if (there > 0)
		g->dev.size = now.size;
	return there < 0 ? -1 : 0;
}

/* 1 when the file system has grown.  Also when that was left to be done by a run before. */
static int grow_file_system(struct growth *g, uint64_t *size, struct err *e)
{
	auto_err failed = ERR_INIT;
	uint64_t before = *size;
	if (look_again(g, e) < 0)
		return -1;
	if (g->dev.size < before + GROW_WORTH)
		return 0;
	if (g->ctx->dry_run)
		return 1;
	int r = grow_fs_run(g->fs, g->mount_point, &g->dev, &failed);
	if (fs_size(g, size, e) < 0)
		return -1;
	/* Something else of the system may grow it at the same moment; then only one of both can.
	 */
	if (r < 0 && g->dev.size >= *size + GROW_WORTH)
		return err_set(e, failed.code, "%s: its file system has not grown: %s", g->dev.node,
			       failed.msg);
	return *size > before;
}

static int grow(struct growth *g, const char *type, const char *program, struct str *message,
		struct err *e)
{
	auto_str why = STR_INIT;
	uint64_t before, after;
	if (fs_size(g, &before, e) < 0)
		return -1;
	after = before;
	int part = grow_partition(g, program, &why, e);
	int fs = part < 0 ? -1 : grow_file_system(g, &after, e);
	if (fs < 0)
		return -1;
	autofree char *was = format_size(before), *is = format_size(after);
	if (after > before)
		str_printf(message, "%s of %s: %s, was %s", type, g->dev.node, is, was);
	else
		str_printf(message, "%s of %s: %s; %s", type, g->dev.node, is, str_text(&why));
	return part || fs;
}

int grow_mount(const struct ctx *ctx, const char *mount_point, const char *program,
	       struct str *message, struct err *e)
{
	auto_growth g = {.ctx = ctx, .mount_point = mount_point};
	autofree char *type = NULL;
	int found = grow_find(ctx, mount_point, &type, &g.dev, message, e);
	if (found <= 0)
		return found;
	g.fs = grow_fs_find(type);
	if (g.fs)
		return grow(&g, type, program, message, e);
	str_printf(message, "%s of %s cannot grow while it is mounted", type, g.dev.node);
	return 0;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	if (*ctx->root) {
		str_puts(message, "is done by the running board");
		return 0;
	}
	if (!ctx->settings->grow) {
		str_puts(message, "the settings say grow = no");
		return 0;
	}
	autofree char *dir = io_program_dir();
	autofree char *program = path_join(dir ? dir : "", GROW_PROGRAM);
	return grow_mount(ctx, "/", program, message, e);
}

const struct step step_grow = {
	.name = "grow",
	.help = "the root partition and its file system grow to the end of the card",
	.phase = PHASE_LOCAL,
	.needs_settings = true, /* what has grown cannot shrink */
	.run = run_step,
};
