/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_JSON_READ_H
#define COMMON_JSON_READ_H

/*
 * A reader of small JSON texts (RFC 8259), strict: UTF-8, nothing behind the value, no \u0000.  It
 * keeps nothing; each value that is neither object nor list is handed on with its path.
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum json_type { JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

/*
 * Names are joined by dots, each list adds "[]": "secrets.munge", "ntp[]".  A dot or bracket in a
 * name is a '?' there.
 */
struct json_value {
	const char *path;
	enum json_type type;
	const char *text; /* of a string, decoded; of a number as it is written */
};

/* -1 with *e filled ends the reading. */
typedef int json_fn(void *arg, const struct json_value *v, struct err *e);

#define JSON_DEPTH_MAX 8

/* -1 with the place in bytes when the text is no JSON; never with anything of the text. */
int json_read(const char *text, size_t len, json_fn *fn, void *arg, struct err *e) must_check;

#endif
