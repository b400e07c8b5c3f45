/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "registry/render.h"

/*
 * The CA's certificate has the planned name in it, and a board with a join card has none.  The
 * master has no card at all: nobody registers it.
 */
static bool has_certificate(const struct view *v, const struct record *r)
{
	bool joined = states[r->state].live && !r->issue && !node_is_master(v, r);
	return v->host_ca && !joined && strcmp(r->name, r->plan_name) == 0;
}

static void add_names(const struct view *v, const struct record *r, struct str *out)
{
	autofree char *ip = record_ip(r);
	str_printf(out, "%s,%s.%s%s%s ", r->name, r->name, v->cluster, ip ? "," : "", ip ? ip : "");
}

static void add_node(const struct view *v, const struct record *r, struct str *out)
{
	if (has_certificate(v, r)) {
		str_puts(out, "@cert-authority ");
		add_names(v, r, out);
		str_printf(out, "%s\n", v->host_ca);
	} else if (r->facts.host_key) {
		add_names(v, r, out);
		str_printf(out, "%s\n", r->facts.host_key);
	}
}

/*
 * sshd(8): the key is not to be trusted, certificate or not.  For the names that it was good for,
 * and no more: the board said that the key is its own, and nobody saw it prove that.
 */
static void add_revoked(const struct view *v, const struct record *r, struct str *out)
{
	for (size_t i = 0; i < v->revoked.n; i++) {
		if (v->revoked.v[i].record != r->id)
			continue;
		str_puts(out, "@revoked ");
		if (strcmp(r->name, r->plan_name) != 0)
			str_printf(out, "%s,%s.%s,", r->plan_name, r->plan_name, v->cluster);
		add_names(v, r, out);
		str_printf(out, "%s\n", v->revoked.v[i].host_key);
	}
}

void render_known_hosts(const struct view *v, struct str *out)
{
	view_foreach(r, v, node_is_there) add_node(v, r, out);
	view_foreach(r, v, NULL) add_revoked(v, r, out);
}
