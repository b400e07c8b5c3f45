/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SYSTEMD_H
#define MKIMAGE_CUSTOM_SYSTEMD_H

/* systemd of the image, offline: which units it has and which of them start at boot. */

#include "plan.h"

/* 1 when the image has a place for systemd's units, 0 when not. */
int systemd_present(struct plan_ctx *ctx, struct err *e) must_check;
/*
 * The unit's file ("/usr/lib/systemd/system/ssh.service"), owned; *ret NULL: there is none.  An
 * instance ("getty@tty1.service") without a file of its own has its template's.
 */
int systemd_unit_path(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e) must_check;
/* 1 when the target ("multi-user.target") wants the unit by a link in /etc or of the vendor's. */
int systemd_is_wanted(struct plan_ctx *ctx, const char *unit, const char *target,
		      struct err *e) must_check;
/*
 * As `systemctl enable` for a unit with WantedBy=target: link it, and lift a mask.  The unit must
 * be there (systemd_unit_path).
 */
int systemd_enable(struct plan_ctx *ctx, const char *unit, const char *target, const char *why,
		   struct err *e) must_check;
/*
 * As `systemctl disable`: remove the links in /etc that pull the unit in, and its aliases.  A unit
 * that is absent is fine.  What the vendor's own links start still starts: that takes a mask.
 */
int systemd_disable(struct plan_ctx *ctx, const char *unit, const char *why,
		    struct err *e) must_check;
/* As `systemctl mask`: nothing starts the unit any more.  Without the unit nothing is done. */
int systemd_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e) must_check;

#endif
