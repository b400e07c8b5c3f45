/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_EDIT_BOOT_H
#define MKIMAGE_EDIT_BOOT_H

/*
 * Edits of what boot loaders read, as pure functions: text in, text out.  What is not concerned
 * stays byte for byte, a missing final newline included.
 */

#include <stdbool.h>

#include "err.h"
#include "str.h"

/* ---- the kernel's command line: words, double quotes keep blanks inside one ---- */

/*
 * One entry of the key `cmdline`: "word", "name=value", or with '-' before it what is taken out.
 * The message has no location.
 */
int cmdline_check_item(const char *text, struct err *e) must_check;
/* The word (not "-word") is on the first line of text. */
bool cmdline_has(const char *text, const char *word);
/*
 * Apply the items in their order to the first line of text, which is all that boot loaders read.
 *   word          is added at the end (before "--") unless it is there
 *   name=value    takes the place of the words of that name; of names that may occur several times,
 *                 such as console=, it is one more
 *   -word         that word goes
 *   -name=        all words of that name go; items of that name that follow take their place
 * As to the kernel, '-' and '_' are one in names.
 */
void cmdline_edit(struct str *out, const char *text, const struct strv *items);

/*
 * The same behind the word `key` at the beginning of lines: "append" in extlinux.conf, "options" in
 * an entry of the Boot Loader Specification.  false: there is no such line.
 */
bool cmdline_edit_lines(struct str *out, const char *text, const char *key,
			const struct strv *items);

/* ---- config.txt of a Raspberry Pi: settings below filters such as [pi4] ---- */

/*
 * One entry of the key `config`: "name=value", with '-' before it what is taken out, with a filter
 * before that where it holds for some boards only: "[pi4] arm_boost=1".  The message has no
 * location.
 */
int config_check_item(const char *text, struct err *e) must_check;
/*
 * Apply the items in their order, each below its filter and nowhere else ([all] when it has none).
 *   name=value    takes the place of that name; dtparam=name=value of that parameter; of names that
 *                 may occur several times, such as dtoverlay, it is one more
 *   -name=value   that line goes, and with more behind a ',' (or '=') as well
 *   -name         all lines of that name go
 * What is set later in items is not taken out.
 */
void config_edit(struct str *out, const char *text, const struct strv *items);
/* The value that holds for all boards, owned; NULL when there is none. */
char *config_get(const char *text, const char *name);

/* ---- armbianEnv.txt: a line is name=value ---- */

/* The value, owned; NULL when there is no such line. */
char *env_get(const char *text, const char *name);
/* Replace the line (others of that name go) or add it at the end; value NULL takes it out. */
void env_set(struct str *out, const char *text, const char *name, const char *value);

#endif
