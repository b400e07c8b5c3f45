/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_UNIT_LINKS_H
#define COMMON_UNIT_LINKS_H

/* systemd of a system that does not run: which units it has and which of them start at boot. */

#include "files.h"

#define UNIT_ADMIN_DIR "/etc/systemd/system"

/*
 * 1 when there is a place for systemd's units and no other init, 0 when not: Ubuntu had units while
 * upstart was its init.
 */
int units_present(const struct files *f, struct err *e) must_check;
/*
 * The unit's file ("/usr/lib/systemd/system/ssh.service"), owned; *ret NULL: there is none.  An
 * instance ("getty@tty1.service") without a file of its own has its template's.
 */
int unit_find(const struct files *f, const char *unit, char **ret, struct err *e) must_check;
/* "getty@.service" for "getty@tty1.service", owned; NULL for what is no instance. */
char *unit_template_of(const char *unit);
/* 1 when the target ("multi-user.target") wants the unit by a link in /etc or of the vendor's. */
int unit_is_wanted(const struct files *f, const char *unit, const char *target,
		   struct err *e) must_check;
/*
 * As `systemctl enable` for a unit with WantedBy=target: link it, and lift a mask.  The unit must
 * be there (unit_find).
 */
int unit_enable(const struct files *f, const char *unit, const char *target,
		struct err *e) must_check;
/*
 * As `systemctl enable`: what the unit's [Install] section and those of the units in its Also= say;
 * another name of a unit stands for that unit.  A mask is lifted.  The unit must be there.
 * *ret_links is how many links there are now; 0: nothing enables this unit, others start it.
 * ERR_PROFILE: the unit or its [Install] section is at fault.
 * Drop-ins of the section are not looked at.
 */
int unit_install(const struct files *f, const char *unit, size_t *ret_links,
		 struct err *e) must_check;
/* The name of the unit that this one is another name of, else its own; owned. */
int unit_real_name(const struct files *f, const char *unit, char **ret, struct err *e) must_check;
/*
 * As `systemctl disable`: remove the links in /etc that pull the unit in, and its aliases.  A unit
 * that is absent is fine.  What the vendor's own links start still starts: that takes a mask.
 */
int unit_disable(const struct files *f, const char *unit, struct err *e) must_check;
/* As `systemctl mask`: nothing starts the unit any more.  Without the unit nothing is done. */
int unit_mask(const struct files *f, const char *unit, struct err *e) must_check;
/* 1 when the unit is masked in /etc. */
int unit_is_masked(const struct files *f, const char *unit, struct err *e) must_check;
int unit_unmask(const struct files *f, const char *unit, struct err *e) must_check;

#endif
