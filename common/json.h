/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "str.h"

/*
 * Add text as a JSON string, quotes included (RFC 8259).  Control characters are escaped; bytes
 * that are not valid UTF-8 become U+FFFD, so that the output is JSON whatever an image holds.
 */
void json_string(struct str *out, const char *text, size_t len);

#endif
