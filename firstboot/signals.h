/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_SIGNALS_H
#define FIRSTBOOT_SIGNALS_H

/* How a board without screen and network shows how it goes: its LED, and a line on the console. */

#include "state.h"
#include "step.h"

struct led_code {
	unsigned on_ms, off_ms; /* blinks for ever */
	const char *help;
};

/* By enum state_summary. */
extern const struct led_code led_codes[];

/* A board whose LED cannot blink shows nothing; nobody could be told. */
void signal_led(const struct ctx *ctx, enum state_summary summary);
/* "cardstock: worker003 10.0.0.13 TEXT" on the system console. */
void signal_console(const struct ctx *ctx, const char *text);

#endif
