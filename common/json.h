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
void json_string(struct str *out, const char *text, size_t len);

#endif
