/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FSTAB_H
#define MKIMAGE_FSTAB_H

/* fstab(5) as libmount, which mount(8) and findmnt(8) are made of, reads and writes it. */

#include <stddef.h>

#include "str.h"

/* One line that is neither blank nor a comment. */
struct fstab_entry {
	int line;     /* from 1 */
	char *target; /* unescaped, without a slash at the end; NULL: the line has none */
	char *swap;   /* of a swap area: the file that it is; NULL: it is none, or a disk */
	char *wrong;  /* what is wrong with the line; NULL: nothing */
};

struct fstab {
	struct fstab_entry *entries;
	size_t n, cap;
};

/* Any text is taken; what is no line of fstab(5) is an entry that says what is wrong. */
void fstab_parse(const char *text, struct fstab *ret);
void fstab_done(struct fstab *f);
#define auto_fstab __attribute__((cleanup(fstab_done))) struct fstab

/* The first line that mounts something at target; NULL: none. */
const struct fstab_entry *fstab_find(const struct fstab *f, const char *target);

/* Add a line, escaped where a field needs it; neither dumped nor checked at boot. */
void fstab_add(struct str *out, const char *source, const char *target, const char *type,
	       const char *options);
/* Put "name" or "name=value" into the comma-separated *options, in the place of its name. */
void fstab_set_option(char **options, const char *option);

#endif
