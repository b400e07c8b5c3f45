/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DISK_H
#define MKIMAGE_DISK_H

/* Partition tables by libparted, content by libblkid: the one file that includes either. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct cow; /* cow.h */

enum disk_table { DISK_WHOLE, DISK_MBR, DISK_GPT }; /* DISK_WHOLE: a file system without a table */

struct part {
	int number;	      /* as in the table, from 1; DISK_WHOLE: 0 */
	uint64_t start, size; /* bytes */
	char fstype[32];      /* libblkid's TYPE ("ext4", "vfat", "crypto_LUKS"); "" unknown */
	char version[32];     /* of the file system: "FAT32" */
	char label[256];      /* of the file system */
	char uuid[64];	      /* of the file system */
	char partuuid[64];    /* lower case, as in PARTUUID= */
	bool extended;	      /* an MBR extended partition: holds others */
};

struct disk {
	char *path; /* how it is opened */
	char *name; /* how messages call it: "worker001.img" */
	enum disk_table table;
	uint64_t size;	      /* bytes of the image or device */
	unsigned sector_size; /* logical, bytes */
	char id[64];	      /* MBR: 8 hex digits; GPT: UUID */
	char mbr_id[16];      /* of the MBR of a hybrid GPT, 8 hex digits; "": none */
	struct part *parts;
	size_t n_parts;
	/* Has what the file at path has not; borrowed; NULL: the file has everything. */
	struct cow *cow;
};

/*
 * Read table and contents; nothing is written, no exception text is printed.  What is not a disk
 * image (no table and no file system at byte 0) is ERR_IMAGE, and says what it seems to be.
 * Messages call it name; NULL: path.
 */
int disk_probe(const char *path, const char *name, struct disk **ret, struct err *e) must_check;
/*
 * The same of an image of which only the first MiB or more is there, in fd: partitions as the table
 * of 512-byte sectors has them, logical ones and content left out; size is what the table needs.
 */
int disk_probe_head(int fd, const char *name, struct disk **ret, struct err *e) must_check;
void disk_free(struct disk *d);
static inline void disk_cleanup(struct disk **d)
{
	disk_free(*d);
}
#define auto_disk __attribute__((cleanup(disk_cleanup))) struct disk

/* The partition of that number, NULL when there is none. */
const struct part *disk_part(const struct disk *d, int number);

struct disk_range {
	uint64_t start, len; /* bytes */
};
#define DISK_BACKUP_RANGES 2
/*
 * Where the backup of a GPT is, its list and its header; returns how many there are.  One that is
 * damaged, or cannot be read, is none.
 */
size_t disk_backup(const struct disk *d, int fd, struct disk_range ret[DISK_BACKUP_RANGES]);

struct disk_layout_part {
	uint64_t start, size; /* bytes, multiples of the sector size */
	const char *type;     /* "fat32", "ext4": sets the partition's type id */
	bool boot;	      /* active flag */
};

/* A copy, for somebody who wants other ids in it. */
struct disk *disk_copy(const struct disk *d);
/* What disk_probe would read from a copy of all that d was read from, that lies at path. */
struct disk *disk_like(const struct disk *d, const char *path, const char *name);
/* Why the table cannot get other ids, as one line for people; NULL: it can. */
int disk_ids_obstacle(const struct disk *d, const char **ret, struct err *e) must_check;
/*
 * Give the table of the image d->path the id of want, and in a GPT each of its partitions its
 * partuuid, found by number, and a hybrid MBR its mbr_id.  Nothing else is touched; the copies and
 * sums of a GPT follow.
 */
int disk_write_ids(const struct disk *d, const struct disk *want, struct err *e) must_check;

/*
 * Write an MBR with this id (8 hex digits) and these partitions to the image, which has its final
 * size already.
 */
int disk_create_mbr(const char *path, uint32_t id, const struct disk_layout_part *parts, size_t n,
		    struct err *e) must_check;

/*
 * Grow the image file (sparse) to new_size bytes and the partition to its end (GPT: backup header
 * moved).  Only the last partition can grow, and an MBR extended one cannot: refused with the
 * reason.
 */
int disk_grow(const char *path, const char *name, int number, uint64_t new_size,
	      struct err *e) must_check;
/* The same judgement, with nothing written. */
int disk_grow_check(const struct disk *d, int number, uint64_t new_size, struct err *e) must_check;

#endif
