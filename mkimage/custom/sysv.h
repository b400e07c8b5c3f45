/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SYSV_H
#define MKIMAGE_CUSTOM_SYSV_H

/* Scripts of System V init in /etc/init.d; upstart and systemd start them, too. */

#include "plan.h"

/* 1 when the image has a directory of links for any of the levels 2 to 5. */
int sysv_present(struct plan_ctx *ctx, struct err *e) must_check;
/*
 * As `update-rc.d SERVICE enable` for the levels 2 to 5: 1, or 0 when the image has no directory
 * for any of them.  The script must be there.
 */
int sysv_enable(struct plan_ctx *ctx, const char *service, const char *why,
		struct err *e) must_check;
/* The script and all its links are gone; absent is fine. */
int sysv_remove(struct plan_ctx *ctx, const char *service, const char *why,
		struct err *e) must_check;

#endif
