/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CONTROL_H
#define MKIMAGE_CONTROL_H

/* Debian's control data, deb822(5): stanzas of fields, an empty line between two stanzas. */

#include <stdbool.h>
#include <stddef.h>

/* One stanza; borrowed from the text that it is in. */
struct stanza {
	const char *text;
	size_t len;
};

/* The stanza at *at, which moves behind it; false at the end of the text.  Begin with its start. */
bool stanza_next(const char **at, struct stanza *ret);
/* The first line of a field, without blanks at its ends; owned.  NULL: it has no such field. */
char *stanza_get(const struct stanza *s, const char *name);
/* The field is there and just this. */
bool stanza_is(const struct stanza *s, const char *name, const char *value);

#endif
