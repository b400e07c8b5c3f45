/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_ROOTFS_H
#define FIRSTBOOT_ROOTFS_H

/*
 * The files of the board.  Paths are absolute and below ctx->root: symlinks are resolved inside of
 * it.  What is written survives a power cut once the call returned, and is whole or absent before.
 *
 * A temporary file or symlink of root_replace or root_symlink is called as ROOT_TEMP_SUFFIX says,
 * so that the next run, which replaces the same path, uses it up.
 *
 * In a dry run those that write only look: they return 1 where they would change something.
 */

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"
#include "step.h"
#include "str.h"

/* The temporary name of /etc/hostname is /etc/.hostname.cardstock. */
#define ROOT_TEMP_SUFFIX ".cardstock"

/* As a mode of root_replace: that of the file that is there, else 0644; for FAT, which has none. */
#define ROOT_MODE_KEEP ((mode_t)-1)

/* ROOT/path, owned; for messages, and for programs that take no descriptor. */
char *root_path(const struct ctx *ctx, const char *path);

/* As open(2); returns a descriptor (O_CLOEXEC).  Opening for writing is refused in a dry run. */
int root_open(const struct ctx *ctx, const char *path, int flags, mode_t mode,
	      struct err *e) must_check;
/* The content is added to out; 1, or 0 when there is no such file.  More than max is an error. */
int root_read(const struct ctx *ctx, const char *path, uint64_t max, struct str *out,
	      struct err *e) must_check;
/*
 * The file has this content and mode: 1 when it had not (temporary file, fsync, rename, fsync of
 * the directory), 0 when it had.  Directories above are made, mode 0755.  A symlink at path is
 * replaced, not followed.
 */
int root_replace(const struct ctx *ctx, const char *path, const void *data, size_t len, mode_t mode,
		 struct err *e) must_check;
/* The symlink has this target, in place of whatever file is there; 1 or 0 as above. */
int root_symlink(const struct ctx *ctx, const char *path, const char *target,
		 struct err *e) must_check;
/* No file or symlink is there; 1 when there was one, 0 when not. */
int root_remove(const struct ctx *ctx, const char *path, struct err *e) must_check;
/* 1 when something is there (a symlink itself counts, wherever it points), else 0. */
int root_exists(const struct ctx *ctx, const char *path, struct err *e) must_check;
/* As stat(2), a symlink at path followed; 1, or 0 when there is nothing. */
int root_stat(const struct ctx *ctx, const char *path, struct stat *ret, struct err *e) must_check;
/* The target of a symlink is added to out; 1, or 0 when no symlink is there. */
int root_readlink(const struct ctx *ctx, const char *path, struct str *out,
		  struct err *e) must_check;
/* The directory is there; those above are made too, mode 0755.  1 when it was made, 0 when not. */
int root_mkdir(const struct ctx *ctx, const char *path, struct err *e) must_check;
/* The names in a directory, sorted; 1, or 0 when there is no such directory. */
int root_list(const struct ctx *ctx, const char *dir, struct strv *out, struct err *e) must_check;

#endif
