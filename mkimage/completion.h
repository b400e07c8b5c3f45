/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_COMPLETION_H
#define MKIMAGE_COMPLETION_H

/*
 * Completion scripts, made from the tables of commands and options.  What a value is called in
 * --help decides how it is completed: PROFILE, DIR, and IMG, DEV, SRC, FILE and BASE, which are
 * files, any number of them with "..." behind the last; words in lower case ("bash|zsh") are
 * completed as they are, anything else is not.
 */

#include "str.h"

void completion_bash(struct str *out);
void completion_zsh(struct str *out);

#endif
