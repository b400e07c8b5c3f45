/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_WANTED_H
#define MKIMAGE_WANTED_H

/*
 * Which packages the nodes of a profile shall have, by its key `packages`, its overlays, and what
 * else a customisation needs (custom.h, want).  The base is made with them where it is made of
 * packages; what an image lacks, firstboot installs.
 */

#include <stdbool.h>

#include "cluster.h"
#include "profile.h"

struct wanted_package {
	char *name;
	char *file; /* that asks for it */
	int line;
};

/* In the order in which they were asked for, each once. */
struct wanted {
	struct wanted_package *v;
	size_t n, cap;
	bool brings_sources; /* an overlay has sources of packages that a base does not know */
};

int wanted_collect(const struct profile *p, const struct cluster *c, struct wanted *ret,
		   struct err *e) must_check;
void wanted_done(struct wanted *w);
#define auto_wanted __attribute__((cleanup(wanted_done))) struct wanted

/* For customisations: a package, and who asks for it (a loc with a file). */
void wanted_add(struct wanted *w, const char *name, struct loc loc);

/* Their names; the strings are copied. */
void wanted_names(const struct wanted *w, struct strv *ret);
/* The same for a base that is made now, sorted: none where only the overlays' sources have them. */
void wanted_of_base(const struct wanted *w, struct strv *ret);
/* Where this package is asked for; a NULL name: the first one.  Borrowed from w. */
struct loc wanted_loc(const struct wanted *w, const char *name);

#endif
