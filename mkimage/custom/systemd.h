/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SYSTEMD_H
#define MKIMAGE_CUSTOM_SYSTEMD_H

/* systemd of the image, offline: which units it has and which of them start at boot. */

#include "plan.h"

#define SYSTEMD_ADMIN_DIR "/etc/systemd/system"

/*
 * 1 when the image has a place for systemd's units and no other init, 0 when not: Ubuntu had units
 * while upstart was its init.
 */
int systemd_present(struct plan_ctx *ctx, struct err *e) must_check;
/*
 * The unit's file ("/usr/lib/systemd/system/ssh.service"), owned; *ret NULL: there is none.  An
 * instance ("getty@tty1.service") without a file of its own has its template's.
 */
int systemd_unit_path(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e) must_check;
/* "getty@.service" for "getty@tty1.service", owned; NULL for what is no instance. */
char *systemd_template_of(const char *unit);
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
 * As `systemctl enable`: what the unit's [Install] section and those of the units in its Also= say;
 * another name of a unit stands for that unit.  A mask is lifted.  The unit must be there.
 * *ret_links is how many links there are now; 0: nothing enables this unit, others start it.
 * ERR_PROFILE: the unit or its [Install] section is at fault.
 * Drop-ins of the section are not looked at.
 */
int systemd_install(struct plan_ctx *ctx, const char *unit, const char *why, size_t *ret_links,
		    struct err *e) must_check;
/* The name of the unit that this one is another name of, else its own; owned. */
int systemd_real_name(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e) must_check;
/*
 * As `systemctl disable`: remove the links in /etc that pull the unit in, and its aliases.  A unit
 * that is absent is fine.  What the vendor's own links start still starts: that takes a mask.
 */
int systemd_disable(struct plan_ctx *ctx, const char *unit, const char *why,
		    struct err *e) must_check;
/* As `systemctl mask`: nothing starts the unit any more.  Without the unit nothing is done. */
int systemd_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e) must_check;
/* 1 when the unit is masked in /etc. */
int systemd_is_masked(struct plan_ctx *ctx, const char *unit, struct err *e) must_check;
int systemd_unmask(struct plan_ctx *ctx, const char *unit, const char *why,
		   struct err *e) must_check;

#endif
