/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan of the base says what the finished image has to have: path by path what build wanted.
 * Without the base the plan is made on the image itself, where it has nothing left to change.
 */
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "commands.h"
#include "json.h"
#include "mem.h"
#include "session.h"

/* The node that the image says it is, unless --node told. */
static int find_node(struct session *s, struct image *image, const struct options *o, struct err *e)
{
	if (o->node || o->generic)
		return 0;
	autofree char *newcomer = cluster_newcomer_name(s->member->nodes->role);
	auto_str hostname = STR_INIT;
	if (tree_read(image->tree, "/etc/hostname", 4096, &hostname, e) < 0)
		return -1;
	while (hostname.len && hostname.data[hostname.len - 1] == '\n')
		hostname.data[--hostname.len] = '\0';
	if (strcmp(str_text(&hostname), newcomer) == 0)
		return session_pick_newcomer(s, e);
	for (size_t i = 0; i < s->member->n_nodes; i++) {
		if (strcmp(s->member->nodes[i].hostname, str_text(&hostname)) == 0) {
			s->nodes = &s->member->nodes[i];
			return 0;
		}
	}
	auto_str roles = STR_INIT;
	for (size_t i = 0; i < s->cluster->n_members; i++)
		str_printf(&roles, "%s%s", i ? ", " : "", s->cluster->members[i].profile->name);
	return err_set(
		e, ERR_CHECK,
		"%s: its hostname '%s' is not one that role '%s' plans; name its profile with "
		"--profile (the members have: %s), or the node with --node",
		image->name, str_text(&hostname), s->member->profile->name, str_text(&roles));
}

/* What the plan is made on, and which ids it is about. */
static int open_base(struct session *s, const struct image *image, struct err *e)
{
	if (session_open_base_at_hand(s, e) < 0)
		return -1;
	if (s->base)
		return 0;
	progress_say(s->progress,
		     "the base is not at hand: what can be told without it is verified");
	/* Not the time of the image, which is written to as soon as somebody mounts it. */
	s->now = 0;
	if (session_look_at_ids(s, image, e) < 0)
		return -1;
	/* Files of the profile may name the ids of the base. */
	return s->identity ? identity_load_base(s->identity, s->cluster, s->nodes->hostname, e) : 0;
}

static int verify_plans(struct session *s, struct image *image, struct err *e)
{
	auto_plan *role = NULL, *node = NULL;
	struct tree *from = s->base ? s->base->tree : image->tree;
	s->finished = image->tree;
	if (session_plan_role(s, from, &role, e) < 0 ||
	    session_plan_node(s, from, role, s->nodes, &node, e) < 0)
		return -1;
	if (plan_verify(role, node, image->tree, e) < 0)
		return -1;
	return plan_verify(node, NULL, image->tree, e);
}

static int verify_ids(const struct session *s, const struct image *image, struct err *e)
{
	if (!s->identity)
		return 0;
	auto_disk *want = identity_want(s->identity, s->cluster, s->nodes->hostname);
	return identity_verify(image, want, e);
}

static void print_json(const struct session *s, const struct image *image)
{
	auto_str line = STR_INIT;
	str_puts(&line, "{");
	json_field(&line, "image", image->name);
	json_field(&line, "profile", s->profile->path);
	json_field(&line, "hostname", s->nodes->hostname);
	printf("%s,\"verified\":true}\n", str_text(&line));
}

int cmd_verify(const struct options *o, struct err *e)
{
	const struct image_open open = {.path = o->cli.operands.v[0]};
	auto_session s = SESSION_INIT;
	auto_image *image = NULL;
	if (session_open(o, CLUSTER_READ, &s, e) < 0 || image_open(&open, &image, e) < 0 ||
	    find_node(&s, image, o, e) < 0 || open_base(&s, image, e) < 0 ||
	    verify_plans(&s, image, e) < 0 || verify_ids(&s, image, e) < 0 ||
	    image_check(open.path, image->name, e) < 0)
		return -1;
	if (o->cli.json)
		print_json(&s, image);
	else if (!o->quiet)
		printf("%s: as %s wants %s\n", open.path, s.profile->path, s.nodes->hostname);
	return 0;
}
