/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEP_H
#define FIRSTBOOT_STEP_H

/*
 * A step brings one thing of a board into its final state.  steps/list.def has them in the order
 * in which they run.  Power may fail at any instruction of one; what it does when it is run again
 * ends in the same state.
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

enum phase { PHASE_LOCAL, PHASE_NETWORK, PHASES };

struct settings;
struct board;
struct bus;

/* What a step works on. */
struct ctx {
	const char
		*root; /* "": the running board; else a directory, and nothing beside its files */
	bool dry_run;  /* say what would be done, write nothing */
	bool retrying; /* not the first try of this process */
	const struct settings *settings; /* the defaults when the file cannot be used */
	const struct board *board;
	struct bus *bus; /* NULL: there is none, use files */
};

struct step {
	const char *name; /* as in the report and after --again */
	const char *help; /* what it does, in one line */
	enum phase phase;
	bool needs_settings;  /* does not run when the settings cannot be used */
	bool per_board;	      /* runs again in another board */
	bool always;	      /* runs at each boot */
	bool retry;	      /* waits for other machines: run --retry runs it until it is done */
	unsigned pause_max_s; /* between two such tries; 0: as long as others like it */
	/*
	 * -1: failed, *e says what failed and what to do.  0: nothing to do.  1: changed; in a dry
	 * run: would change.  message gets one line of what was done or found, without secrets.
	 */
	int (*run)(struct ctx *ctx, struct str *message, struct err *e);
};

/* All steps, in order; NULL at the end. */
extern const struct step *const steps[];

/* Its place in steps[]; false when no step has that name. */
bool step_find(const char *name, size_t *ret);
/* "local", "network". */
const char *phase_name(enum phase phase);
/* True and *ret set when text is the name of a phase. */
bool phase_parse(const char *text, enum phase *ret);

#endif
