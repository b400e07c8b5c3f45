/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of ready nodes, one form for each of those who read them. */
#include "registry/render.h"

static long long slots(const struct record *r)
{
	return r->facts.cpus ? r->facts.cpus : 1;
}

/* "slots=4" is wrong for MPICH and ":4" for Open MPI; a name on a line of its own is right for
 * both. */
void render_machine_file(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_usable)
	{
		for (long long i = 0; i < slots(r); i++)
			str_printf(out, "%s\n", r->name);
	}
}

void render_openmpi(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_usable) str_printf(out, "%s slots=%lld\n", r->name, slots(r));
}

void render_mpich(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_usable) str_printf(out, "%s:%lld\n", r->name, slots(r));
}

/* parallel-ssh runs a host again for each line that names it. */
void render_nodes(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_usable) str_printf(out, "%s\n", r->name);
}
