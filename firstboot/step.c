/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "step.h"

static const char *const phase_names[PHASES] = {
	[PHASE_LOCAL] = "local",
	[PHASE_NETWORK] = "network",
};

bool step_find(const char *name, size_t *ret)
{
	for (size_t i = 0; steps[i]; i++) {
		if (strcmp(steps[i]->name, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
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
