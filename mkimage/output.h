/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_OUTPUT_H
#define MKIMAGE_OUTPUT_H

/*
 * A file that appears under its final name whole or not at all.  Until then it has no name
 * (O_TMPFILE), so that nothing is left behind even by SIGKILL; file systems without O_TMPFILE get
 * ".NAME.partial", which the next run removes.
 */

#include <stdbool.h>

#include "err.h"

struct output {
	int fd;	    /* read and write */
	char *path; /* for programs and libraries that open by name; valid while this process lives
		     */
	char *dir, *name; /* the final place */
	char *partial;	  /* the fallback's name; NULL with O_TMPFILE */
};

/*
 * Begin the file dir/name; dir is made where it is missing.  Mode 0600: an image holds a host key
 * and password hashes.
 */
int output_begin(const char *dir, const char *name, struct output *ret, struct err *e) must_check;
/*
 * Refuse with ERR_USAGE what would be lost at dir/name: the base itself, a device, a directory; all
 * but a regular file.
 */
int output_check(const char *dir, const char *name, const char *base, struct err *e) must_check;
/* True when a copy of the file `from` would share its blocks (reflink) and take no space. */
bool output_can_clone(const struct output *o, int from);
/* Flush it to the disk and give it its final name, replacing what was there. */
int output_commit(struct output *o, struct err *e) must_check;
/* Forget it, unless it was committed. */
void output_done(struct output *o);
#define OUTPUT_INIT      \
	{                \
		.fd = -1 \
	}
#define auto_output __attribute__((cleanup(output_done))) struct output

#endif
