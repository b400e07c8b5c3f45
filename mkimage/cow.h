/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_COW_H
#define MKIMAGE_COW_H

/*
 * Copy on write: an image that is another one with a few blocks changed.  What is changed lies in a
 * sparse file without a name; the rest is read from the image below, which is not written to.  So a
 * node's image can be made, and written to a card, without a copy of the base.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "blockmap.h"
#include "output.h"

#define COW_BLOCK 4096u

struct cow {
	struct output file; /* the changed blocks, in their places */
	int below;	    /* the image below, read only */
	struct stat st;	    /* of it, when it was opened */
	char *name;	    /* of it, for messages */
	uint64_t size;	    /* bytes of both */
	uint8_t *absent;    /* a bit for each block that the file has not; NULL: it has all */
};

/*
 * On top of d's image; the file gets a place below dir.  What d's file systems have not allocated
 * reads as zeros, as it is in a copy that blockmap_copy makes.  What others than the ext backend
 * read by the path of the file is in it from the beginning: partition tables, superblocks, and all
 * other file systems.  With whole that is everything, which costs a copy: for programs that change
 * more than a few blocks, even the size, after which cow_look_again is called.
 */
int cow_new(const struct disk *d, const char *dir, bool whole, struct cow **ret,
	    struct err *e) must_check;
int cow_look_again(struct cow *c, struct err *e) must_check;
void cow_free(struct cow *c);
static inline void cow_cleanup(struct cow **c)
{
	cow_free(*c);
}
#define auto_cow __attribute__((cleanup(cow_cleanup))) struct cow

/* How programs and libraries open what of it is in the file; borrowed. */
const char *cow_path(const struct cow *c);

/* All of them; 0, or -1 with errno. */
int cow_read(const struct cow *c, void *data, size_t len, uint64_t at);
int cow_write(struct cow *c, const void *data, size_t len, uint64_t at);

/* ERR_FAILED when the image below is not what it was. */
int cow_check_below(const struct cow *c, struct err *e) must_check;

#endif
