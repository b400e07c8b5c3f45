/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "apply.h"
#include "commands.h"
#include "mem.h"
#include "session.h"

static int print_node(struct session *s, const struct plan *role, const struct node *node,
		      bool as_json, struct err *e)
{
	auto_plan *plan = NULL;
	if (session_plan_node(s, s->base->tree, role, node, &plan, e) < 0)
		return -1;
	if (!as_json)
		printf("\n== %s ==\n", node->hostname);
	return plan_print(plan, s->base->tree, stdout, as_json, e);
}

int cmd_plan(const struct options *o, struct err *e)
{
	auto_session s = SESSION_INIT;
	if (session_open(o, CLUSTER_READ, &s, e) < 0 || session_open_base(&s, e) < 0)
		return -1;
	auto_plan *role = NULL;
	if (session_plan_role(&s, s.base->tree, &role, e) < 0)
		return -1;
	if (!o->json)
		printf("== every %s ==\n", profile_str(s.profile, "role"));
	if (plan_print(role, s.base->tree, stdout, o->json, e) < 0)
		return -1;
	for (size_t i = 0; i < s.n_nodes; i++) {
		if (print_node(&s, role, &s.nodes[i], o->json, e) < 0)
			return -1;
	}
	return 0;
}
