/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "apply.h"
#include "commands.h"
#include "mem.h"
#include "session.h"

/* As JSON the whole is one document:
 * {"role":…,"changes":[…],"nodes":[{"hostname":…,"changes":[…]}]} */
static void print_head(const char *kind, const char *name, bool as_json)
{
	if (as_json)
		printf("{\"%s\":\"%s\",\"changes\":", kind, name);
	else
		printf("\n== %s %s ==\n", kind, name);
}

static int print_node(struct session *s, const struct plan *role, const struct node *node,
		      bool as_json, struct err *e)
{
	auto_plan *plan = NULL;
	if (session_plan_node(s, s->base->tree, role, node, &plan, e) < 0)
		return -1;
	print_head("hostname", node->hostname, as_json);
	if (plan_print(plan, s->base->tree, stdout, as_json, e) < 0)
		return -1;
	if (as_json)
		printf("}");
	return 0;
}

static int print_nodes(struct session *s, const struct plan *role, bool as_json, struct err *e)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (as_json)
			fputs(i ? "," : ",\"nodes\":[", stdout);
		if (print_node(s, role, &s->nodes[i], as_json, e) < 0)
			return -1;
	}
	if (as_json)
		printf("]}\n");
	return 0;
}

int cmd_plan(const struct options *o, struct err *e)
{
	auto_session s = SESSION_INIT;
	if (session_open(o, CLUSTER_READ, &s, e) < 0 || session_open_base(&s, e) < 0)
		return -1;
	auto_plan *role = NULL;
	if (session_plan_role(&s, s.base->tree, &role, e) < 0)
		return -1;
	print_head("role", profile_str(s.profile, "role"), o->json);
	if (plan_print(role, s.base->tree, stdout, o->json, e) < 0)
		return -1;
	return print_nodes(&s, role, o->json, e);
}
