/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/*
 * Decode the character at s, at most len (> 0) bytes: returns how many bytes it has, or 0 when
 * they are not valid UTF-8 (RFC 3629: overlong forms and surrogates are not).
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *ret);

/*
 * True for what a terminal would act on or hide: control characters (C0, DEL, C1), and the marks
 * that change the direction of text or have no width.
 */
bool utf8_is_unsafe(uint32_t c);

/*
 * Add text from elsewhere so that it can be shown on a terminal: controls as cat -v shows them
 * (^[, M-A for bytes that are not UTF-8), marks as <U+202E>.  Newline and tab stay when keep_lines.
 */
void utf8_visible(struct str *out, const char *s, size_t len, bool keep_lines);

#endif
