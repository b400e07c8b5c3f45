/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_WALK_H
#define MKIMAGE_WALK_H

/*
 * The one resolution of symlinks inside an image, for a tree as it is (tree.c) and as it will be
 * with a plan (plan_read.c).
 */

#include "tree.h"

#define WALK_PATH_MAX 4096 /* bytes of a path, as Linux has it */

struct walk_ops {
	/* lstat of a path whose parent is a directory, or of a mount point; absent is FILE_NONE. */
	int (*look)(void *ctx, const char *path, struct fs_stat *ret, struct err *e);
	int (*readlink)(void *ctx, const char *path, char **ret, struct err *e);
	/* Give the last name of path the spelling of the name that is there; NULL: it has it. */
	void (*spell)(void *ctx, struct str *path);
};

/*
 * Follow the symlinks of every component but the last (follow_last: of the last too) and normalise.
 * What need not exist stays as it is.  *ret is owned; *st is what is there.  what is put before
 * messages about the path; "" for none.
 */
int walk_resolve(const struct walk_ops *ops, void *ctx, struct tree *t, const char *what,
		 const char *path, bool follow_last, char **ret, struct fs_stat *st,
		 struct err *e) must_check;

#endif
