/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEPS_CLOCK_H
#define FIRSTBOOT_STEPS_CLOCK_H

/* The inside of the step clock, for its test: a clock that is not the machine's. */

#include <time.h>

#include "step.h"

typedef int clock_setter(struct bus *b, time_t to, struct err *e);

/* The clock says now; set NULL: it is not ours to set. */
int clock_step(struct ctx *ctx, time_t now, clock_setter *set, struct str *message,
	       struct err *e) must_check;

#endif
