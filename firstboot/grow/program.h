/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_GROW_PROGRAM_H
#define FIRSTBOOT_GROW_PROGRAM_H

/*
 * Between the step and its program: firstboot-grow [--dry-run] DISK PARTITION-NUMBER.  It is a
 * program of its own because it needs libparted, which a board may lack.
 */

#define GROW_PROGRAM "firstboot-grow" /* in the directory of firstboot */
#define GROW_CHANGED 10		      /* exit code: has grown; 0: nothing to do; else err_codes[] */

/* The end of a partition is a multiple of this, as fdisk and parted have it. */
#define GROW_ALIGN (1ull << 20)
/* Less is not worth to write the table. */
#define GROW_WORTH (4ull << 20)

#endif
