/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "apply.h"
#include "build.h"
#include "custom.h"
#include "interrupt.h"
#include "mem.h"

void build_plans_done(struct build_plans *p)
{
	for (size_t i = 0; i < p->n; i++)
		plan_free(p->nodes[i]);
	free(p->nodes);
	plan_free(p->role);
	*p = (struct build_plans){0};
}

/* Everything is planned before the first byte is written: a wrong profile costs nothing. */
static int plan_all(struct session *s, struct build_plans *p, struct err *e)
{
	if (session_plan_role(s, s->base->tree, &p->role, e) < 0)
		return -1;
	p->nodes = xcalloc(s->n_nodes, sizeof(*p->nodes));
	p->n = s->n_nodes;
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (interrupt_check(e) < 0 ||
		    session_plan_node(s, s->base->tree, p->role, &s->nodes[i], &p->nodes[i], e) < 0)
			return -1;
	}
	return 0;
}

static int issue_node(struct session *s, const struct node *n, struct err *e)
{
	if (interrupt_check(e) < 0 || cluster_issue(s->cluster, n, e) < 0)
		return -1;
	if (!s->new_card || !cluster_has_card(s->cluster, n))
		return 0;
	return cluster_renew_card(s->cluster, n, e);
}

static int issue_nodes(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (issue_node(s, &s->nodes[i], e) < 0)
			return -1;
	}
	if (cluster_write_ssh(s->cluster, e) < 0)
		return -1;
	return custom_prepare(s->profile, s->cluster, e);
}

/* For verify: the images will not have the base's ids any more. */
static int keep_base_ids(const struct session *s, struct err *e)
{
	for (size_t i = 0; s->identity && i < s->n_nodes; i++) {
		if (identity_keep_base(s->identity, s->cluster, s->nodes[i].hostname, e) < 0)
			return -1;
	}
	return 0;
}

int build_plans_make(struct session *s, struct build_plans *ret, struct err *e)
{
	auto_build_plans p = {0};
	if (issue_nodes(s, e) < 0 || plan_all(s, &p, e) < 0)
		return -1;
	*ret = p;
	p = (struct build_plans){0};
	return 0;
}

int build_enter(const struct session *s, struct err *e)
{
	/* A number that is taken is not given back; what was asked to end in time takes none. */
	if (interrupt_check(e) < 0 || cluster_enter(s->cluster, s->nodes, s->n_nodes, e) < 0)
		return -1;
	return keep_base_ids(s, e);
}

/* Ids: the role's image is made ready for new ones, a node's image gets its own. */
static int patch_ids(const struct session *s, struct image *image, const struct node *node,
		     struct err *e)
{
	if (!s->identity)
		return 0;
	if (!node)
		return identity_prepare(image, s->identity, e);
	auto_disk *want = identity_want(s->identity, s->cluster, node->hostname);
	return identity_apply(image, s->identity, want, e);
}

int build_patch(const struct session *s, const struct build_target *t, const struct plan *plan,
		const struct node *node, struct err *e)
{
	const struct image_open open = {.path = t->path,
					.name = t->name,
					.writable = true,
					.now = s->now,
					.root_partition = s->base->root,
					.cow = t->cow,
					.like = t->like};
	auto_image *image = NULL;
	if (image_open(&open, &image, e) < 0 || plan_apply(plan, image->tree, e) < 0 ||
	    patch_ids(s, image, node, e) < 0)
		return -1;
	return image_close(&image, e);
}
