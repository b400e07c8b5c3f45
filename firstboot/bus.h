/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_BUS_H
#define FIRSTBOOT_BUS_H

/*
 * The system bus: hostnamed, PID 1 and timedated.  Errors carry the name and message of the D-Bus
 * error.  Calls that make systemd write files are followed by syncfs of the root: it does not.
 */

#include <stdbool.h>

#include "err.h"
#include "str.h"

struct bus;

/* *ret is NULL when there is no system bus, which is no error. */
int bus_open(struct bus **ret, struct err *e) must_check;
void bus_close(struct bus *b);

/* org.freedesktop.hostname1; *ret is owned. */
int bus_get_hostname(struct bus *b, char **ret, struct err *e) must_check;
int bus_set_hostname(struct bus *b, const char *name, struct err *e) must_check;

/* org.freedesktop.systemd1.Manager.  Those that change files return 1 when they did, 0 when not. */
int bus_enable_units(struct bus *b, const struct strv *units, struct err *e) must_check;
int bus_disable_units(struct bus *b, const struct strv *units, struct err *e) must_check;
int bus_mask_units(struct bus *b, const struct strv *units, struct err *e) must_check;
int bus_set_default_target(struct bus *b, const char *target, struct err *e) must_check;
int bus_get_default_target(struct bus *b, char **ret, struct err *e) must_check;
int bus_start_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_restart_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_reset_failed_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_reload(struct bus *b, struct err *e) must_check;
/* ActiveState: "active", "failed", …; "inactive" for a unit that is not loaded. *ret is owned. */
int bus_unit_state(struct bus *b, const char *unit, char **ret, struct err *e) must_check;

/* org.freedesktop.timedate1: NTPSynchronized. */
int bus_time_synchronized(struct bus *b, bool *ret, struct err *e) must_check;

#endif
