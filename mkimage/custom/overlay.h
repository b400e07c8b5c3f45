/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_OVERLAY_H
#define MKIMAGE_CUSTOM_OVERLAY_H

/*
 * One overlay on the host: the tree root/, the file attrs beside it, the programs in bin/ for the
 * users (user_home.c), files for shares in share/ (nfs_server.c), and the packages that it needs;
 * one of them is enough.
 */

#include "attrs.h"
#include "plan.h"
#include "wanted.h"

struct overlay {
	struct loc loc;	  /* of its name in the profile */
	char *dir;	  /* on the host */
	char *attrs_file; /* dir/attrs */
	struct attrs attrs;
};

/*
 * Find the overlay called so in the profile: with a slash it is a path (profile_path), else
 * overlays/NAME beside the directory `profiles` of the profile or of the search path (for a search
 * directory of another name: in it).  *ret holds nothing on failure.
 */
int overlay_open(const struct profile *p, const char *name, struct loc loc, struct overlay *ret,
		 struct err *e) must_check;
void overlay_done(struct overlay *o);
#define auto_overlay __attribute__((cleanup(overlay_done))) struct overlay

/*
 * Plan the tree.  In a role's stage (ctx->node is NULL) everything but the templates with fields
 * of the node; in a node's stage only those.
 */
int overlay_plan_tree(struct plan_ctx *ctx, const struct overlay *o, struct err *e) must_check;
/* Both, for an overlay that a key stands for; loc is the key's. */
int overlay_plan_named(struct plan_ctx *ctx, const char *name, struct loc loc,
		       struct err *e) must_check;
/* What the overlay of that name, found as by overlay_open, has in its file packages. */
int overlay_want(const struct profile *p, const char *name, struct loc loc, struct wanted *ret,
		 struct err *e) must_check;
/* Where on the host the file at path of the image comes from, owned; *ret NULL: no overlay's. */
int overlay_find_file(const struct plan_ctx *ctx, const char *path, char **ret,
		      struct err *e) must_check;

/* A directory of the host whose content goes to one of the image, all of it to one owner. */
struct overlay_copy {
	const char *from; /* on the host; may be a symlink unless `below` or `programs` is set */
	/* "/srv/cluster": what is there in from, without a symlink on the way; NULL: from itself */
	const char *below;
	const char *to; /* in the image, is there */
	uint32_t uid, gid;
	bool programs; /* files are 0755; else as on the host, but for other people's writing */
	const char *why;
};
/* Nothing is planned where there is no `below`. */
int overlay_plan_copy(struct plan_ctx *ctx, const struct overlay_copy *copy,
		      struct err *e) must_check;

#endif
