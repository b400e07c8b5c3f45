/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_BASES_H
#define MKIMAGE_BASES_H

/*
 * bases.conf: names for bases.  libconfuse's language, like profiles; a file of its own because a
 * base is not a setting of a role.
 *
 *   base "debian-arm64" {
 *     recipe = {"mkbase", "--suite", "trixie", "--arch", "arm64"}
 *     help = "Debian 13 for Raspberry Pi 3 and 4, made from Debian packages"
 *   }
 *
 * Each has exactly one of
 *   recipe  a program of ours and its arguments, which makes a root tarball (see source_recipe.c)
 *   path    a file; a relative one is beside bases.conf
 *   url     a download, with sha256 of it
 */

#include "err.h"
#include "str.h"

struct base_entry {
	char *name;
	char *file; /* the bases.conf that has it */
	int line;
	struct strv recipe;
	char *path; /* absolute or relative to the current directory */
	char *url, *sha256, *help;
};

void base_entry_done(struct base_entry *b);
#define auto_base_entry __attribute__((cleanup(base_entry_done))) struct base_entry

/*
 * The base of that name in the bases.conf of the search directories; the first that has it wins.
 * An unknown name is ERR_PROFILE with "did you mean" and all names.
 */
int bases_lookup(const char *name, const struct strv *search, struct base_entry *ret,
		 struct err *e) must_check;

#endif
