/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of steps, in a file of its own: a test brings another one. */
#include <stddef.h>

#include "step.h"

#define STEP(id) extern const struct step step_##id;
#include "steps/list.def"
#undef STEP

const struct step *const steps[] = {
#define STEP(id) &step_##id,
#include "steps/list.def"
#undef STEP
	NULL,
};
