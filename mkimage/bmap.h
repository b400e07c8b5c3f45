/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_BMAP_H
#define MKIMAGE_BMAP_H

/*
 * Block map files as bmaptool makes and reads them: which blocks of an image have to be written,
 * and their checksums.  Format versions 1.0 to 2.0: https://docs.yoctoproject.org/bmaptool
 */

#include "blockmap.h"
#include "output.h"

#define BMAP_OTHER_IMAGE "; is it that of another image? To do without: --bmap none"

struct bmap_range {
	uint64_t start, len; /* bytes, as far as the image goes */
	char *sum;	     /* hex; NULL: none */
};

struct bmap {
	char *path;	     /* for messages */
	uint64_t image_size; /* bytes */
	uint64_t block_size;
	char *sum_type; /* "sha256"; NULL: there are no checksums */
	struct bmap_range *ranges;
	size_t n, cap;
};

/* The file's own checksum is checked, too; ERR_IMAGE with the line where it is wrong. */
int bmap_read(const char *path, struct bmap *ret, struct err *e) must_check;
void bmap_done(struct bmap *b);
#define auto_bmap __attribute__((cleanup(bmap_done))) struct bmap

/*
 * The file beside the image, as bmaptool looks for it: for a.img.xz it is a.img.xz.bmap, a.img.bmap
 * or a.bmap.  Owned; NULL: there is none.
 */
char *bmap_find(const char *image);

/*
 * Write IMAGE.bmap for the image that is in fd, whether or not it has its name yet.  Where the disk
 * or a partition begins, a checksum is given: there it shows when anything behind it was changed.
 */
int bmap_write(const char *image, int fd, const struct disk *d, const struct blockmap *m,
	       struct err *e) must_check;
/*
 * The same beside an image that gets its name then: a block map that is older than its image is not
 * believed.  When the image cannot get its name, no block map is left.
 */
int bmap_commit(struct output *image, const struct disk *d, const struct blockmap *m,
		struct err *e) must_check;

#endif
