/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_FIELD_H
#define REGISTRY_FIELD_H

/* Grammars of what comes from a board; one table is read by parser, registry, output and docs. */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

/* Which characters a text may have; none of them is special to a file that we write. */
struct charset {
	const char *allowed, *shown;
};

extern const struct charset charset_hex;   /* 0-9 a-f */
extern const struct charset charset_id;	   /* ids, versions, names of interfaces */
extern const struct charset charset_words; /* model, system: with blanks */

enum field_type {
	FIELD_NUMBER, /* long long from min to max */
	FIELD_TEXT,   /* char *: min to max characters of the set */
	FIELD_KEY,    /* char *: "ssh-ed25519 BASE64" */
};

enum field_keep {
	FIELD_PASSING, /* not in the registry */
	FIELD_KEPT,
	FIELD_MOMENT, /* kept, but another at each boot: no output has it */
};

struct field {
	const char *object; /* name of the object that has it; NULL: the request itself */
	const char *name;   /* also the registry's name of the column */
	enum field_type type;
	bool optional;
	enum field_keep keep;
	size_t offset; /* in struct request */
	const struct charset *set;
	long long min, max;
	const char *help;
};

/* What the field's value has to be: "1 to 64 of A-Z a-z 0-9 …"; owned. */
char *field_grammar(const struct field *f);
/* "board.serial"; owned. */
char *field_path(const struct field *f);

int field_check_text(const struct field *f, const char *value, size_t len,
		     struct err *e) must_check;
int field_check_number(const struct field *f, long long value, struct err *e) must_check;

#endif
