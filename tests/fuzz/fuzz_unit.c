/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit files of a hostile image. The input is a unit's name, a NUL byte, and its file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit_text.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand_all(const struct strv *names, const char *unit)
{
	strv_foreach (name, names) {
		autofree char *text = unit_expand(*name, unit);
		if (text && !strchr(*name, '%') && strcmp(text, *name) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_unit_install u = {0};
	autofree char *unit = xmemdup(data, size);
	const char *text = unit + strlen(unit);
	text += text < unit + size;
	unit_install_parse(text, &u);
	expand_all(&u.wanted_by, unit);
	expand_all(&u.required_by, unit);
	expand_all(&u.upheld_by, unit);
	expand_all(&u.alias, unit);
	expand_all(&u.also, unit);
	return 0;
}
