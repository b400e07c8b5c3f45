/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_IMAGE_RESIZE_H
#define MKIMAGE_IMAGE_RESIZE_H

/* e2fsck and resize2fs on a file system in an image; for image_grow.c and image_shrink.c. */

#include <stdint.h>

#include "output.h"

struct resize {
	int fd; /* of the image */
	const char *name;
	int64_t now;
};

/* What programs open the file system by: /proc, because a path may have a '?' in it. Owned. */
char *resize_path(int fd, uint64_t offset);
/* Repair what e2fsck -p repairs; resize2fs wants it. */
int resize_check(const struct resize *r, const char *path, struct err *e) must_check;
/* resize2fs OPTION PATH SIZE; option and size may be NULL. */
int resize_run(const struct resize *r, const char *option, const char *path, const char *size,
	       struct err *e) must_check;
/* Copy what `from` has data for in [from_at, from_at+len) to the same distance from to_at. */
int resize_copy(const struct resize *r, int from, uint64_t from_at, int to, uint64_t to_at,
		uint64_t len, struct err *e) must_check;
/* A file beside the image, where there is room for images; after it, if it needs a name. */
int resize_open_aside(const struct resize *r, struct output *ret, struct err *e) must_check;

#endif
