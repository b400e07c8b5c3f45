/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the master told a board that nobody planned, where a power cut came between.  The step
 * registration takes it as soon as it is told.
 */
#include "place.h"

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	return place_take(ctx, message, e);
}

const struct step step_place = {
	.name = "place",
	.help = "name and address that the master gave a board nobody planned; each boot",
	.phase = PHASE_LOCAL,
	.needs_settings = true,
	.always = true,
	.run = run_step,
};
