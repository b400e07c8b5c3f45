/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_OS_RELEASE_H
#define MKIMAGE_CUSTOM_OS_RELEASE_H

/* What a system says of itself, os-release(5). */

#include "plan.h"

/* Its text; empty when there is none. */
int os_release_read(struct plan_ctx *ctx, struct str *out, struct err *e) must_check;

/* The value of NAME=, without its quotes; NULL when it is not there; owned. */
char *os_release_get(const char *text, const char *name);

#endif
