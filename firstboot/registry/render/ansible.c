/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "registry/render.h"

static bool is_listed(const struct view *v, const struct record *r)
{
	return node_is_usable(v, r) || node_is_master(v, r);
}

void render_ansible(const struct view *v, struct str *out)
{
	const char *before = "";
	view_foreach(r, v, is_listed)
	{
		autofree char *ip = record_ip(r);
		if (strcmp(r->role, before) != 0)
			str_printf(out, "%s[%s]\n", *before ? "\n" : "", r->role);
		str_printf(out, "%s%s%s\n", r->name, ip ? " ansible_host=" : "", ip ? ip : "");
		before = r->role;
	}
}
