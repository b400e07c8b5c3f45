/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_COMPLETION_H
#define COMMON_COMPLETION_H

/*
 * Completion scripts, made from a program's tables of commands and options.  What a value is called
 * in --help decides how it is completed: by a list that the program has for it; as a file (DIR, and
 * IMG, DEV, SRC, FILE and BASE); as a COMMAND of the shell; words in lower case ("bash|zsh") as
 * they are, anything else not at all.  "..." behind the last: any number of them; ",..." behind a
 * value: several with commas between.  Brackets say that it may be missing.
 */

#include "cli.h"

/* Names that the script asks the program for, by `PROGRAM completion NAME`. */
struct completion_list {
	const char *kind;  /* what --help calls such a value: "PROFILE"; NULL ends a table */
	const char *name;  /* "profiles" */
	const char *files; /* files that will do, too: "*.conf"; NULL: none */
	void (*add)(const struct options *o, struct strv *names);
};

/* Print what is asked for: the script of a shell, or a list, one name a line. */
int completion_print(const struct program *p, const struct completion_list *lists,
		     const struct options *o, const char *asked, struct err *e) must_check;

/* ---- between its files ---- */

void completion_bash(const struct program *p, const struct completion_list *lists, struct str *out);
void completion_zsh(const struct program *p, const struct completion_list *lists, struct str *out);

/* Add text, with the program's name for each '@'. */
void completion_add(struct str *out, const char *text, const struct program *p);
/* Add the command's operands, as their values are called. */
void completion_operands(const struct command *c, struct strv *ret);
/* The list for a value of that kind; NULL: there is none. */
const struct completion_list *completion_list_of(const struct completion_list *lists,
						 const char *kind);

#endif
