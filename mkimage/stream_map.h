/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_STREAM_MAP_H
#define MKIMAGE_STREAM_MAP_H

/*
 * Which bytes of an image matter, told while the image comes by, front to back, as it is unpacked.
 * A FAT has its table before its data, and ext4 the bitmaps of 16 groups before these groups; so
 * what is free is known in time.  Where it is not, the bytes matter.
 */

#include "blockmap.h"

struct stream_map;

/* For the disk as disk_probe_head tells it, which is taken over. */
int stream_map_new(struct disk *d, struct stream_map **ret, struct err *e) must_check;
/* The next bytes. */
int stream_map_add(struct stream_map *s, const unsigned char *data, uint64_t offset, size_t len,
		   struct err *e) must_check;
/*
 * Which of the bytes [start, end), all of which were added, matter.  known_only: leave out what
 * matters only because nothing is known of it.
 */
void stream_map_wanted(struct stream_map *s, uint64_t start, uint64_t end, bool known_only,
		       struct blockmap *ret);
void stream_map_free(struct stream_map *s);

/* ---- file systems, each in the file of its backend ---- */

/*
 * How many bytes of the file system must have come before it can be opened; o->path has its first
 * STREAM_PROBE bytes, and holes behind.
 */
#define STREAM_PROBE (128u << 10)
int fs_ext_stream_head(const struct fs_open *o, uint64_t *ret, struct err *e) must_check;
int fs_fat_stream_head(const struct fs_open *o, uint64_t *ret, struct err *e) must_check;

/* An ext2, ext3 or ext4, of which more and more is in o->path. */
struct fs_ext_stream;

/* The first head bytes are there. */
int fs_ext_stream_open(const struct fs_open *o, uint64_t head, struct fs_ext_stream **ret,
		       struct err *e) must_check;
/*
 * The next bytes of the image, [offset, offset + len), have come: keep is called for each part of
 * them that has to be in o->path from now on.
 */
int fs_ext_stream_add(struct fs_ext_stream *s, uint64_t offset, size_t len,
		      int (*keep)(void *ctx, uint64_t start, uint64_t end, struct err *e),
		      void *ctx, struct err *e) must_check;
/* As stream_map_wanted. */
void fs_ext_stream_wanted(struct fs_ext_stream *s, uint64_t start, uint64_t end, bool known_only,
			  struct blockmap *ret);
void fs_ext_stream_free(struct fs_ext_stream *s);

#endif
