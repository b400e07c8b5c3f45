/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_TEXT_H
#define MKIMAGE_CUSTOM_TEXT_H

/* Text files of the image that are read to be edited (edit.h). */

#include "plan.h"

/*
 * As plan_read_optional: 1 when there is a file, 0 when not.  One with NUL bytes is refused: the
 * edits would lose what follows them.
 */
int text_read_optional(struct plan_ctx *ctx, const char *path, struct str *out,
		       struct err *e) must_check;
/* As plan_read: an absent file is an error. */
int text_read(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e) must_check;

#endif
