/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

/*
 * The files of a system, as code sees them that runs in mkimage, which plans changes of an image,
 * and in firstboot, which makes them on the board.  Paths are absolute, below the system's root;
 * what is absent is no error.
 */

#include <stddef.h>

#include "err.h"
#include "str.h"

enum files_kind { FILES_NONE, FILES_REGULAR, FILES_DIR, FILES_OTHER };

struct files {
	const struct files_ops *ops;
	void *ctx;	   /* of ops */
	const char *why;   /* of what is changed, one line for people */
	const char *where; /* for messages: "in the image" */
};

struct files_ops {
	/* What is at path, links followed. */
	int (*kind)(const struct files *f, const char *path, enum files_kind *ret, struct err *e);
	/* 1 when something is at path itself, a link wherever it leads; 0 when not. */
	int (*exists)(const struct files *f, const char *path, struct err *e);
	/* Target of the link at path, owned; *ret NULL: there is no link. */
	int (*readlink)(const struct files *f, const char *path, char **ret, struct err *e);
	/* Add the text of a file: 1; 0: there is none.  One with NUL bytes is an error. */
	int (*read)(const struct files *f, const char *path, struct str *out, struct err *e);
	/* Add the names in a directory, sorted. */
	int (*list)(const struct files *f, const char *path, struct strv *ret, struct err *e);
	/* Wanted states, whatever was there; a file keeps its owner and mode. */
	int (*write)(const struct files *f, const char *path, const struct str *text,
		     struct err *e);
	int (*symlink)(const struct files *f, const char *path, const char *target, struct err *e);
	int (*remove)(const struct files *f, const char *path, struct err *e);
	/* What a person should know and no change shows. */
	void (*note)(const struct files *f, const char *text);
};

#endif
