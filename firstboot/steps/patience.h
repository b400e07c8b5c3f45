/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEPS_PATIENCE_H
#define FIRSTBOOT_STEPS_PATIENCE_H

/* The inside of steps that wait, for their tests: with a patience of their own. */

#include "step.h"

/* Ask every interval whether the clock is synchronised, for at most that long. */
int time_wait(struct ctx *ctx, unsigned patience_ms, unsigned interval_ms, struct str *message,
	      struct err *e) must_check;
/* Mount what the settings name; all of it gets that long together. */
int mounts_wait(struct ctx *ctx, unsigned patience_ms, struct str *message,
		struct err *e) must_check;

#endif
