/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_SESSION_H
#define MKIMAGE_SESSION_H

/* What build, plan and verify begin with: profile, cluster directory, base, and the plans. */

#include "cluster.h"
#include "identity.h"
#include "image.h"
#include "options.h"
#include "output.h"
#include "plan.h"
#include "profile.h"
#include "progress.h"
#include "source.h"

struct session {
	struct progress *progress;
	struct strv search;
	struct profile *profile;
	struct cluster *cluster;
	const struct member *member; /* of the profile's role; borrowed from cluster */
	const struct node *nodes;    /* that were asked for; borrowed from cluster */
	size_t n_nodes;
	struct source *source;
	struct output replayed;	   /* private copy of a base with a dirty journal; fd -1: none */
	struct image *base;	   /* read only */
	struct identity *identity; /* of the base; NULL: its ids stay */
	int64_t now;
	bool clone, sysprep;   /* the base is a card that was in use: only the nodes' plans */
	bool new_card;	       /* the nodes get new keys to register with */
	struct tree *finished; /* of the image that verify looks at (borrowed); NULL: none */
};

/* Profile and cluster; the nodes are judged against what the profile plans. */
int session_open(const struct options *o, enum cluster_mode mode, struct session *s,
		 struct err *e) must_check;
/* Instead of nodes of the plan: the image for boards that nobody planned. */
int session_pick_newcomer(struct session *s, struct err *e) must_check;
/*
 * Get the base, with the packages that the profile wants where it is made of packages.  at_hand:
 * s->source stays NULL where it would have to be downloaded or made.
 */
int session_get_source(struct session *s, bool at_hand, struct err *e) must_check;
/* The same, and open it. */
int session_open_base(struct session *s, struct err *e) must_check;
/* The same without a download, and without making it of packages: then s->base stays NULL. */
int session_open_base_at_hand(struct session *s, struct err *e) must_check;
/* Bytes that the profile wants an image to have; 0: as many as the base. */
uint64_t session_image_size(const struct session *s);
/* Is that more than the base has? */
bool session_grows(const struct session *s);
/* Find out which ids of the image (borrowed) can be the nodes' own, unless the profile says none.
 */
int session_look_at_ids(struct session *s, const struct image *image, struct err *e) must_check;
/* Instead of a profile's base: a file that will not be written to, and is cloned. */
int session_open_clone(struct session *s, const char *path, const char *name,
		       struct err *e) must_check;
/* Pick the next nodes of the role that nobody has built yet, unless --node named one. */
int session_pick_free(const struct options *o, struct session *s, struct err *e) must_check;
/* The plan of the role, on the base. */
int session_plan_role(struct session *s, struct tree *tree, struct plan **ret,
		      struct err *e) must_check;
/* The plan of one node on top of the role's. */
int session_plan_node(struct session *s, struct tree *tree, const struct plan *role,
		      const struct node *node, struct plan **ret, struct err *e) must_check;
void session_done(struct session *s);
#define auto_session __attribute__((cleanup(session_done))) struct session
#define SESSION_INIT                    \
	{                               \
		.replayed = OUTPUT_INIT \
	}

/* How the options ask progress to be shown. */
enum progress_mode session_progress_mode(const struct options *o);

#endif
