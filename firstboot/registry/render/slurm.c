/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "registry/render.h"

bool slurm_wanted(const struct view *v)
{
	return v->slurm;
}

/* What the plan says of the role's hardware: "ROLE CPUS MIB". */
static void add_hardware(const struct view *v, const char *role, struct str *out)
{
	strv_foreach (line, &v->hardware) {
		auto_strv words = {0};
		strv_split(&words, *line, " ");
		if (strcmp(words.v[0], role) == 0)
			str_printf(out, " CPUs=%s RealMemory=%s", words.v[1], words.v[2]);
	}
}

/*
 * A function of the plan alone: slurmctld ends when nodes are added while it runs, so who registers
 * must not change this.  A FUTURE node becomes IDLE when its slurmd comes.  Partitions are made of
 * the feature.
 */
void render_slurm(const struct view *v, struct str *out)
{
	view_foreach(r, v, NULL)
	{
		autofree char *ip = record_ip(r);
		if (node_is_master(v, r))
			continue;
		str_printf(out, "NodeName=%s", r->name);
		if (ip)
			str_printf(out, " NodeAddr=%s", ip);
		add_hardware(v, r->role, out);
		str_printf(out, " Feature=%s State=FUTURE\n", r->role);
	}
}
