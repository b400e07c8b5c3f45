/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CHANGE_H
#define MKIMAGE_CHANGE_H

/*
 * A change is the wanted final state of one path.  A plan holds at most one change per path, so
 * plan, apply and verify cannot disagree: plan prints the states, apply makes them, verify checks
 * that they are so.
 */

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum change_kind {
	CHANGE_WRITE,	/* a regular file with this content */
	CHANGE_MKDIR,	/* a directory */
	CHANGE_SYMLINK, /* a symlink to target */
	CHANGE_REMOVE,	/* nothing: a file, a link, or a whole directory is gone */
	CHANGE_ATTR,	/* what is there keeps its content, mode and owner are set */
};

#define KEEP UINT32_MAX /* mode, uid, gid: as it is in the image; for a new file 0644/0755 root */

struct change {
	enum change_kind kind;
	char *path;	 /* absolute, resolved: no symlink in any parent */
	char *data;	 /* CHANGE_WRITE: the content, unless host_path is set */
	size_t len;	 /* bytes in data */
	char *host_path; /* CHANGE_WRITE: content is this file of the host (large overlay files) */
	char *target;	 /* CHANGE_SYMLINK */
	uint32_t mode;	 /* permission bits or KEEP */
	uint32_t uid, gid;  /* or KEEP */
	char *why;	    /* one line for people; several reasons are joined by "; " */
	const char *custom; /* the customisation that asked for it */
	bool secret;	    /* content is never shown */
	bool fresh;	    /* what is there goes first: neither its attributes nor xattrs stay */
};

/* Release what the change owns. */
void change_done(struct change *c);

#endif
