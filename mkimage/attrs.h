/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_ATTRS_H
#define MKIMAGE_ATTRS_H

/*
 * The file `attrs` of an overlay and of a directory backend: who owns what, because git keeps
 * neither owner nor mode.  One line a path, later lines win:
 *
 *   # path              mode  owner  group  [template]
 *   /etc/motd           0644  root   root   template
 *   /srv/cluster        2775  root   mpi
 *   /dev/null           0666  root   root   char:1:3
 *
 * owner and group are names (resolved in the image) or numbers.  A path may end in / * * (without
 * the spaces), which covers everything below it.  Blanks in a path are written \040.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

struct attrs_entry {
	char *path; /* absolute, without the / * * */
	bool below; /* line ended in / * * : covers what is below, not path itself */
	uint32_t mode;
	char *owner, *group;
	bool is_template;
	char *node; /* "char:1:3", "block:8:0", "fifo", "socket"; NULL: none */
	int line;
};

struct attrs {
	struct attrs_entry *entries;
	size_t n, cap;
};

/* file is for messages ("overlays/common/attrs:12: …", ERR_PROFILE). */
int attrs_parse(const char *text, size_t len, const char *file, struct attrs *ret,
		struct err *e) must_check;
void attrs_done(struct attrs *a);
#define auto_attrs __attribute__((cleanup(attrs_done))) struct attrs

/* Add the entry's line, as attrs_parse reads it. */
void attrs_print(struct str *out, const struct attrs_entry *a);

/* The last entry that covers path; NULL when none does. */
const struct attrs_entry *attrs_find(const struct attrs *a, const char *path);

#endif
