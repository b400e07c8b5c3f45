/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_UDISKS_H
#define MKIMAGE_UDISKS_H

/*
 * What only root may do with a device, done by UDisks2, which asks the user in a window of the
 * desktop.  Devices are named by their node: "/dev/sdb".
 */

#include "err.h"

/* 1 and the descriptor, open exclusively and past the page cache; 0 when UDisks2 does not run. */
int udisks_open(const char *device, int *ret_fd, struct err *e) must_check;
/* Unmount the file system on this partition; 0 when UDisks2 does not run, 1 when it did. */
int udisks_unmount(const char *device, struct err *e) must_check;
/* Let go of the medium of the drive; 0 when UDisks2 does not run, 1 when it did. */
int udisks_eject(const char *device, struct err *e) must_check;

#endif
