/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_IMAGE_PARTS_H
#define MKIMAGE_IMAGE_PARTS_H

/* What image*.c share. */

#include "image.h"

/* How messages call a partition: "worker001.img: partition 2"; owned. */
char *image_part_name(const char *image, const struct part *p);
/* What the file system of a partition has: "64bit", "FAT32"; nothing for types we do not read. */
int image_part_features(const struct disk *d, const struct part *p, struct strv *ret,
			struct err *e) must_check;
bool part_is_ext(const struct part *p);
bool part_is_fat(const struct part *p);
bool part_is_swap(const struct part *p);
/* Open the file system of a partition with the backend for its type; replays if o says so. */
int image_open_part(const struct image_open *o, const struct part *p, bool writable,
		    struct fs **ret, struct err *e) must_check;

/* The number of the root partition, image_root.c. */
int image_find_root(const struct image_open *o, const struct disk *d, int *ret,
		    struct err *e) must_check;
/* The boot partition and where the root mounts it, image_boot.c; *ret is NULL when there is none.
 */
int image_find_boot(const struct image_open *o, const struct disk *d, int root, struct tree *tree,
		    const struct part **ret, char **ret_at, struct err *e) must_check;

#endif
