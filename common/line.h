/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_LINE_H
#define COMMON_LINE_H

/* Texts line by line, for edits that leave the other lines as they are. */

#include <string.h>

#include "str.h"

/* One line of a text: len without its newline, full with it (equal where that is missing). */
struct line {
	const char *text;
	size_t len, full;
};

/* Take the next line off *text; false at the end. */
static inline bool line_next(const char **text, struct line *ret)
{
	if (!**text)
		return false;
	ret->text = *text;
	ret->len = strcspn(*text, "\n");
	ret->full = ret->len + ((*text)[ret->len] == '\n');
	*text += ret->full;
	return true;
}

static inline void line_add(struct str *out, const struct line *l)
{
	str_add(out, l->text, l->full);
}

/* From here on whatever is added begins a line. */
static inline void line_end(struct str *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
}

#endif
