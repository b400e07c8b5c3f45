/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_BUILD_H
#define MKIMAGE_BUILD_H

/* The steps to a node's image that build and write share: plans first, then patches. */

#include "cow.h"
#include "session.h"

struct build_plans {
	struct plan *role;
	struct plan **nodes; /* one per node of the session */
	size_t n;
};

/* Keys and certificates of the nodes, then all plans.  No image is written. */
int build_plans_make(struct session *s, struct build_plans *ret, struct err *e) must_check;
/* When no plan was refused: the nodes' entries in the ledger, which later plans cannot change. */
int build_enter(const struct session *s, struct err *e) must_check;
void build_plans_done(struct build_plans *p);
#define auto_build_plans __attribute__((cleanup(build_plans_done))) struct build_plans

/* The file that is to become an image. */
struct build_target {
	const char *path;
	const char *name;	 /* for messages */
	struct cow *cow;	 /* NULL: the file has everything */
	const struct disk *like; /* of what it is a copy of; NULL: not known */
};

/*
 * Make the plan's states in it.  node NULL: it is the role's image, and is made ready for ids of
 * its own; else it gets the node's.
 */
int build_patch(const struct session *s, const struct build_target *t, const struct plan *plan,
		const struct node *node, struct err *e) must_check;

/* ---- the images (build_nodes.c) ---- */

struct build {
	struct session *session;
	const char *dir;
	bool check;  /* by the file systems' own checkers */
	bool rescue; /* file systems that cannot tell what they have are copied whole */
	bool wipe;   /* nothing of what a node's patch replaced may be left in its image */
	struct build_plans plans;
	struct output role;   /* the patched image of the role */
	uint64_t size;	      /* bytes of every image */
	struct blockmap used; /* of the role's image */
	struct disk *disk;    /* the role's image; NULL: each node's is looked at */
};

void build_done(struct build *b);
#define auto_build __attribute__((cleanup(build_done))) struct build

/* Make the images of all nodes of the role's, as many at a time as parallel says (0: one a core).
 */
int build_nodes(struct build *b, unsigned parallel, struct err *e) must_check;
/* A line for each image on standard output; the plans' notes as progress. */
void build_print(const struct build *b, bool as_json);

#endif
