/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_EDIT_SUDOERS_H
#define MKIMAGE_EDIT_SUDOERS_H

/* sudoers(5): whom its lines are about; pure functions as in edit.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define SUDOERS "/etc/sudoers"
#define SUDOERS_D "/etc/sudoers.d"

/* The user whom a question is about. */
struct sudoer {
	const char *name;
	uint32_t uid;
	struct strv groups;  /* whose rules count for him */
	struct strv aliases; /* each User_Alias that has him: sudoers_aliases */
	bool password;	     /* is to be asked for one */
};

void sudoer_done(struct sudoer *who);
#define auto_sudoer __attribute__((cleanup(sudoer_done))) struct sudoer

/* Find who->aliases; text is all that sudo reads. */
void sudoers_aliases(const char *text, struct sudoer *who);

/*
 * Without the rules and the "Defaults:" of this user (by his name or "#UID"); from a line that
 * names others, too, his name goes.  Returns how many lines were concerned.
 */
size_t sudoers_without(struct str *out, const char *text, const struct sudoer *who);
/*
 * Add "LINE: text" for what may concern him and is nothing that sudoers_without would take: rules
 * and other included files, if rules matter here; "!authenticate", if he has a password.
 */
void sudoers_doubts(struct strv *ret, const char *text, const struct sudoer *who, bool rules);
/* Nothing but comments is in the text. */
bool sudoers_is_empty(const char *text);

/* The files of SUDOERS_D are read, and after every rule that may concern this user. */
void sudoers_include_last(struct str *out, const char *text, const struct sudoer *who);
/*
 * The file or directory that the first line of text includes, owned; NULL: it includes none.  *len
 * is that line's length with its newline.
 */
char *sudoers_included(const char *text, size_t *len, bool *is_dir);

/* What sudoers(5) lets this user do as root; the last rule for all commands counts. */
const char *sudoers_allow(const char *text, const struct sudoer *who);
/* Names of the groups in group(5) that the user is in, gid being the first of them. */
void groups_of(const char *text, const char *user, const char *gid, struct strv *ret);

#endif
