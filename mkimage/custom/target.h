/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_TARGET_H
#define MKIMAGE_CUSTOM_TARGET_H

/* The boot target on systems that call it the runlevel. */

#include "plan.h"

/* /etc/inittab, upstart, and the display manager, as they say what the target says. */
int target_plan_runlevel(struct plan_ctx *ctx, const char *target, struct err *e) must_check;

#endif
