/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "clone_session.h"
#include "commands.h"
#include "json.h"
#include "mem.h"
#include "session.h"

static void print_notes(const struct plan *plan)
{
	auto_str out = STR_INIT;
	strv_foreach (note, plan_notes(plan)) {
		str_puts(&out, out.len ? "," : "");
		json_add_string(&out, *note, strlen(*note));
	}
	printf(",\"notes\":[%s]", str_text(&out));
}

/*
 * As JSON the whole is one document:
 * {"role":…,"changes":[…],"notes":[…],"nodes":[{"hostname":…,"changes":[…],"notes":[…],"ids":[…]}]}
 */
static int print_one(const struct plan *plan, struct tree *t, const char *kind, const char *name,
		     bool as_json, struct err *e)
{
	if (as_json)
		printf("{\"%s\":\"%s\",\"changes\":", kind, name);
	else
		printf("\n== %s %s ==\n", kind, name);
	if (plan_print(plan, t, stdout, as_json, e) < 0)
		return -1;
	if (as_json)
		print_notes(plan);
	return 0;
}

/* The ids that are in no file. */
static void print_ids(const struct session *s, const struct node *node, bool as_json)
{
	if (!s->identity)
		return;
	auto_str text = STR_INIT;
	auto_disk *want = identity_want(s->identity, s->cluster, node->hostname);
	str_puts(&text, as_json ? ",\"ids\":" : "");
	identity_describe(s->identity->disk, want, as_json, &text);
	fputs(str_text(&text), stdout);
}

static int print_nodes(struct session *s, const struct plan *role, bool as_json, struct err *e)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		auto_plan *plan = NULL;
		if (as_json)
			fputs(i ? "}," : ",\"nodes\":[", stdout);
		if (session_plan_node(s, s->base->tree, role, &s->nodes[i], &plan, e) < 0 ||
		    print_one(plan, s->base->tree, "hostname", s->nodes[i].hostname, as_json, e) <
			    0)
			return -1;
		print_ids(s, &s->nodes[i], as_json);
	}
	if (as_json)
		printf("}]}\n");
	return 0;
}

static int plan_clones(const struct options *o, struct err *e)
{
	auto_clone_session c = CLONE_SESSION_INIT;
	auto_plan *none = plan_new(NULL);
	if (clone_session_open(o, o->clone, NULL, CLUSTER_READ, &c, e) < 0)
		return -1;
	if (o->cli.json) {
		auto_str out = STR_INIT;
		json_add_string(&out, o->clone, strlen(o->clone));
		printf("{\"clone\":%s", str_text(&out));
	}
	return print_nodes(&c.session, none, o->cli.json, e);
}

int cmd_plan(const struct options *o, struct err *e)
{
	if (o->clone)
		return plan_clones(o, e);
	auto_session s = SESSION_INIT;
	auto_plan *role = NULL;
	if (session_open(o, CLUSTER_READ, &s, e) < 0 || session_open_base(&s, e) < 0 ||
	    session_plan_role(&s, s.base->tree, &role, e) < 0 ||
	    print_one(role, s.base->tree, "role", profile_str(s.profile, "role"), o->cli.json, e) <
		    0)
		return -1;
	return print_nodes(&s, role, o->cli.json, e);
}
