/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

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

static const char *const phase_names[PHASES] = {
	[PHASE_LOCAL] = "local",
	[PHASE_NETWORK] = "network",
};

const struct step *step_find(const char *name)
{
	for (size_t i = 0; steps[i]; i++) {
		if (strcmp(steps[i]->name, name) == 0)
			return steps[i];
	}
	return NULL;
}

const char *phase_name(enum phase phase)
{
	return phase_names[phase];
}

bool phase_parse(const char *text, enum phase *ret)
{
	for (size_t i = 0; i < PHASES; i++) {
		if (strcmp(text, phase_names[i]) == 0) {
			*ret = (enum phase)i;
			return true;
		}
	}
	return false;
}
