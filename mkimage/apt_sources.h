/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_APT_SOURCES_H
#define MKIMAGE_APT_SOURCES_H

/* Where a system gets packages from, sources.list(5): lines of *.list, stanzas of *.sources. */

#include <stdbool.h>

#include "str.h"

/* What the files of a system name, each once, in their order. */
struct apt_sources {
	struct strv uris;     /* of the sources that are on */
	struct strv keyrings; /* paths of the system, in Signed-By */
};

/*
 * Add what a file names to s.  out (NULL: nobody wants it) gets the file's text for another
 * machine: keyring I of s is KEYS/I.gpg there (or .asc, as it was), and what is for source code is
 * left out of *.list.
 */
void apt_sources_read(const char *text, bool deb822, const char *keys, struct apt_sources *s,
		      struct str *out);
/* The name in KEYS of keyring i; owned. */
char *apt_keyring_name(const struct apt_sources *s, size_t i);
void apt_sources_done(struct apt_sources *s);

#define auto_apt_sources __attribute__((cleanup(apt_sources_done))) struct apt_sources

#endif
