/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

/* UUIDs of RFC 9562 as 16 bytes and as text. */

#include <stdbool.h>
#include <stdint.h>

#define UUID_LEN 16
#define UUID_TEXT 37 /* with the NUL */

/* Both cases are read; anything that is no UUID gives false and leaves *ret alone. */
bool uuid_parse(const char *text, uint8_t ret[UUID_LEN]);
/* Lower case. */
void uuid_format(const uint8_t uuid[UUID_LEN], char ret[UUID_TEXT]);
/* Make a version 4 UUID of 16 bytes that are as good as random. */
void uuid_from_random(uint8_t uuid[UUID_LEN]);

#endif
