/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_ENGINE_H
#define FIRSTBOOT_ENGINE_H

/*
 * Runs the steps of a phase that are not done, keeps the state after each, reports.  One run at a
 * time: another one waits.
 */

#include "board.h"
#include "options.h"
#include "report.h"
#include "settings.h"
#include "state.h"
#include "step.h"

struct engine {
	struct ctx ctx;
	struct settings settings;
	struct board board;
	struct state state;
	struct report report;
	struct err settings_error; /* they cannot be used */
	struct err state_error;	 /* it could not be written; all steps run again at the next boot */
	struct err report_error; /* it could not be written; no failure of the phase */
	int lock;
	bool news; /* a step of this try ended otherwise than before */
};

/* Read settings and board below o->root, which must be a directory; ERR_USAGE when it is not. */
int engine_init(struct engine *en, const struct options *o, struct err *e) must_check;
void engine_done(struct engine *en);
/* As state_load; that the state is kept until the next boot only is a problem to be reported. */
void engine_load_state(struct engine *en, struct str *why);
#define auto_engine __attribute__((cleanup(engine_done))) struct engine

/*
 * Run the phase.  ERR_STEP when a step of it failed, the others have run; ERR_INTERRUPT when a
 * signal came, the next run goes on.
 */
int engine_run(struct engine *en, enum phase phase, const struct strv *again,
	       struct err *e) must_check;

/*
 * As engine_run, and then again and again, with longer and longer pauses, those failed steps that
 * wait for other machines; it ends when none of them is left.
 */
int engine_run_until_done(struct engine *en, enum phase phase, const struct strv *again,
			  struct err *e) must_check;

#endif
