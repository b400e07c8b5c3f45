/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PROFILE_PRIVATE_H
#define MKIMAGE_PROFILE_PRIVATE_H

/* Shared by the files of the profile module, and by its test, which brings tables of its own. */

#include "profile.h"

/* More than any honest profile has; a hostile one ends here instead of in memory or time. */
#define PROFILE_MAX_BYTES (1u << 20) /* of one file */
#define PROFILE_MAX_DEPTH 16	     /* includes within includes */
#define PROFILE_MAX_SECTIONS 1000    /* in one profile */
#define PROFILE_MAX_VALUES 20000     /* in one profile, items of lists too */

/* ---- profile_scan.c: what libconfuse would accept in silence, or hang on ---- */

/* An item that scan puts into each empty list, so that libconfuse tells of it. */
#define SCAN_EMPTY_LIST "\001empty"

/*
 * Judge the text of one file (control characters, strings that do not end, braces, the order of
 * words and signs) and write it to out for libconfuse: comments are blanked, "${…}" is made
 * literal, empty lists are marked; lines stay where they are.  file is named in messages.
 */
int profile_scan(const struct str *text, const char *file, struct str *out,
		 struct err *e) must_check;

/* ---- profile_value.c: sections and values ---- */

/* All values get their defaults. */
void section_init(struct section *s, const struct key *keys, const char *name, const char *title,
		  struct loc loc);
void section_done(struct section *s);
/* The value of that key; NULL when the table has none. */
struct value *section_find(const struct section *s, const char *key);
/* The subsection; made where it is missing, so sections of one title merge. */
struct section *section_open(struct section *s, const struct key *k, const char *title,
			     struct loc loc);
/* Set a value from its text (LIST: add an item), judged by its key. */
int value_set(struct value *v, const char *text, struct loc loc, struct err *e) must_check;
/* LIST: no items. */
void value_clear_list(struct value *v);

/* ---- profile_check.c: what one value may be ---- */

/* Judge text by the key's check and allowed; loc and the key are named in messages. */
int key_check(const struct key *k, const char *text, struct loc loc, struct err *e) must_check;
/* Fill *e with "unknown key" and the near name in the table. */
int key_unknown(const struct section *s, const char *name, struct loc loc, struct err *e);

#endif
