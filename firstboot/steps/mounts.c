/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Directories of other nodes, by their units: the boot does not wait for them.  systemd mounts, not
 * we, and nobody touches the path: with a server that is off, both could hang for ever.
 */
#include <string.h>

#include "bus.h"
#include "log.h"
#include "mem.h"
#include "pace.h"
#include "patience.h"
#include "settings.h"
#include "unit_text.h"

#define PATIENCE_MS 45000 /* fstab of mkimage gives a server 30 s */

/* One mount point on its way. */
struct point {
	const char *path;
	char *unit;
	enum unit_state state;
	bool was_mounted;
	struct err failure;
};

struct points {
	struct point *p;
	size_t n;
};

static void points_init(struct points *all, const struct strv *paths)
{
	all->n = paths->n;
	all->p = xcalloc(all->n, sizeof(*all->p));
	for (size_t i = 0; i < all->n; i++)
		all->p[i] = (struct point){.path = paths->v[i],
					   .unit = unit_of_path(paths->v[i], ".mount")};
}

static void points_done(struct points *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->p[i].unit);
		err_done(&all->p[i].failure);
	}
	free(all->p);
}

#define auto_points __attribute__((cleanup(points_done))) struct points

static int start_point(struct bus *b, struct point *p, struct err *e)
{
	if (bus_unit_state(b, p->unit, &p->state, e) < 0)
		return -1;
	p->was_mounted = p->state == UNIT_ACTIVE;
	if (p->state == UNIT_ABSENT)
		return err_set(e, ERR_FAILED, "/etc/fstab has no line for it; add one");
	if (p->state == UNIT_FAILED && bus_reset_failed_unit(b, p->unit, e) < 0)
		return -1;
	bool idle = p->state == UNIT_FAILED || p->state == UNIT_INACTIVE;
	return idle ? bus_start_unit(b, p->unit, e) : 0;
}

static int refuse(struct bus *b, const struct point *p, unsigned patience_ms, struct err *e)
{
	autofree char *result = NULL;
	if (p->state == UNIT_BUSY)
		return err_set(e, ERR_FAILED,
			       "not mounted after %u s: is the server on, and does the network "
			       "reach it? See 'systemctl status %s'",
			       patience_ms / 1000, p->unit);
	if (bus_unit_result(b, p->unit, &result, e) < 0)
		return -1;
	return err_set(e, ERR_FAILED,
		       "not mounted (%s): is the server on, and does it export this? See "
		       "'systemctl status %s'",
		       result, p->unit);
}

/* That we tried is no failure of the system; whoever needs the directory tries by its automount. */
static int leave_no_trace(struct bus *b, const struct point *p)
{
	auto_err ignored = ERR_INIT;
	if (p->state == UNIT_FAILED && bus_reset_failed_unit(b, p->unit, &ignored) < 0)
		log_debug("%s", ignored.msg);
	return -1;
}

static int wait_point(struct bus *b, struct point *p, unsigned patience_ms, uint64_t end,
		      struct err *e)
{
	uint64_t now = pace_now_ms();
	if (p->was_mounted || p->failure.msg)
		return 0;
	if (bus_wait_unit(b, p->unit, now < end ? (unsigned)(end - now) : 0, &p->state, e) < 0)
		return -1;
	if (p->state == UNIT_ACTIVE)
		return 0;
	(void)!refuse(b, p, patience_ms, e);
	return leave_no_trace(b, p);
}

/* All are told, those that failed as the error. */
static int tell(struct points *all, struct str *message, struct err *e)
{
	auto_strv failed = {0}, mounted = {0};
	bool changed = false;
	for (size_t i = 0; i < all->n; i++) {
		const struct point *p = &all->p[i];
		if (p->failure.msg)
			strv_printf(&failed, "'%s': %s", p->path, p->failure.msg);
		else
			strv_add(&mounted, p->path);
		changed = changed || (!p->failure.msg && !p->was_mounted);
	}
	autofree char *list = strv_join(failed.n ? &failed : &mounted, failed.n ? "; " : ", ");
	if (failed.n)
		return err_set(e, ERR_FAILED, "%s", list);
	str_printf(message, "mounted: %s", list);
	return changed;
}

/* They are started together, so that dead servers take their time together. */
int mounts_wait(struct ctx *ctx, unsigned patience_ms, struct str *message, struct err *e)
{
	auto_points all = {0};
	uint64_t end = pace_now_ms() + patience_ms;
	points_init(&all, &ctx->settings->mounts);
	for (size_t i = 0; i < all.n; i++)
		(void)!start_point(ctx->bus, &all.p[i], &all.p[i].failure);
	for (size_t i = 0; i < all.n; i++)
		(void)!wait_point(ctx->bus, &all.p[i], patience_ms, end, &all.p[i].failure);
	return interrupt_check(e) < 0 ? -1 : tell(&all, message, e);
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	autofree char *paths = strv_join(&ctx->settings->mounts, ", ");
	if (!ctx->settings->mounts.n || *ctx->root) {
		str_puts(message, *ctx->root ? "the board mounts them" : "the settings have none");
		return 0;
	}
	if (!ctx->bus)
		return err_set(e, ERR_FAILED,
			       "%s: there is no system bus to have them mounted; try 'mount -a'",
			       paths);
	if (ctx->dry_run) {
		str_printf(message, "what is not mounted of: %s", paths);
		return 1;
	}
	return mounts_wait(ctx, PATIENCE_MS, message, e);
}

const struct step step_mounts = {
	.name = "mounts",
	.help = "directories of other nodes",
	.phase = PHASE_NETWORK,
	.needs_settings = true,
	.retry = true,
	.run = run_step,
};
