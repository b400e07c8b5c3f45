/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_DIFF_H
#define COMMON_DIFF_H

#include "err.h"
#include "str.h"

/* Add what `diff -u` says of two texts of the file at path (absolute); nothing when equal. */
int diff_texts(const char *path, const struct str *from, const struct str *to, struct str *out,
	       struct err *e) must_check;
/* What diff would say of a new file, without a process for each of an overlay's thousands. */
void diff_new(const char *path, const struct str *to, struct str *out);

#endif
