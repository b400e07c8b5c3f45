/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

/* Add the bytes as base64 of RFC 4648, padded, on one line. */
void base64_encode(struct str *out, const void *data, size_t len);
/*
 * Add the bytes that len characters of text stand for.  Only the one canonical spelling is read: no
 * blanks, padding where it belongs, no bits behind the end; false leaves *out alone.
 */
bool base64_decode(struct str *out, const char *text, size_t len);

#endif
