/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>

#include "custom.h"

#define CUSTOM(id) extern const struct custom custom_##id;
#include "custom/list.def"
#undef CUSTOM

const struct custom *const customs[] = {
#define CUSTOM(id) &custom_##id,
#include "custom/list.def"
#undef CUSTOM
	NULL,
};

int custom_prepare(const struct profile *p, const struct cluster *c, struct err *e)
{
	for (size_t i = 0; customs[i]; i++) {
		if (customs[i]->prepare && customs[i]->prepare(p, c, e) < 0)
			return -1;
	}
	return 0;
}
