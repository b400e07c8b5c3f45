/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The master learns that this board is there, and the board what it may be told then: its name, and
 * secrets that no card carries.  At each boot, because both may have changed.
 */
#include <string.h>

#include "bus.h"
#include "join.h"
#include "mem.h"
#include "pace.h"
#include "place.h"
#include "rootfs.h"
#include "settings.h"
#include "signals.h"

/* Then the other steps have their turn, and the service runs this one again. */
#define PATIENCE_MS 60000
#define PAUSE_MS 1000
#define PAUSE_MOST_MS 60000

#define MUNGE_DIR "/etc/munge"
#define MUNGE_KEPT JOIN_DIR "/munge.key"
#define MUNGE_NEW JOIN_DIR "/munge.new"
#define KEY_MAX 1024
#define INSTALL_S 60
#define PLACE_S 120

/* Our service may write little and be nobody else: PID 1 has it done. */
static int install_munge(struct bus *b, struct err *e)
{
	static const char *const argv[] = {
		"/usr/bin/install",	"-o", "munge", "-g", "munge", "-m", "0400", MUNGE_NEW,
		MUNGE_DIR "/munge.key", NULL};
	static const char *const env[] = {"LC_ALL=C", NULL};
	auto_str output = STR_INIT;
	enum unit_state state;
	const struct bus_job job = {.unit = "cardstock-munge.service",
				    .description = "Install the cluster's munge key (Cardstock)",
				    .argv = argv,
				    .env = env,
				    .timeout_s = INSTALL_S,
				    .output = &output};
	if (bus_run(b, &job, e) < 0 || bus_settle(b, e) < 0 ||
	    bus_unit_state(b, "munge.service", &state, e) < 0)
		return err_wrap(e, MUNGE_DIR "/munge.key");
	if (state == UNIT_ABSENT || state == UNIT_INACTIVE)
		return 0;
	if (state == UNIT_FAILED && bus_reset_failed_unit(b, "munge.service", e) < 0)
		return -1;
	return bus_restart_unit(b, "munge.service", e);
}

static int is_kept(const struct ctx *ctx, const struct str *key, struct err *e)
{
	auto_str kept = STR_SECRET;
	int there = root_read(ctx, MUNGE_KEPT, KEY_MAX, &kept, e);
	return there <= 0 ? there
			  : kept.len == key->len && memcmp(kept.data, key->data, key->len) == 0;
}

/* 1: the key is another one than before.  Where munge is not installed, nothing is done. */
static int take_munge(const struct ctx *ctx, const struct str *key, struct err *e)
{
	int there = key->len && ctx->bus ? root_exists(ctx, MUNGE_DIR, e) : 0;
	int kept = there > 0 ? is_kept(ctx, key, e) : there;
	if (there <= 0 || kept)
		return there < 0 || kept < 0 ? -1 : 0;
	if (root_replace(ctx, MUNGE_NEW, key->data, key->len, 0600, e) < 0 ||
	    install_munge(ctx->bus, e) < 0 ||
	    root_replace(ctx, MUNGE_KEPT, key->data, key->len, 0600, e) < 0 ||
	    root_remove(ctx, MUNGE_NEW, e) < 0)
		return -1;
	return 1;
}

/* The last that a program said, or "". */
static char *last_line(const char *text)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	return xstrdup(lines.n ? lines.v[lines.n - 1] : "");
}

/* Our service may write neither /etc nor speak to the network's services. */
static int run_place(struct bus *b, struct err *e)
{
	static const char *const argv[] = {"/usr/lib/cardstock/firstboot", "place", NULL};
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	auto_str output = STR_INIT;
	const struct bus_job job = {
		.unit = "cardstock-place.service",
		.description = "Take the name and address of this board (Cardstock)",
		.argv = argv,
		.env = env,
		.timeout_s = PLACE_S,
		.output = &output};
	if (bus_run(b, &job, e) == 0)
		return 1;
	autofree char *said = last_line(str_text(&output));
	if (*said && e->code != ERR_INTERRUPT)
		return err_set(e, ERR_FAILED, "place: %s", said);
	return err_wrap(e, "place");
}

/* A board that nobody planned gets all of its place; without a bus we are in no sandbox. */
static int take_place(struct ctx *ctx, struct err *e)
{
	auto_str message = STR_INIT;
	int due = place_is_due(ctx, e);
	if (due <= 0)
		return due;
	return ctx->bus ? run_place(ctx->bus, e) : place_take(ctx, &message, e);
}

/* `nodectl rename` gave the node another one. */
static int take_name(const struct ctx *ctx, const char *name, struct err *e)
{
	autofree char *has = NULL;
	int known = ctx->bus ? bus_get_hostname(ctx->bus, &has, e) : 0;
	if (known <= 0 || strcmp(has, name) == 0)
		return known < 0 ? -1 : 0;
	if (bus_set_hostname(ctx->bus, name, e) < 0 || bus_settle(ctx->bus, e) < 0)
		return -1;
	return 1;
}

static int register_board(struct ctx *ctx, struct str *message, struct err *e)
{
	static const struct join_how how = {PATIENCE_MS, PAUSE_MS, PAUSE_MOST_MS};
	auto_reply r = {.munge = STR_SECRET};
	for (unsigned left = join_first_delay_ms(ctx); left; left -= left < 1000 ? left : 1000) {
		if (pace_wait_ms(left < 1000 ? left : 1000, e) < 0)
			return -1;
	}
	int joined = join_run(ctx, &how, &r, e);
	int munge = joined < 0 ? -1 : take_munge(ctx, &r.munge, e);
	int place = munge < 0 ? -1 : take_place(ctx, e);
	int later = place > 0 ? place_is_due(ctx, e) : place;
	int name = later < 0 ? -1 : take_name(ctx, r.name, e);
	if (name < 0)
		return -1;
	str_printf(message, "registered as %s%s%s%s%s%s", r.name, r.address ? " " : "",
		   r.address ? r.address : "",
		   later ? ", which it has when it was switched off and on" : "",
		   munge ? "; munge has a new key" : "", name ? "; the name is new" : "");
	if (joined)
		signal_console(ctx, ctx->settings->hostname ? "registered" : str_text(message));
	return joined || place || munge || name;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	if (!join_is_wanted(ctx) || *ctx->root) {
		str_puts(message, *ctx->root ? "the board does it" : "no master registers it");
		return 0;
	}
	if (ctx->dry_run) {
		str_printf(message, "would register with %s", ctx->settings->register_name);
		return 0;
	}
	return register_board(ctx, message, e);
}

const struct step step_registration = {
	.name = "registration",
	.help = "the master knows the board; each boot",
	.phase = PHASE_NETWORK,
	.needs_settings = true,
	.per_board = true,
	.always = true,
	.retry = true,
	.run = run_step,
};
