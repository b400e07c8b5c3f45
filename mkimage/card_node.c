/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "card_node.h"
#include "image_parts.h"
#include "mem.h"

void card_nodes_done(struct card_nodes *c)
{
	build_plans_done(&c->plans);
	session_done(&c->session);
}

int card_nodes_open(const struct options *o, size_t n, struct card_nodes *ret, struct err *e)
{
	struct session *s = &ret->session;
	if (session_open(o, CLUSTER_WRITE, s, e) < 0)
		return -1;
	if (n != s->n_nodes && !s->nodes->unplanned)
		return err_set(e, ERR_USAGE,
			       "write: %zu nodes of role '%s' and %zu devices were given; name a "
			       "device for each node (-n N, or --node K for one)",
			       s->n_nodes, s->nodes->role, n);
	return session_open_base(s, e);
}

int card_nodes_plan(struct card_nodes *c, struct err *e)
{
	if (build_plans_make(&c->session, &c->plans, e) < 0)
		return -1;
	return build_enter(&c->session, e);
}

/* resize2fs works on a file that has everything, and so does the kernel's driver. */
static bool needs_whole(const struct session *s)
{
	return session_grows(s) || !part_is_ext(disk_part(s->base->disk, s->base->root));
}

static int grow(const struct session *s, struct cow *cow, struct err *e)
{
	if (!session_grows(s))
		return 0;
	if (image_grow(cow_path(cow), s->base->name, s->base->root, session_image_size(s), e) < 0)
		return -1;
	return cow_look_again(cow, e);
}

/* Of the session's nodes the one that goes to the i-th device. */
static size_t node_of(const struct session *s, size_t i)
{
	return s->nodes->unplanned ? 0 : i;
}

/* The role's patch and then the node's, as build makes them: the same bytes. */
static int patch(const struct card_nodes *c, size_t i, struct cow *cow, struct err *e)
{
	const struct node *node = &c->session.nodes[i];
	const struct session *s = &c->session;
	const struct build_target t = {.path = cow_path(cow),
				       .name = node->hostname,
				       .cow = cow,
				       .like = session_grows(s) ? NULL : s->base->disk};
	if (build_patch(s, &t, c->plans.role, NULL, e) < 0)
		return -1;
	return build_patch(s, &t, c->plans.nodes[i], node, e);
}

int card_nodes_image(const struct card_nodes *c, size_t i, struct card_image *ret, struct err *e)
{
	const struct session *s = &c->session;
	size_t node = node_of(s, i);
	autofree char *dir = cache_dir(e);
	auto_cow *cow = NULL;
	if (!dir || cow_new(s->base->disk, dir, needs_whole(s), &cow, e) < 0 ||
	    grow(s, cow, e) < 0 || patch(c, node, cow, e) < 0)
		return -1;
	return card_image_of_cow(steal(&cow), s->nodes[node].hostname, ret, e);
}
