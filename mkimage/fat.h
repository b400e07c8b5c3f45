/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FAT_H
#define MKIMAGE_FAT_H

/*
 * Reading FAT12, FAT16 and FAT32, private to fs_fat*.c.  Everything is bounded by the partition,
 * whatever the structures say.  Layout: Microsoft, "FAT: General Overview of On-Disk Format" 1.03.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

#define FAT_ATTR_READ_ONLY 0x01
#define FAT_ATTR_LABEL 0x08
#define FAT_ATTR_DIR 0x10
#define FAT_ATTR_LONG_NAME 0x0f /* all of FAT_ATTR_LONG_MASK, and no other of it */
#define FAT_ATTR_LONG_MASK 0x3f
#define FAT_SLOT 32u
#define FAT_DELETED 0xe5 /* first byte of a slot; 0: no slot behind it was ever in use */

struct fat_volume {
	int fd;
	char *what;	 /* for messages; owned */
	uint64_t offset; /* of the file system in the image; all below are relative to it, bytes */
	unsigned bits;	 /* of a table entry: 12, 16 or 32 */
	uint32_t cluster_size;
	uint32_t n_clusters; /* numbers 2 … n_clusters + 1 */
	uint64_t table;	     /* the table that is read */
	uint64_t table_size;
	uint64_t root, root_size; /* the root directory of FAT12 and FAT16 */
	uint32_t root_cluster;	  /* of FAT32; else 0 */
	uint64_t data;		  /* where cluster 2 begins */
	uint8_t *window;	  /* the last part of the table that was read */
	uint64_t window_at;
	size_t window_len;
	uint32_t free_hint; /* a cluster that was free once; 0: none known */
};

struct fat_entry {
	char name[256 * 3]; /* long name as UTF-8, else the short one */
	char alias[40];	    /* short name */
	uint8_t attr;
	uint32_t cluster; /* first; 0: none */
	uint32_t size;
};

static inline uint32_t fat_le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t fat_le32(const uint8_t *p)
{
	return fat_le16(p) | fat_le16(p + 2) << 16;
}

/* What a slot, but of a long name, says of its file. */
uint32_t fat_slot_cluster(const struct fat_volume *v, const uint8_t *slot);

/* size is of the partition; what is no FAT, or does not fit in it, is ERR_IMAGE. fd is borrowed. */
int fat_volume_open(int fd, const char *what, uint64_t offset, uint64_t size,
		    struct fat_volume *ret, struct err *e) must_check;
void fat_volume_done(struct fat_volume *v);
#define auto_fat_volume __attribute__((cleanup(fat_volume_done))) struct fat_volume

/*
 * Where the serial number is: in the boot sector and in its backup, as bytes from the begin of the
 * file system.  *ret_n is 0 when the volume has none.
 */
int fat_serial_places(const struct fat_volume *v, uint64_t ret[2], size_t *ret_n,
		      struct err *e) must_check;

/* Somebody else wrote to the image. */
void fat_forget(struct fat_volume *v);

enum fat_mark { FAT_FREE, FAT_NEXT, FAT_BAD, FAT_END };

/* What the table says of a cluster; *ret_next is set for FAT_NEXT. */
int fat_look(struct fat_volume *v, uint32_t cluster, enum fat_mark *ret, uint32_t *ret_next,
	     struct err *e) must_check;
/*
 * How many clusters follow each other on the disk from *cluster, at most max; *cluster becomes the
 * one where the chain goes on, 0 at its end.
 */
int fat_next_run(struct fat_volume *v, uint32_t *cluster, uint32_t max, uint32_t *ret_n,
		 struct err *e) must_check;
/* Whether this many clusters are free. */
int fat_has_room(struct fat_volume *v, uint64_t clusters, bool *ret, struct err *e) must_check;
/*
 * Add size bytes of the chain that begins at cluster to out; a shorter chain is an error.
 * to_end: add the whole chain, more than size bytes is an error.
 */
int fat_read_chain(struct fat_volume *v, uint32_t cluster, uint64_t size, bool to_end,
		   struct str *out, struct err *e) must_check;

/* Find an absolute path; 1 found, 0 absent. The root is a directory without a name. */
int fat_find(struct fat_volume *v, const char *path, struct fat_entry *ret,
	     struct err *e) must_check;
/* The names of a directory, without "." and "..". */
int fat_names(struct fat_volume *v, const struct fat_entry *dir, struct strv *ret,
	      struct err *e) must_check;

/* The directories in a directory: *ret are their first clusters, owned. */
int fat_subdirs(struct fat_volume *v, const struct fat_entry *dir, uint32_t **ret, size_t *ret_n,
		struct err *e) must_check;

/*
 * Every directory once, the root first, with its clusters in order (none: the root of FAT12 and
 * FAT16).  A circle, or what cannot be read, ends there; it ends when visit fails.
 */
typedef int fat_visit(struct fat_volume *v, const uint32_t *clusters, size_t n, void *ctx,
		      struct err *e);
int fat_each_dir(struct fat_volume *v, fat_visit *visit, void *ctx, struct err *e) must_check;

/* Where a cluster begins, from the begin of the file system. */
static inline uint64_t fat_cluster_at(const struct fat_volume *v, uint32_t cluster)
{
	return v->data + (uint64_t)(cluster - 2) * v->cluster_size;
}
static inline bool fat_is_cluster(const struct fat_volume *v, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < v->n_clusters;
}

/* Names, fs_fat_name.c. */

/* Why FAT cannot hold this name, or why mtools would take it for something else; NULL: it can. */
const char *fat_name_refusal(const char *name);
/* Without case, for ASCII and Latin-1. */
bool fat_name_equal(const char *a, const char *b);
/*
 * "NAME.EXT" of a directory's slot as UTF-8, at most 40 bytes; flags is its byte 12, which says
 * what was lower case when it was made, or 0.
 */
void fat_short_name(const uint8_t *slot, uint8_t flags, char *out);
/* Returns how many bytes were put, at most 4. */
size_t fat_put_utf8(char *out, uint32_t c);

#endif
