/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_TREE_H
#define MKIMAGE_TREE_H

/*
 * The file systems of one image joined to one tree, as the booted system would see them: the root
 * at "/", the boot partition at the place where the image's own fstab mounts it.  All symlinks are
 * resolved here, relative to this root, so that no link of a hostile image leads outside.
 */

#include "fs.h"

struct tree;

struct tree *tree_new(void);
/* Add a file system (borrowed) at the absolute path `at`; "/" first. */
void tree_mount(struct tree *t, const char *at, struct fs *fs);
void tree_free(struct tree *t);
static inline void tree_cleanup(struct tree **t)
{
	tree_free(*t);
}
#define auto_tree __attribute__((cleanup(tree_cleanup))) struct tree

/*
 * Resolve symlinks of every component but the last (follow_last: of the last too) and normalise.
 * The path need not exist; what follows the last component that exists stays as it is.  More than
 * 40 symlinks is an error (a loop).  *ret is an absolute path of the tree, owned.
 */
int tree_resolve(struct tree *t, const char *path, bool follow_last, char **ret,
		 struct err *e) must_check;

/* The file system that holds a resolved path, and the path within it (borrowed from path). */
struct fs *tree_fs(struct tree *t, const char *path, const char **ret_inner);
/* True when a file system other than "/" is mounted exactly at this resolved path. */
bool tree_is_mount(struct tree *t, const char *path);

/* The operations of fs.h on paths of the tree; stat does not follow the last component. */
int tree_stat(struct tree *t, const char *path, struct fs_stat *ret, struct err *e) must_check;
int tree_stat_follow(struct tree *t, const char *path, struct fs_stat *ret,
		     struct err *e) must_check;
int tree_read(struct tree *t, const char *path, uint64_t max, struct str *out,
	      struct err *e) must_check; /* follows */
int tree_readlink(struct tree *t, const char *path, char **ret, struct err *e) must_check;

#endif
