/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEPS_GROW_H
#define FIRSTBOOT_STEPS_GROW_H

/* The parts of the step that grows the root file system; by mount point, so that tests have one. */

#include "blockdev.h"

struct grow_fs {
	const char *type; /* as in /proc/self/mountinfo */
	/* Bytes that the file system has of its device. */
	int (*size)(const struct ctx *ctx, const char *mount_point, const struct blockdev *dev,
		    uint64_t *ret, struct err *e);
	/* What grows it to its device; "NODE" and "MOUNT" are replaced.  NULL at the end. */
	const char *argv[6];
};

/* NULL: it cannot grow while it is mounted, or we do not know how. */
const struct grow_fs *grow_fs_find(const char *type);
int grow_fs_run(const struct grow_fs *fs, const char *mount_point, const struct blockdev *dev,
		struct err *e) must_check;

/*
 * What is mounted there: the file system's type, and the disk or partition that holds it.  1, or 0
 * with why when that is nothing that could grow.
 */
int grow_find(const struct ctx *ctx, const char *mount_point, char **ret_type, struct blockdev *ret,
	      struct str *why, struct err *e) must_check;
/* 1 when the partition may have room behind it; 0 with why.  Starts no program. */
int grow_look(const struct ctx *ctx, const struct blockdev *dev, struct str *why,
	      struct err *e) must_check;
/* As a step's run, by the program firstboot-grow at that path. */
int grow_mount(const struct ctx *ctx, const char *mount_point, const char *program,
	       struct str *message, struct err *e) must_check;

#endif
