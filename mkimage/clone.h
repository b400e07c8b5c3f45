/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CLONE_H
#define MKIMAGE_CLONE_H

/*
 * A card, a device or an image that is read to be cloned.  Nothing is ever written to it: a journal
 * that its board had no time to write back is replayed on the copy.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "blockmap.h"
#include "disk.h"

struct clone_source {
	int fd;
	struct stat st; /* when it was opened */
	struct disk *disk;
	bool dirty; /* a journal has to be replayed before its files can be trusted */
	struct blockmap used;
	bool rescue;	     /* what cannot be read becomes zeros, instead of an error */
	struct blockmap bad; /* what could not be read, and is zeros in the copy */
	struct strv lost;    /* with rescue: what is lost by that, lines for people */
};

#define CLONE_SOURCE_INIT \
	{                 \
		.fd = -1  \
	}

/* ERR_BUSY for a device that is mounted or otherwise in use; what is no image is ERR_IMAGE. */
int clone_open(const char *path, bool rescue, struct clone_source *ret, struct err *e) must_check;
void clone_done(struct clone_source *s);
#define auto_clone __attribute__((cleanup(clone_done))) struct clone_source

struct clone_copy {
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;
};

/*
 * Copy what is used to the empty file to, which is open at path, too; replay its journals and empty
 * their logs.  Nothing is left in it of files that were deleted.  Each byte of the source is read
 * once at most, but for what tells that a journal has to be replayed.
 */
int clone_copy(struct clone_source *s, const struct clone_copy *how, int to, const char *path,
	       const char *what, struct err *e) must_check;

/*
 * Of the copy at path: say in s->lost what the bytes belong to that could not be read, and repair
 * the file systems that have them, or that could not tell what they have.
 */
int clone_mend(struct clone_source *s, const char *path, struct err *e) must_check;
/* How to open a partition's file system to read it. */
struct fs_open clone_part(const struct disk *d, const struct part *p, const char *what);

/*
 * What of the image has to be copied for a clone, and its size.  With rescue a file system that
 * cannot tell is copied whole.
 */
int clone_used(const char *path, const char *what, bool rescue, uint64_t *ret_size,
	       struct blockmap *ret, struct err *e) must_check;
/*
 * Make holes of all that no file system of the image, open at path, too, has allocated, and zeros
 * of what was deleted in the rest.  With rescue one that cannot tell stays as it is.
 */
int clone_wipe_free(int fd, const char *path, const char *what, bool rescue,
		    struct err *e) must_check;

#endif
