/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SUDOERS_H
#define MKIMAGE_CUSTOM_SUDOERS_H

/* The image's sudoers(5). */

#include "plan.h"

/*
 * All that sudo reads, in its order, added to out: what a file includes stands in its place.  Of a
 * directory no file with a '.' or a '~' at its end is read; no file is read twice.
 */
int sudoers_read(struct plan_ctx *ctx, struct str *out, struct err *e) must_check;

#endif
