/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The master learns that this board is there, and the board what it may be told then: its name, and
 * secrets that no card carries.  At each boot, because both may have changed.
 */
#include "bus.h"
#include "join.h"
#include "mem.h"
#include "place.h"
#include "settings.h"
#include "signals.h"

/* Then the other steps have their turn, and the service runs this one again. */
#define PATIENCE_MS 60000
#define PAUSE_MS 1000
#define PAUSE_MOST_MS 60000
/* A crowd that came at once is dropped at once: first apart, then who is left has it over with. */
#define DROPPED_MS 35000
#define DROPPED_MORE_MS 15000
#define REST_S 60
#define PLACE_S 120

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

static int register_board(struct ctx *ctx, struct str *message, struct err *e)
{
	static const struct join_how how = {PATIENCE_MS, PAUSE_MS, PAUSE_MOST_MS, DROPPED_MS,
					    DROPPED_MORE_MS};
	auto_reply r = {.munge = STR_SECRET};
	struct join_news news;
	int joined = join_wait_turn(ctx, e) < 0 ? -1 : join_run(ctx, &how, &r, e);
	int place = joined < 0 || join_take(ctx, &r, &news, e) < 0 ? -1 : take_place(ctx, e);
	int later = place > 0 ? place_is_due(ctx, e) : place;
	if (later < 0)
		return -1;
	str_printf(message, "registered as %s%s%s%s%s%s", r.name, r.address ? " " : "",
		   r.address ? r.address : "",
		   later ? ", which it has when it was switched off and on" : "",
		   news.munge ? "; munge has a new key" : "", news.name ? "; the name is new" : "");
	if (joined)
		signal_console(ctx, ctx->settings->hostname ? "registered" : str_text(message));
	return joined || place || news.munge || news.name;
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
	.pause_max_s = REST_S,
	.run = run_step,
};
