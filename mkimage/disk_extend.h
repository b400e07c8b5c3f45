/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DISK_EXTEND_H
#define MKIMAGE_DISK_EXTEND_H

/*
 * The end of the last partition moves towards the end of its disk.  mkimage does it to an image
 * file, firstboot-grow to the disk that its root is mounted from.
 */

#include "disk.h"

/* The partition that follows; NULL when it is the last. */
const struct part *disk_extend_next(const struct disk *d, const struct part *part);
/* Why it cannot, of whatever size the disk is; NULL: it can.  fd: the disk. */
const char *disk_extend_obstacle(const struct disk *d, const struct part *part, int fd);
/* Where, at most, a partition can end (the byte behind it) on a disk of d->size bytes. */
int disk_extend_limit(const struct disk *d, int fd, uint64_t *ret, struct err *e) must_check;

/*
 * Make the partition, which nothing hinders, end at byte end, which is later than now, or earlier
 * where safe is not wanted and d->size is that of the smaller disk.  Only what must change of the
 * table is written: the boot code, the ids and the other partitions stay.
 *
 * With safe, whoever reads the disk after a loss of power at any moment finds the table as it was
 * or as it is to be, provided that a sector is written whole or not at all; and a further call ends
 * what was begun.  That takes room: the partition has to grow by 1 MiB at least.
 */
int disk_extend(const struct disk *d, const struct part *part, uint64_t end, bool safe, int fd,
		struct err *e) must_check;

/*
 * Put the backup of a GPT at the end of the disk where it is elsewhere, and zeros where it was; of
 * a private copy, for no moment of it is safe.  What cannot have it there stays as it is: a hybrid
 * one, and one whose list of partitions is at an unusual place.
 */
int disk_settle_backup(const struct disk *d, int fd, struct err *e) must_check;

#endif
