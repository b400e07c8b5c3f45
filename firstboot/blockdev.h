/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_BLOCKDEV_H
#define FIRSTBOOT_BLOCKDEV_H

/* Disks and partitions as the kernel has them, by sysfs: never by their names. */

#include <stdint.h>

#include "step.h"

struct blockdev {
	char *sys;	      /* its directory: "/sys/dev/block/179:2" */
	char *node;	      /* "/dev/mmcblk0p2" */
	int number;	      /* of the partition; 0: a whole disk */
	uint64_t start, size; /* bytes; start counts from the disk's begin */
};

/* By number ("179:2"); 1, or 0 when the kernel has no such device. */
int blockdev_read(const struct ctx *ctx, const char *id, struct blockdev *ret,
		  struct err *e) must_check;
/* The disk that a partition is of; 1, or 0 when it is a disk itself. */
int blockdev_disk(const struct ctx *ctx, const struct blockdev *part, struct blockdev *ret,
		  struct err *e) must_check;
/* Partition number of a disk; 1, or 0 when the kernel has not such a partition. */
int blockdev_partition(const struct ctx *ctx, const struct blockdev *disk, int number,
		       struct blockdev *ret, struct err *e) must_check;
/* The partition of the disk that begins next behind part; 1, or 0 when there is none. */
int blockdev_next(const struct ctx *ctx, const struct blockdev *disk, const struct blockdev *part,
		  struct blockdev *ret, struct err *e) must_check;
void blockdev_done(struct blockdev *b);
#define auto_blockdev __attribute__((cleanup(blockdev_done))) struct blockdev

#endif
