/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

/*
 * Files that one of our programs writes for another: `key = value` lines, strict.  Lines that begin
 * with '#' and empty lines are skipped.  An unknown key, a key twice that may be there once, or a
 * value without the key's grammar is an error that names file and line.
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

enum conf_type {
	CONF_VERSION, /* long; the file has to have it, with the value of the reader */
	CONF_BOOL,    /* bool: yes or no */
	CONF_TEXT,    /* char *, owned; NULL when the file has not the key */
	CONF_LIST,    /* struct strv: the key may be repeated */
};

struct conf_key {
	const char *name, *help; /* name NULL ends a table */
	enum conf_type type;
	size_t offset; /* in the struct that is filled */
	long version;  /* CONF_VERSION: the only one that is known */
	int (*check)(const char *value, struct err *e); /* NULL: any value */
};

#define CONF_DIGITS(number) CONF_DIGITS_OF(number)
#define CONF_DIGITS_OF(number) #number
#define CONF_ROW_VERSION(type, field, known)                                         \
	{                                                                            \
		"version", "format of this file: " CONF_DIGITS(known), CONF_VERSION, \
			offsetof(type, field), known, NULL                           \
	}

/* Larger is refused before it is read. */
#define CONF_MAX (1u << 20)

/*
 * Parse text into *ret, which is empty before and has to be given to conf_done in any case; what
 * names the text in messages ("PATH:LINE: …").
 */
int conf_parse(const struct conf_key *keys, const char *text, size_t len, const char *what,
	       void *ret, struct err *e) must_check;
void conf_done(const struct conf_key *keys, void *filled);

#endif
