/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_EDIT_RENAME_H
#define MKIMAGE_EDIT_RENAME_H

/* A user gets another name; pure functions as in edit.h. */

#include "str.h"

/* The lines named `from` become those of `to`; if there are any, a line that `to` had goes. */
void db_rename(struct str *out, const char *text, const char *from, const char *to);
/* The same among members and administrators of group and gshadow; to NULL: from is one no more. */
void group_rename(struct str *out, const char *text, const char *from, const char *to);
char *group_line_rename(const char *line, const char *from, const char *to); /* owned */
/*
 * The name as a whole word, as in sudoers(5), in lines that are no comment and have one of the
 * words in lines ("User=|Group="; NULL: any line; "": none).
 */
void words_rename(struct str *out, const char *text, const char *lines, const char *from,
		  const char *to);
/* The path and those below it, wherever they stand. */
void path_rename(struct str *out, const char *text, const char *from, const char *to);
/* In the name of a file, between '-', '_' and '.': "010_pi-nopasswd". */
void name_rename(struct str *out, const char *name, const char *from, const char *to);

#endif
