/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_KEY_SITE_H
#define MKIMAGE_CUSTOM_KEY_SITE_H

/* Sites that tell the public ssh keys of their users, as "gh:NAME" and "lp:NAME". */

#include "cluster.h"

struct key_site {
	const char *prefix;	    /* "gh" */
	const char *name;	    /* "GitHub" */
	const char *before, *after; /* the URL is before, the user's name, after */
	const char *allowed;	    /* characters of a name besides a-z and 0-9, not the first */
	size_t max;		    /* characters of a name */
};

extern const struct key_site key_sites[]; /* ends with prefix NULL */

/* The site of "gh:NAME" and the NAME in it; NULL: it is no such thing but a file. */
const struct key_site *key_site_find(const char *source, const char **ret_user);
/* Judge an item of authorized-keys: the user's name, and that "https:…" is no file. */
int key_site_check(const char *source, struct err *e) must_check;

/* Where the user's keys are; owned. */
char *key_site_url(const struct key_site *site, const char *user);
/* Name of the file in the cluster directory that they are kept in; owned. */
char *key_site_file(const struct key_site *site, const char *user);
/* Get the keys into the cluster directory, unless they are there. */
int key_site_fetch(const struct key_site *site, const char *user, const struct cluster *c,
		   struct err *e) must_check;

#endif
