/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"
#include "registry/render.h"

/* The lines that mkimage writes, so that the first render changes nothing. */
void render_hosts(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_there)
	{
		autofree char *ip = record_ip(r);
		if (ip)
			str_printf(out, "%s\t%s %s.%s\n", ip, r->name, r->name, v->cluster);
	}
}
