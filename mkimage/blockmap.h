/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_BLOCKMAP_H
#define MKIMAGE_BLOCKMAP_H

/*
 * Which bytes of an image matter: partition tables, the gap before the first partition, and what
 * the file systems have allocated (holes of the image file inside allocated blocks count: they are
 * allocated zeros).  Partitions of an unknown type matter whole.
 */

#include "disk.h"
#include "fs.h"
#include "str.h"

struct extent {
	uint64_t start, len; /* bytes */
};

struct blockmap {
	struct extent *extents; /* sorted, neither touching nor overlapping */
	size_t n, cap;
	uint64_t used; /* sum of all len */
};

int blockmap_build(const struct disk *d, struct blockmap *ret, struct err *e) must_check;
/*
 * The same of the copy of a card that was rescued: what its allocation cannot be read of counts
 * whole, as it was copied.
 */
int blockmap_build_rescued(const struct disk *d, struct blockmap *ret, struct err *e) must_check;
/*
 * The same for a target full of old data, where a hole of the image is not zero already: what may
 * be allocated counts, data or not.  A partition whose allocation cannot be read counts whole, or
 * with known_only not at all; notes gets the reason where a file system should be readable.
 */
int blockmap_build_over(const struct disk *d, bool known_only, struct blockmap *ret,
			struct strv *notes, struct err *e) must_check;
/*
 * The same of a card that is read: of its gaps, whose holes nobody sees, only the parts that a
 * table or a boot loader may be in.  With a dirty journal it is what was allocated before that.
 * With notes (may be NULL) a partition whose allocation cannot be read counts whole.
 */
int blockmap_build_card(const struct disk *d, struct strv *notes, struct blockmap *ret,
			struct err *e) must_check;
void blockmap_done(struct blockmap *m);
#define auto_blockmap __attribute__((cleanup(blockmap_done))) struct blockmap

/* Add bytes [start, start+len); must not begin before the last extent does; touching ones merge. */
void blockmap_add(struct blockmap *m, uint64_t start, uint64_t len);

/* Enlarge each extent to whole blocks, as far as size bytes go. */
void blockmap_round(struct blockmap *m, uint64_t block, uint64_t size);
/* Add all that other has. */
void blockmap_merge(struct blockmap *m, const struct blockmap *other);
/* Take out all that other has. */
void blockmap_subtract(struct blockmap *m, const struct blockmap *other);
/* Add to part what m has within [start, end); *hint is where the last search ended, 0 at first. */
void blockmap_clip(const struct blockmap *m, uint64_t start, uint64_t end, size_t *hint,
		   struct blockmap *part);

/*
 * Add [start, end) as far as the file has data there, holes left out; a block device or file system
 * that cannot tell has it everywhere.  what names the file in messages.
 */
int blockmap_add_data(struct blockmap *m, int fd, uint64_t start, uint64_t end, const char *what,
		      struct err *e) must_check;

/* Of one file system, each in the file of its backend. Extents are relative to the image. */
int fs_ext_blockmap(const struct fs_open *o, struct blockmap *m, struct err *e) must_check;
int fs_fat_blockmap(const struct fs_open *o, struct blockmap *m, struct err *e) must_check;

/*
 * What the log of the journal lies in, all but its first block, which says that it is empty.  Adds
 * nothing where there is no journal.
 */
int fs_ext_log(const struct fs_open *o, struct blockmap *m, struct err *e) must_check;

/*
 * The content of swap files, all but their header: those that fstab names, and those at the usual
 * paths.  What cannot be read is none.
 */
void fs_ext_swap(const struct fs_open *o, struct blockmap *m);

/*
 * Make zeros of what was deleted and is still there in blocks that are in use: names in directories
 * and inodes; and of the UUID that the journal, which is empty, has.  ERR_IMAGE when we cannot
 * write to such a file system.
 */
int fs_ext_scrub(const struct fs_open *o, struct err *e) must_check;
/* The same of a FAT: names in directories, and what is behind the end of files in their clusters.
 */
int fs_fat_scrub(const struct fs_open *o, struct err *e) must_check;

/* What a replay changes besides the blocks in the log: as it was, the log is replayed once more. */
int fs_ext_replay_marks(const struct fs_open *o, struct blockmap *m, struct err *e) must_check;

/*
 * Add what has some of these bytes of the image, for people: paths of files, "group 3: the bitmap
 * of blocks", and the paths of files that are lost with a table of inodes.  Bytes that are free add
 * nothing.  1, with nothing added, when the descriptors of groups have to be mended before.
 */
int fs_ext_owners(const struct fs_open *o, const struct blockmap *bytes, struct strv *ret,
		  struct err *e) must_check;

/*
 * Of a FAT that has zeros in these bytes: put back what the other table has, and add, for people,
 * the paths of files that are hit.
 */
int fs_fat_mend(const struct fs_open *o, const struct blockmap *bytes, struct strv *ret,
		struct err *e) must_check;

/* What fsck.fat reads: all of the above but the content of files. */
int fs_fat_metadata(const struct fs_open *o, struct blockmap *m, struct err *e) must_check;

/*
 * Copy the mapped bytes, by reflink where the file system can, else in large blocks; all others
 * are holes, so that both ways give the same image.  to is empty and gets size bytes.  progress
 * (may be NULL) is called with bytes done.
 */
int blockmap_copy(int from, int to, const char *what, uint64_t size, const struct blockmap *m,
		  void (*progress)(void *ctx, uint64_t done), void *ctx, struct err *e) must_check;

#endif
