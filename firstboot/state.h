/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STATE_H
#define FIRSTBOOT_STATE_H

/*
 * What was done so far, kept in STATE_PATH:
 *
 *   cardstock-state 1
 *   board serial:10000000abcdef01
 *   build 20260101-worker
 *   phase local
 *   step hostname changed 12 worker003
 *   crc32 1c291ca3
 *
 * A step's line has its result, milliseconds and message; absent lines are what is not known.  The
 * last line is the CRC-32 of all before it.  A file that is damaged counts as absent: every step
 * may run twice.
 *
 * Where that cannot be written, because the root file system is read-only or full, it is kept in
 * STATE_RUN_PATH until the next boot, with a line that says why: the network phase and who asks for
 * the status know then what the local phase did.
 */

#include <stdbool.h>

#include "err.h"
#include "step.h"

#define STATE_DIR "/var/lib/cardstock"
#define STATE_PATH STATE_DIR "/firstboot.state"
#define STATE_RUN_PATH "/run/cardstock/firstboot.state"
#define STATE_MESSAGE_MAX 2000 /* mkimage inspect takes texts of up to 4096 */

enum result { RESULT_NONE, RESULT_CHANGED, RESULT_UNCHANGED, RESULT_FAILED, RESULTS };

/* "changed", "unchanged", "failed"; NULL for RESULT_NONE. */
const char *result_name(enum result result);

struct record {
	enum result result; /* RESULT_NONE: the step is not done */
	long ms;
	char *message; /* one line; NULL with RESULT_NONE */
};

struct state {
	char *board, *build;	/* ids; NULL: not known */
	char *unkept;		/* why it is in STATE_RUN_PATH; NULL: it is not */
	bool begun;		/* some phase ran */
	enum phase phase;	/* the last of the phases that ran */
	struct record *records; /* one for each of steps[] */
	bool changed;		/* since it was loaded or saved */
};

/*
 * Load what there is.  why gets what is wrong with a file that cannot be used; the state is empty
 * then.
 */
void state_load(const struct ctx *ctx, struct state *ret, struct str *why);
/* Empty; for state_parse. */
void state_init(struct state *s);
/* Text to state, which is empty before; -1 leaves it half filled. */
int state_parse(const char *text, size_t len, struct state *s, struct err *e) must_check;
/* Write it, durably, when it changed; -1 when it is not in STATE_PATH. */
int state_save(const struct ctx *ctx, struct state *s, struct err *e) must_check;
void state_done(struct state *s);
#define auto_state __attribute__((cleanup(state_done))) struct state

/* Forget steps: all of them, those of a board, or one. */
void state_forget_all(struct state *s);
void state_forget_board(struct state *s);
void state_forget(struct state *s, size_t step);
/* Set a text ("board", "build") or the phase; same values change nothing. */
void state_set_text(struct state *s, char **field, const char *value);
void state_set_phase(struct state *s, enum phase phase);
/* The message as it is kept: one line, cut behind STATE_MESSAGE_MAX bytes; owned. */
char *state_line(const char *message);
/* What came of step number step. */
void state_record(struct state *s, size_t step, enum result result, long ms, const char *message);

enum state_summary { STATE_WORKING, STATE_DONE, STATE_FAILED };

/* "working": steps of the phases that ran are missing; else whether all of them did not fail. */
enum state_summary state_summary(const struct state *s);
const char *state_summary_name(enum state_summary summary);

#endif
