/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_IMAGE_H
#define MKIMAGE_IMAGE_H

/* A disk image opened as one tree: root and boot partition found by what is in them. */

#include "disk.h"
#include "fs.h"
#include "tree.h"

struct image {
	char *path; /* how it is opened; may be /proc/PID/fd/N */
	char *name; /* how messages call it: "worker001.img" */
	struct disk *disk;
	int root, boot; /* partition numbers; boot -1: none */
	char *boot_at;	/* "/boot/firmware", "/boot"; NULL: none */
	struct fs *root_fs, *boot_fs;
	struct tree *tree;
};

struct image_open {
	const char *path;
	const char *name; /* for messages; NULL: path */
	bool writable;
	int64_t now;		 /* timestamp of everything that is written */
	int root_partition;	 /* chosen by the user (key root-partition); 0: find it */
	bool replay;		 /* writable only: replay a dirty journal first */
	struct cow *cow;	 /* has what the file at path has not; borrowed, may be NULL */
	const struct disk *like; /* of what this is a copy of; NULL: look at it */
};

/*
 * Root: the one partition with /etc/os-release (or /usr/lib/os-release, or /sbin/init and /etc) in
 * it.  None, or more than one, is ERR_IMAGE with the list of partitions and what they hold; LUKS
 * and LVM are named as such.  Boot: what the root's fstab mounts at /boot/firmware or /boot, found
 * by UUID, PARTUUID, LABEL or number; without such a line the one FAT with a config.txt,
 * cmdline.txt or uEnv.txt.
 */
int image_open(const struct image_open *o, struct image **ret, struct err *e) must_check;
/* Sync, close and set *i to NULL; NULL is allowed. */
int image_close(struct image **i, struct err *e) must_check;
void image_discard(struct image **i);
#define auto_image __attribute__((cleanup(image_discard))) struct image

/*
 * Seconds since 1970 that the content itself gives: the last write of the root file system; so
 * equal images give equal values wherever their files lie.
 */
int image_timestamp(const struct image *i, int64_t *ret, struct err *e) must_check;

/* e2fsck -fn and fsck.fat -n on every file system of the image; ERR_CHECK with what they said. */
int image_check(const char *path, const char *name, struct err *e) must_check;

/* Refuse what image_grow would refuse, before anything is written. */
int image_grow_check(const struct image *i, uint64_t new_size, struct err *e) must_check;
/* Grow the image, the root partition and its file system to new_size bytes (key image-size). */
int image_grow(const char *path, const char *name, int root_partition, uint64_t new_size,
	       struct err *e) must_check;

/* Refuse what image_shrink would refuse, before anything is written. */
int image_shrink_check(const struct image *i, struct err *e) must_check;
/*
 * Cut the image, open in fd and by path, its root partition and the file system in it to what is
 * used, and little more; now is the time that is written.
 */
int image_shrink(int fd, const char *path, const char *name, int root_partition, int64_t now,
		 struct err *e) must_check;

#endif
