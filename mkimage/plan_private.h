/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PLAN_PRIVATE_H
#define MKIMAGE_PLAN_PRIVATE_H

/* What the files of the plan share: the container, and the view of an image through plans. */

#include "custom.h"
#include "plan.h"

#define PLAN_NAME_MAX 255	     /* bytes of a name in it */
#define PLAN_COPY_MAX (64u << 20)    /* bytes of a file that plan_copy copies */
#define PLAN_COMPARE_MAX (32u << 20) /* bytes of a file that are compared, in memory */

/* A path that was planned or looked at; its parents have entries too. */
struct plan_entry {
	char *path;
	struct change *change; /* NULL: none */
	bool hides;	       /* change: nothing of what was below this path is there any more */
	bool looked;	       /* st is what is here without this plan */
	struct fs_stat st;
	struct plan_entry *parent, *child, *sibling;
	struct plan_entry *chain; /* of the hash bucket */
};

struct plan {
	const struct plan *below;
	const struct tree *tree;   /* that st of the entries is about; NULL until one is */
	struct plan_entry **order; /* those with a change, by first mention */
	size_t n, cap;
	struct plan_entry **buckets;
	size_t n_buckets, n_entries;
	struct strv notes;
};

struct plan_entry *plan_find(const struct plan *p, const char *path);
/* Find or make the entry, and those of its parents. */
struct plan_entry *plan_entry(struct plan *p, const char *path);
/* Give the entry a change of that kind unless it has one; the one it has is returned as it is. */
struct change *plan_add(struct plan *p, struct plan_entry *entry, enum change_kind kind);
/* Take the changes for which drop says so out of the plan. */
void plan_filter(struct plan *p, bool (*drop)(struct plan_entry *entry, void *arg), void *arg);

/* A parent of path was removed, or is no directory any more, or is a new one. */
bool plan_hides(const struct plan *p, const char *path);

/* The tree as it is with a plan and those below it; plan NULL: the tree itself. */
struct view {
	const struct plan *plan;
	struct tree *tree;
	bool cached; /* what plans remember of the tree may be used: it was not written to since */
};

/* What is at a path without symlinks in its parents; absent is FILE_NONE. */
int view_stat(const struct view *v, const char *path, struct fs_stat *ret,
	      struct err *e) must_check;
/* The content of a regular file; more than max bytes is an error. */
int view_read(const struct view *v, const char *path, uint64_t max, struct str *out,
	      struct err *e) must_check;
int view_head(const struct view *v, const char *path, uint64_t max, struct str *out,
	      struct err *e) must_check;
int view_readlink(const struct view *v, const char *path, char **ret, struct err *e) must_check;
int view_list(const struct view *v, const char *path, struct strv *ret, struct err *e) must_check;
/* The planned content of path, NULL when it is the image's. */
const struct change *view_written(const struct view *v, const char *path);
/* Names compare without case at this path, and there are no owners, modes or links. */
bool tree_is_fat(struct tree *t, const char *path);

/* As view_stat with the plan of ctx, which remembers the answer. */
int plan_look(struct plan_ctx *ctx, const char *path, struct fs_stat *ret,
	      struct err *e) must_check;
/* The same without the change of path itself: what the image and the plans below leave there. */
int plan_look_below(struct plan_ctx *ctx, const char *path, struct fs_stat *ret,
		    struct err *e) must_check;
/* The view without the plan of ctx. */
struct view plan_view_below(const struct plan_ctx *ctx);
/* As tree_resolve, in the view of ctx; st is what is there, never a symlink when it follows. */
int plan_resolve(struct plan_ctx *ctx, const char *path, bool follow, char **ret,
		 struct fs_stat *st, struct err *e) must_check;

/*
 * Whether the state that c wants is there: 1, or 0 with *ret_why "the content differs".  Of files
 * over PLAN_COMPARE_MAX only the size is compared, unless exact is asked for: then they differ.
 */
int change_holds(const struct change *c, const struct view *v, bool exact, const char **ret_why,
		 struct err *e) must_check;
/* Take out what is so already. */
int plan_drop_unchanged(struct plan_ctx *ctx, struct err *e) must_check;
/* plan_build_role and plan_build_node with another list of customisations. */
int plan_build(struct plan_ctx *ctx, const struct custom *const *list, struct err *e) must_check;

#endif
