/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PLAN_H
#define MKIMAGE_PLAN_H

/*
 * The plan: what a run would change in an image.  Customisations fill it through the plan_*
 * functions, reading the image only through the plan_read family, which already shows the plan so
 * far.  Planning writes nothing.
 */

#include "change.h"
#include "cluster.h"
#include "profile.h"
#include "tree.h"

struct identity;
struct progress;
struct plan; /* ordered by first mention of a path; at most one change per path */

/* Everything a customisation may look at. */
struct plan_ctx {
	const struct profile *profile;	 /* of this role */
	const struct cluster *cluster;	 /* directory, members, keys; never NULL */
	const struct node *node;	 /* the node that is built; NULL in the role's stage */
	struct tree *tree;		 /* the image as it is, read only */
	const struct identity *identity; /* of the image (identity.h); NULL: its ids stay */
	struct plan *plan;
	const char
		*custom; /* name of the customisation that runs; set by the plan_build functions */
	int64_t now;	 /* the build's timestamp (SOURCE_DATE_EPOCH) */
	bool sysprep;	 /* plan_build_clone: logs and history go, too */
	struct progress *progress;	  /* borrowed; NULL: nothing is shown */
	uint64_t image_size, image_grows; /* bytes: of the image, and more than the base; or 0 */
	struct tree *finished; /* what verify looks at; for what only a build is told; or NULL */
};

/* An empty plan; below (borrowed, may be NULL) is a plan it is seen on top of. */
struct plan *plan_new(const struct plan *below);
void plan_free(struct plan *p);
static inline void plan_cleanup(struct plan **p)
{
	plan_free(*p);
}
#define auto_plan __attribute__((cleanup(plan_cleanup))) struct plan

/*
 * Two stages, as in custom.h: the role's plan on the base, then each node's plan on top of the
 * role's (plan_new(role)).  What the image already has is dropped at the end of each.
 */
int plan_build_role(struct plan_ctx *ctx, struct err *e) must_check;
int plan_build_node(struct plan_ctx *ctx, struct err *e) must_check;
/* Of a clone of a card that was in use: the node's plan alone, on an empty one of the role. */
int plan_build_clone(struct plan_ctx *ctx, struct err *e) must_check;

size_t plan_count(const struct plan *p);
const struct change *plan_get(const struct plan *p, size_t i);
/* What a person should know and no change shows ("nfs-common is not in this image"). */
const struct strv *plan_notes(const struct plan *p);

/* ---- for customisations: reading (paths may have symlinks; they are resolved in the image) ----
 */

#define PLAN_READ_MAX (16u << 20) /* bytes of a file that a customisation may read */

/* lstat-like with the last component followed; absent is type FILE_NONE. */
int plan_stat(struct plan_ctx *ctx, const char *path, struct fs_stat *ret,
	      struct err *e) must_check;
/* The same of a symlink itself, wherever it leads. */
int plan_lstat(struct plan_ctx *ctx, const char *path, struct fs_stat *ret,
	       struct err *e) must_check;
/* Add the content to out; an absent file is an error naming it, as is one over PLAN_READ_MAX. */
int plan_read(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e) must_check;
/* As plan_read, but an absent file is 0 and leaves out alone; present is 1. */
int plan_read_optional(struct plan_ctx *ctx, const char *path, struct str *out,
		       struct err *e) must_check;
/* Add the first bytes, at most max, of a regular file to out: 1; 0 when there is none at path. */
int plan_head(struct plan_ctx *ctx, const char *path, uint64_t max, struct str *out,
	      struct err *e) must_check;
/* Names in a directory, sorted; absent gives none. */
int plan_list(struct plan_ctx *ctx, const char *path, struct strv *ret, struct err *e) must_check;
/* 1 when something is at path (a symlink counts, wherever it leads), 0 when not. */
int plan_exists(struct plan_ctx *ctx, const char *path, struct err *e) must_check;
/* Target of the symlink at path; *ret NULL when it is absent or no symlink. */
int plan_readlink(struct plan_ctx *ctx, const char *path, char **ret, struct err *e) must_check;

/* ---- for customisations: changes ---- */

/* Who may do what with a path; KEEP where the image's own value stays. */
struct attr {
	uint32_t mode, uid, gid;
};
#define ATTR_KEEP ((struct attr){KEEP, KEEP, KEEP})
#define ATTR_ROOT(m) ((struct attr){(m), 0, 0})

/*
 * Wanted state of path.  Parents that are missing are planned too (0755 root).  A symlink at path
 * itself is followed by plan_write and plan_attr (so /etc/resolv.conf's target is edited); the
 * others act on the name.  why is one line for people.
 */
int plan_write(struct plan_ctx *ctx, const char *path, const void *data, size_t len,
	       struct attr attr, const char *why, struct err *e) must_check;
int plan_write_text(struct plan_ctx *ctx, const char *path, const char *text, struct attr attr,
		    const char *why, struct err *e) must_check;
/* As plan_write; the content is never printed anywhere. */
int plan_write_secret(struct plan_ctx *ctx, const char *path, const void *data, size_t len,
		      struct attr attr, const char *why, struct err *e) must_check;
/* The content is a file of the host, read when the plan is applied. */
int plan_write_file(struct plan_ctx *ctx, const char *path, const char *host_path, struct attr attr,
		    const char *why, struct err *e) must_check;
/* The content is that of the image's file `from`, at most 64 MiB; secret if only the owner reads.
 */
int plan_copy(struct plan_ctx *ctx, const char *from, const char *path, struct attr attr,
	      const char *why, struct err *e) must_check;
int plan_mkdir(struct plan_ctx *ctx, const char *path, struct attr attr, const char *why,
	       struct err *e) must_check;
int plan_symlink(struct plan_ctx *ctx, const char *path, const char *target, const char *why,
		 struct err *e) must_check;
/* Remove a file, link or whole directory; absent is fine. */
int plan_remove(struct plan_ctx *ctx, const char *path, const char *why, struct err *e) must_check;
int plan_attr(struct plan_ctx *ctx, const char *path, struct attr attr, const char *why,
	      struct err *e) must_check;
void plan_note(struct plan_ctx *ctx, const char *fmt, ...) printf_like(2, 3);

#endif
