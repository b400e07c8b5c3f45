/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_ASSEMBLE_PRIVATE_H
#define MKIMAGE_ASSEMBLE_PRIVATE_H

/* Parts of assemble.c: reading the tarball, measuring it, filling the file systems, the two texts.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "assemble.h"
#include "fs.h"
#include "str.h"
#include "tree.h"

/* ---- assemble_tar.c: the tarball, one member after the other ---- */

struct tar;

struct tar_entry {
	char *path; /* absolute, without ".", ".." or empty parts; "/" is the root; owned by tar */
	char *link; /* symlink: its target as it is; hard link: a path like the above; else NULL */
	bool is_hardlink;
	mode_t type; /* S_IFREG, S_IFDIR …; of a hard link S_IFREG */
	uint32_t mode, uid, gid;
	int64_t mtime;
	uint64_t size;
	dev_t dev;
};

int tar_open(const char *path, struct tar **ret, struct err *e) must_check;
void tar_close(struct tar *t);
static inline void tar_cleanup(struct tar **t)
{
	tar_close(*t);
}
#define auto_tar __attribute__((cleanup(tar_cleanup))) struct tar

/* The next member into *ret, valid until the next call: 1, or 0 at the end. */
int tar_next(struct tar *t, struct tar_entry *ret, struct err *e) must_check;
/* Content of the present member, as an fs_source's read. */
ssize_t tar_read(void *t, void *buffer, size_t len, struct err *e);
/* Call set for each extended attribute and POSIX ACL of the present member. */
int tar_xattrs(struct tar *t,
	       int (*set)(void *ctx, const char *name, const void *value, size_t len,
			  struct err *e),
	       void *ctx, struct err *e) must_check;
/* Bytes of the (compressed) file that have been read, for the progress display. */
uint64_t tar_position(struct tar *t);

/* ---- assemble.c: what the first pass finds ---- */

struct survey {
	uint64_t root_bytes, boot_bytes; /* in whole blocks */
	uint64_t root_inodes;
	const char *boot_at; /* "/boot/firmware", "/boot"; NULL: no FAT partition */
};

int assemble_survey(const char *tarball, struct progress *p, int step, struct survey *ret,
		    struct err *e) must_check;

/* ---- assemble_fill.c ---- */

struct fill {
	struct tar *tar;
	struct tree *tree;
	struct fs *root;     /* mounted at "/" */
	const char *boot_at; /* where another file system is mounted in the tree; may be NULL */
	struct progress *progress;
	int step;
	uint64_t done_before; /* what the first pass has reported; each pass is one half */
};

/* Put every member in its place. */
int assemble_fill(const struct fill *f, struct err *e) must_check;

/* ---- assemble_text.c: pure functions ---- */

/*
 * text with the first field of the line that mounts `target` replaced by source; every other byte
 * stays.  Without such a line, line (with its newline) is added at the end.
 */
void fstab_set_source(struct str *out, const char *text, const char *target, const char *source,
		      const char *line);
/* The kernel command line with one root=WORD, in the place of the first one. */
void cmdline_set_root(struct str *out, const char *text, const char *root);
/* 32 bytes that depend on nothing but id and purpose. */
void assemble_derive(const char *id, const char *purpose, uint8_t ret[32]);
/* A UUID (version 4 by its form) made from those; owned. */
char *assemble_uuid(const char *id, const char *purpose);

#endif
