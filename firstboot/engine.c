/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bus.h"
#include "engine.h"
#include "interrupt.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "pace.h"
#include "place.h"
#include "rootfs.h"
#include "signals.h"
#include "tell.h"

/* Between two tries: the other machine may be off for days, and may be back in a moment. */
#define PAUSE_FIRST_S 5
#define PAUSE_MAX_S 300
#define LOCK_PAUSE_MS 200

static bool is_live(const struct engine *en)
{
	return !*en->ctx.root && !en->ctx.dry_run;
}

/* "" means the running board: an empty --root, as of a variable that is not set, must not. */
static int check_root(const char *root, struct err *e)
{
	if (!root)
		return 0;
	autoclose int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(e, ERR_USAGE, "--root '%s'", root) : 0;
}

int engine_init(struct engine *en, const struct options *o, struct err *e)
{
	*en = (struct engine){.lock = -1};
	if (check_root(o->root, e) < 0)
		return -1;
	en->ctx = (struct ctx){.root = o->root ? o->root : "",
			       .dry_run = o->dry_run,
			       .settings = &en->settings,
			       .board = &en->board};
	en->report = (struct report){&en->ctx, &en->state, &en->settings_error, &en->state_error};
	if (settings_load(&en->ctx, &en->settings, &en->settings_error) < 0)
		log_debug("%s", en->settings_error.msg);
	place_complete(&en->ctx, &en->settings);
	board_read(&en->ctx, &en->board);
	return 0;
}

void engine_done(struct engine *en)
{
	bus_close(en->ctx.bus);
	settings_done(&en->settings);
	board_done(&en->board);
	state_done(&en->state);
	err_done(&en->settings_error);
	err_done(&en->state_error);
	err_done(&en->report_error);
	cleanup_close(&en->lock);
}

/* ---- before the steps ---- */

/*
 * The network phase begins while the local one still runs; nobody else is meant to be here.  Where
 * there is no place for the state, there is none for a lock.
 */
static int lock(struct engine *en, struct err *e)
{
	auto_err ignored = ERR_INIT;
	if (en->ctx.dry_run || root_mkdir(&en->ctx, STATE_DIR, &ignored) < 0)
		return 0;
	en->lock = root_open(&en->ctx, STATE_DIR, O_RDONLY | O_DIRECTORY, 0, &ignored);
	if (en->lock < 0 || flock(en->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (is_live(en))
		notify_status("waiting for another firstboot to end");
	while (flock(en->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		if (pace_wait_ms(LOCK_PAUSE_MS, e) < 0)
			return -1;
	}
	return 0;
}

static void tell_state(const struct engine *en, const char *what)
{
	tell(&en->ctx, "state",
	     &(struct notify_entry){NOTIFY_STATE, NOTIFY_INFO, what, NULL,
				    phase_name(en->state.phase), "unchanged"});
}

/* Forget what the state says of another image or another board. */
static void judge_state(struct engine *en)
{
	struct state *s = &en->state;
	const char *build = en->settings.build, *board = en->board.id;
	if (s->build && build && strcmp(s->build, build) != 0) {
		tell_state(en, "is of another image; all steps run again");
		state_forget_all(s);
	} else if (s->board && board && strcmp(s->board, board) != 0) {
		tell_state(en, "is of another board; what depends on the board runs again");
		state_forget_board(s);
	}
	if (build)
		state_set_text(s, &s->build, build);
	if (board)
		state_set_text(s, &s->board, board);
}

static void lose_state(struct engine *en, const char *why)
{
	if (!en->state_error.msg)
		err_set(&en->state_error, ERR_FAILED,
			"%s; what was done is not kept, so all steps run again at the next boot",
			why);
}

void engine_load_state(struct engine *en, struct str *why)
{
	state_load(&en->ctx, &en->state, why);
	if (en->state.unkept)
		lose_state(en, en->state.unkept);
}

static void load_state(struct engine *en)
{
	auto_str why = STR_INIT;
	engine_load_state(en, &why);
	if (why.len) {
		str_puts(&why, "; all steps run again");
		tell_state(en, str_text(&why));
	}
	judge_state(en);
}

static int unknown_step(const char *name, struct err *e)
{
	auto_strv names = {0};
	for (size_t i = 0; steps[i]; i++)
		strv_add(&names, steps[i]->name);
	autofree char *all = strv_join(&names, ", ");
	return err_set(e, ERR_USAGE, "--again: there is no step '%s'; the steps are: %s", name,
		       all);
}

static int forget_again(struct engine *en, enum phase phase, const struct strv *again,
			struct err *e)
{
	strv_foreach (name, again) {
		size_t i;
		if (!step_find(*name, &i))
			return unknown_step(*name, e);
		if (steps[i]->phase != phase)
			return err_set(e, ERR_USAGE, "--again: '%s' is a step of --phase %s", *name,
				       phase_name(steps[i]->phase));
		state_forget(&en->state, i);
	}
	return 0;
}

/* ---- the steps ---- */

static bool is_due(const struct engine *en, enum phase phase, size_t i)
{
	enum result before = en->state.records[i].result;
	if (steps[i]->phase != phase || (steps[i]->needs_settings && en->settings_error.msg))
		return false;
	if (en->ctx.retrying)
		return steps[i]->retry && before == RESULT_FAILED;
	return steps[i]->always || before == RESULT_NONE || before == RESULT_FAILED;
}

static bool any_due(const struct engine *en, enum phase phase)
{
	for (size_t i = 0; steps[i]; i++) {
		if (is_due(en, phase, i))
			return true;
	}
	return false;
}

/* State first: a report that is older than the state is written again by the next run. */
static void save(struct engine *en)
{
	auto_err failure = ERR_INIT;
	if (en->ctx.dry_run)
		return;
	if (state_save(&en->ctx, &en->state, &failure) == 0)
		err_done(&en->state_error);
	else
		lose_state(en, failure.msg);
	err_done(&en->report_error);
	if (report_save(&en->report, &en->report_error) < 0)
		log_debug("%s", en->report_error.msg);
}

static void tell_step(const struct engine *en, const struct step *s, int result,
		      const char *message)
{
	static const char *const live[] = {"failed", "unchanged", "changed"};
	static const char *const dry[] = {"would fail", "unchanged", "would change"};
	tell(&en->ctx, s->name,
	     &(struct notify_entry){result < 0 ? NOTIFY_STEP_FAILED : NOTIFY_STEP,
				    result < 0 ? NOTIFY_ERROR : NOTIFY_INFO, message, s->name,
				    phase_name(s->phase),
				    (en->ctx.dry_run ? dry : live)[result + 1]});
}

static void announce(const struct engine *en, const struct step *s)
{
	autofree char *text = xasprintf("%s: %s", s->name, s->help);
	if (is_live(en))
		notify_status(text);
}

/* What is as it was at the boot, or the try, before is neither told nor written again. */
static bool is_known(const struct engine *en, size_t i, int result, const char *message)
{
	const struct record *before = &en->state.records[i];
	autofree char *line = state_line(message);
	if (result < 0)
		return en->ctx.retrying && before->result == RESULT_FAILED &&
		       strcmp(before->message, line) == 0;
	return result == 0 &&
	       (before->result == RESULT_CHANGED || before->result == RESULT_UNCHANGED);
}

static int run_step(struct engine *en, size_t i, struct err *e)
{
	static const enum result results[] = {RESULT_FAILED, RESULT_UNCHANGED, RESULT_CHANGED};
	const struct step *s = steps[i];
	auto_str message = STR_INIT;
	auto_err failure = ERR_INIT;
	uint64_t began = pace_now_ms();
	int r = s->run(&en->ctx, &message, &failure);
	place_complete(&en->ctx, &en->settings);
	if (r < 0 && failure.code == ERR_INTERRUPT)
		return err_set(e, ERR_INTERRUPT, "%s: %s", s->name, failure.msg);
	const char *text = r < 0 ? failure.msg : str_text(&message);
	if (is_known(en, i, r, text))
		return 0;
	state_record(&en->state, i, results[r + 1], (long)(pace_now_ms() - began), text);
	en->news = true;
	tell_step(en, s, r, text);
	save(en);
	return 0;
}

static int run_due(struct engine *en, enum phase phase, struct err *e)
{
	auto_err ignored = ERR_INIT;
	if (!*en->ctx.root && bus_open(&en->ctx.bus, &ignored) < 0)
		log_debug("%s", ignored.msg);
	if (is_live(en))
		signal_led(&en->ctx, STATE_WORKING);
	for (size_t i = 0; steps[i]; i++) {
		if (!is_due(en, phase, i))
			continue;
		if (interrupt_check(e) < 0)
			return -1;
		announce(en, steps[i]);
		if (run_step(en, i, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- after the steps ---- */

/* Names of what failed in this phase, ", " between; "" when all is well. */
static char *failed_names(const struct engine *en, enum phase phase)
{
	auto_strv names = {0};
	if (en->settings_error.msg)
		strv_add(&names, "settings");
	if (en->state_error.msg)
		strv_add(&names, "state");
	for (size_t i = 0; steps[i]; i++) {
		if (steps[i]->phase == phase && en->state.records[i].result == RESULT_FAILED)
			strv_add(&names, steps[i]->name);
	}
	return strv_join(&names, ", ");
}

/* A try that ends as the one before is not told again. */
static bool is_news(const struct engine *en)
{
	return !en->ctx.retrying || en->news;
}

static void tell_problem(const struct engine *en, const char *name, const struct err *problem,
			 enum phase phase)
{
	if (problem->msg && is_news(en))
		tell(&en->ctx, name,
		     &(struct notify_entry){NOTIFY_STEP_FAILED, NOTIFY_ERROR, problem->msg, name,
					    phase_name(phase), result_name(RESULT_FAILED)});
}

/* The board, the console and the journal say how it went. */
static void tell_phase(const struct engine *en, enum phase phase, const char *failed, uint64_t ms)
{
	const char *name = phase_name(phase);
	autofree char *text = *failed ? xasprintf("%s steps failed: %s", name, failed)
				      : xasprintf("%s steps done in %llu.%llu s", name,
						  (unsigned long long)(ms / 1000),
						  (unsigned long long)(ms % 1000 / 100));
	if (!is_live(en))
		return;
	signal_led(&en->ctx, report_summary(&en->report));
	notify_status(text);
	if (!is_news(en))
		return;
	signal_console(&en->ctx, text);
	notify_journal(&(struct notify_entry){NOTIFY_PHASE, *failed ? NOTIFY_ERROR : NOTIFY_INFO,
					      text, NULL, name, *failed ? "failed" : "done"});
}

static int finish(struct engine *en, enum phase phase, uint64_t began, struct err *e)
{
	save(en);
	tell_problem(en, "settings", &en->settings_error, phase);
	tell_problem(en, "state", &en->state_error, phase);
	tell_problem(en, "report", &en->report_error, phase);
	autofree char *failed = failed_names(en, phase);
	tell_phase(en, phase, failed, pace_now_ms() - began);
	if (!*failed || en->ctx.dry_run)
		return 0;
	return err_set(e, ERR_STEP, "%s steps failed: %s; 'firstboot status' says what to do",
		       phase_name(phase), failed);
}

/* The network phase's unit starts after this of the local one: it cannot have the lock first. */
static void tell_ready(const struct engine *en)
{
	if (is_live(en) && !en->ctx.retrying)
		notify_ready();
}

int engine_run(struct engine *en, enum phase phase, const struct strv *again, struct err *e)
{
	uint64_t began = pace_now_ms();
	en->news = false;
	if (phase != PHASE_LOCAL)
		tell_ready(en);
	if (lock(en, e) < 0)
		return -1;
	if (phase == PHASE_LOCAL)
		tell_ready(en);
	load_state(en);
	if (forget_again(en, phase, again, e) < 0)
		return -1;
	if (again->n) /* or a power cut in the step would let it count as done */
		save(en);
	state_set_phase(&en->state, phase);
	if (any_due(en, phase) && run_due(en, phase, e) < 0)
		return err_wrap(e, "%s steps; the next run goes on", phase_name(phase));
	return finish(en, phase, began, e);
}

/* ---- and again ---- */

static bool waits_for_others(const struct engine *en, enum phase phase)
{
	for (size_t i = 0; steps[i]; i++) {
		if (steps[i]->phase == phase && steps[i]->retry &&
		    en->state.records[i].result == RESULT_FAILED)
			return true;
	}
	return false;
}

/* The shortest of what the steps that are tried again put up with. */
static unsigned pause_max(const struct engine *en, enum phase phase)
{
	unsigned max = PAUSE_MAX_S;
	for (size_t i = 0; steps[i]; i++) {
		unsigned own = steps[i]->pause_max_s;
		if (own && own < max && steps[i]->phase == phase &&
		    en->state.records[i].result == RESULT_FAILED)
			max = own;
	}
	return max;
}

/* Meanwhile others may run firstboot, or restart the bus. */
static void let_go(struct engine *en)
{
	bus_close(en->ctx.bus);
	en->ctx.bus = NULL;
	cleanup_close(&en->lock);
	en->lock = -1;
	state_done(&en->state);
}

static int rest(const struct engine *en, unsigned seconds, const struct err *why, struct err *e)
{
	autofree char *text = xasprintf("%s; next try in %u s", why->msg, seconds);
	if (is_live(en))
		notify_status(text);
	for (unsigned i = 0; i < seconds; i++) {
		if (pace_wait_ms(1000, e) < 0)
			return -1;
	}
	return 0;
}

int engine_run_until_done(struct engine *en, enum phase phase, const struct strv *again,
			  struct err *e)
{
	static const struct strv none = {0};
	auto_err why = ERR_INIT;
	int r = engine_run(en, phase, again, &why);
	for (unsigned pause = PAUSE_FIRST_S;
	     r < 0 && why.code == ERR_STEP && waits_for_others(en, phase);
	     pause = pause * 2 < PAUSE_MAX_S ? pause * 2 : PAUSE_MAX_S) {
		unsigned max = pause_max(en, phase);
		let_go(en);
		if (rest(en, pause < max ? pause : max, &why, e) < 0)
			return -1;
		en->ctx.retrying = true;
		err_done(&why);
		r = engine_run(en, phase, &none, &why);
	}
	return r < 0 ? err_set(e, why.code, "%s", why.msg) : 0;
}
