/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stddef.h>

#include "str.h"

/*
 * Add the len bytes as a JSON string, quotes included (RFC 8259).  What is added is valid UTF-8
 * and harmless on a terminal, whatever the bytes are: controls become \uXXXX, a byte that is not
 * UTF-8 becomes U+FFFD.
 */
void json_add_string(struct str *out, const char *text, size_t len);
/* Add a member "name": "value" to the object that out ends in, with a comma unless it is the first;
 * NULL is null. */
void json_field(struct str *out, const char *name, const char *value);

#endif
