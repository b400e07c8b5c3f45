/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_ASSEMBLE_H
#define MKIMAGE_ASSEMBLE_H

/*
 * A bootable image from a root tarball: MBR, 8 MiB alignment, FAT32 `bootfs` (512 MiB) filled from
 * /boot/firmware, ext4 `rootfs`, PARTUUIDs in fstab and cmdline.txt.  A tarball without
 * /boot/firmware or /boot content for a FAT gets a FAT filled from /boot when it looks like a
 * Raspberry Pi's (config.txt, bootcode.bin …), else one ext4 partition.
 *
 * Same tarball and timestamp, same bytes: UUIDs are derived from id, members are written in order.
 */

#include <stdint.h>

#include "err.h"
#include "progress.h"

struct assemble {
	const char *tarball;
	const char *name;  /* how people call it, for the progress display; NULL: image's name */
	const char *image; /* to be made; replaced if it is there */
	const char *id;	   /* hex digest that seeds disk id, UUIDs and the hash seed */
	int64_t now;	   /* timestamp of everything that the tarball does not date */
};

int assemble_image(const struct assemble *a, struct progress *p, struct err *e) must_check;

#endif
