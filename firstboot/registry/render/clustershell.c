/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "registry/render.h"

/* A group of the nodes that are in that state, or have that role; NULL: any.  No state has the
 * master. */
static void add_group(const struct view *v, const char *name, const enum state *state,
		      const char *role, struct str *out)
{
	bool first = true;
	str_printf(out, "  \"%s\": \"", name);
	view_foreach(r, v, node_is_there)
	{
		if ((state && (r->state != *state || node_is_master(v, r))) ||
		    (role && strcmp(r->role, role) != 0))
			continue;
		str_printf(out, "%s%s", first ? "" : ",", r->name);
		first = false;
	}
	str_puts(out, "\"\n");
}

/* Nodes are sorted by role, so a role begins where it is another than before. */
static void add_roles(const struct view *v, struct str *out)
{
	const char *before = "";
	view_foreach(r, v, node_is_there)
	{
		if (strcmp(r->role, before) != 0)
			add_group(v, r->role, NULL, r->role, out);
		before = r->role;
	}
}

void render_clustershell(const struct view *v, struct str *out)
{
	str_printf(out, "\"%s\":\n", v->cluster);
	add_group(v, "all", NULL, NULL, out);
	for (enum state state = 0; state < STATE_RETIRED; state++)
		add_group(v, states[state].name, &state, NULL, out);
	add_roles(v, out);
}
