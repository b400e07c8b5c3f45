/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "registry/render.h"

bool exports_wanted(const struct view *v)
{
	return v->exports.n > 0;
}

/* Never a whole network: whoever is decommissioned is served no more. */
static void add_export(const struct view *v, const char *line, struct str *out)
{
	size_t path = strcspn(line, " ");
	view_foreach(r, v, node_is_live)
	{
		autofree char *ip = record_ip(r);
		if (ip)
			str_printf(out, "%.*s %s(%s,sync,no_subtree_check,root_squash)\n",
				   (int)path, line, ip, line + path + 1);
	}
}

void render_exports(const struct view *v, struct str *out)
{
	strv_foreach (line, &v->exports)
		add_export(v, *line, out);
}
