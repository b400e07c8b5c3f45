/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_PROGRAM_H
#define MKIMAGE_CUSTOM_PROGRAM_H

/* Programs of the image: what tells that a package is installed. */

#include "plan.h"

/* 1 when the image has this program where root's PATH finds it, 0 when not. */
int program_present(struct plan_ctx *ctx, const char *name, struct err *e) must_check;

#endif
