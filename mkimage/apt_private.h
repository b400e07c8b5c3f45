/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_APT_PRIVATE_H
#define MKIMAGE_APT_PRIVATE_H

/* The private directory, and what apt's programs print: private to apt*.c. */

#include <stdbool.h>

#include "apt.h"

/* Names in the private directory. */
#define APT_CONFIG "apt.conf"
#define APT_ETC "etc/apt"
#define APT_KEYS "keys"
#define APT_ARCHIVES "cache/archives"

struct apt {
	char *dir;
	char *packages; /* of the cache */
	int lock;
	bool updated; /* the lists are of this run */
	struct strv options;
	struct progress *progress; /* borrowed */
};

/* Run "apt-get" or "apt-cache" with these words; output and messages are added, failed or not. */
int apt_run(const struct apt *a, const char *program, const struct strv *words, struct str *output,
	    struct str *messages, struct err *e) must_check;

/* The lines of `apt-get --print-uris install`, as a sorted set. */
int apt_read_uris(const char *text, struct apt_set *ret, struct err *e) must_check;
/* The stanzas of `apt-cache show`: their Installed-Size goes to the packages of the set. */
void apt_read_sizes(const char *text, struct apt_set *set);
/* The indented lines behind the line "heading", "; " between; owned, NULL when there are none. */
char *apt_said(const char *text, const char *heading);
/*
 * What is behind the mark, without a full stop, in the first line that begins with one; the first
 * mark counts most.  Owned; NULL: no line does.
 */
char *apt_reason(const char *messages, const char *const *marks);

#endif
