/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "table.h"

void table_add(const struct strv *cells, size_t columns, struct str *out)
{
	autofree size_t *width = xcalloc(columns, sizeof(*width));
	for (size_t i = 0; i < cells->n; i++) {
		size_t len = strlen(cells->v[i]);
		if (len > width[i % columns])
			width[i % columns] = len;
	}
	for (size_t i = 0; i < cells->n; i++) {
		bool last = i % columns == columns - 1;
		bool alone = !last && i % columns == columns - 2 && !*cells->v[i + 1];
		if (last)
			str_printf(out, "%s\n", cells->v[i]);
		else
			str_printf(out, "%-*s", alone ? 0 : (int)width[i % columns] + 2,
				   cells->v[i]);
	}
}

void table_add_age(long long seconds, struct str *out)
{
	static const struct {
		long long seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	while (seconds < units[i].seconds && units[i].seconds > 1)
		i++;
	str_printf(out, "%lld %s", seconds / units[i].seconds, units[i].unit);
}
