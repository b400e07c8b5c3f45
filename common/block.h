/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_BLOCK_H
#define COMMON_BLOCK_H

/* Our lines among those of others: "# BEGIN cardstock NAME" to "# END cardstock NAME". */

#include "line.h"
#include "str.h"

/*
 * Replace the text between the two markers (each a whole line), or add the block at the end.
 * Empty body removes the block.  Half blocks that somebody's edit left behind lose their marker
 * line; a second block of the name goes.
 */
void block_set(struct str *out, const char *text, const char *name, const char *body);

/* The same, but a block that is not there yet begins the text. */
void block_set_first(struct str *out, const char *text, const char *name, const char *body);

/* Is l the first line of a block of that name (NULL: of any)? */
bool block_begins(const struct line *l, const char *name);
/*
 * What follows the end of the block whose first line was just taken off text; NULL when the next
 * marker of that name (NULL: of any) is not its end.  Somebody's edit may have left half a block:
 * pairing it with a later one would swallow what is between.
 */
const char *block_end(const char *text, const char *name);

#endif
