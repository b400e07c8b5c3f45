/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_GROW_DEVICE_H
#define FIRSTBOOT_GROW_DEVICE_H

/* The disk, or the image of one, that firstboot-grow works on. */

#include <stdbool.h>

#include "disk.h"

/*
 * Fill d->path, name and size; returns the descriptor.  What is neither a disk nor a file is
 * refused.  The disk is locked as udev's rules ask for, so that nobody else writes its table.
 */
int device_open(const char *path, bool write, struct disk *d, struct err *e) must_check;
/*
 * The kernel counts with part as the table has it.  1 when it did not so far; 0 when it did, when
 * the disk is a file or when the kernel does not know this partition.
 */
int device_tell(int fd, const struct disk *d, const struct part *part, bool dry_run,
		struct err *e) must_check;

#endif
