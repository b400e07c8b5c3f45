/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_FSTAB_CHECK_H
#define MKIMAGE_CUSTOM_FSTAB_CHECK_H

/* Whose /etc/fstab it is that this stage plans with. */

#include "plan.h"

#define FSTAB "/etc/fstab"

/*
 * The file of the overlay that brings /etc/fstab in this stage, owned; *ret NULL: it is the
 * image's own, as far as this stage goes.
 */
int fstab_overlay(struct plan_ctx *ctx, char **ret, struct err *e) must_check;

#endif
