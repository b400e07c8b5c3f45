/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "completion.h"
#include "log.h"
#include "members.h"
#include "options.h"
#include "render.h"

/* From the file that everybody may read: who presses Tab wants no message when it is not there. */
static void add_members(const struct options *o, enum members_kind kind, struct strv *names)
{
	auto_err e = ERR_INIT;
	if (members_list(o->root ? o->root : "", kind, names, &e) < 0)
		log_debug("%s", e.msg);
}

static void add_nodes(const struct options *o, struct strv *names)
{
	add_members(o, MEMBERS_NODES, names);
}

static void add_boards(const struct options *o, struct strv *names)
{
	add_members(o, MEMBERS_BOARDS, names);
}

static void add_groups(const struct options *o, struct strv *names)
{
	add_members(o, MEMBERS_GROUPS, names);
}

static void add_outputs(const struct options *o, struct strv *names)
{
	(void)o;
	for (const struct output *output = outputs; output->name; output++)
		strv_add(names, output->name);
}

static const struct completion_list lists[] = {
	{"NODE", "nodes", NULL, add_nodes},
	{"BOARD", "boards", NULL, add_boards},
	{"GROUP|NODE,...", "groups", NULL, add_groups},
	{"OUTPUT", "outputs", NULL, add_outputs},
	{0},
};

int cmd_completion(const struct options *o, struct err *e)
{
	return completion_print(&nodectl_program, lists, o, o->cli.operands.v[0], e);
}
