/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_H
#define MKIMAGE_CUSTOM_H

/*
 * A customisation: the profile keys it owns and the function that turns them into changes.  One
 * file in custom/, one line in custom/list.def, nothing else (scripts/new-custom makes both).
 */

#include "plan.h"

struct wanted;

struct custom {
	const char *name;
	const char *help;	/* one line: what it does */
	const struct key *keys; /* see profile.h; ends with name == NULL; may be NULL */
	/* Keys that no single value check can judge (a clash of two values); NULL: none. */
	int (*check)(const struct profile *p, struct err *e);
	/*
	 * Packages that nodes of this profile need for it, whatever their base (wanted.h); asked
	 * before there is one.  NULL: none.
	 */
	int (*want)(const struct profile *p, const struct cluster *c, struct wanted *ret,
		    struct err *e);
	/*
	 * Before a build plans: put what planning reads from the cluster directory there (keys
	 * that are made or fetched once), unless it is there; NULL: nothing.  `mkimage plan` does
	 * without.
	 */
	int (*prepare)(const struct profile *p, const struct cluster *c, struct err *e);
	/*
	 * Add changes to ctx->plan; write nothing.  plan: what is equal on all nodes of the role;
	 * ctx->node is NULL.  plan_node: what differs; ctx->node is set, and the view shows the
	 * role's changes of all customisations.  Either may be NULL.
	 */
	int (*plan)(struct plan_ctx *ctx, struct err *e);
	int (*plan_node)(struct plan_ctx *ctx, struct err *e);
	/*
	 * For a card that was in use and is cloned, before plan_node, with ctx->node set: what the
	 * system made for itself, and two must not share.  May be NULL.
	 */
	int (*plan_clone)(struct plan_ctx *ctx, struct err *e);
};

extern const struct custom *const customs[]; /* in the order of list.def; ends with NULL */

/* Every customisation's prepare. */
int custom_prepare(const struct profile *p, const struct cluster *c, struct err *e) must_check;

#endif
