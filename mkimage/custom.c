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
