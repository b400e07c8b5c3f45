/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_BUS_H
#define FIRSTBOOT_BUS_H

/*
 * The system bus: hostnamed, PID 1 and timedated.  Every call ends within a bounded time; an error
 * says which method of whom it was, with the name and the message of the D-Bus error.
 */

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

struct bus;

/* *ret is NULL when there is no system bus, which is no error. */
int bus_open(struct bus **ret, struct err *e) must_check;
/* The same, of another bus (D-Bus address) or with another patience for each answer. */
int bus_open_at(const char *address, unsigned timeout_ms, struct bus **ret,
		struct err *e) must_check;
void bus_close(struct bus *b);
static inline void bus_cleanup(struct bus **b)
{
	bus_close(*b);
}
#define auto_bus __attribute__((cleanup(bus_cleanup))) struct bus

/*
 * PID 1 and hostnamed rename files without fsync: after calls that made them write, this puts the
 * file system of /etc on the disk.
 */
int bus_settle(struct bus *b, struct err *e) must_check;

/* org.freedesktop.hostname1.  1; 0: there is no hostnamed on this system.  *ret is owned. */
int bus_get_hostname(struct bus *b, char **ret, struct err *e) must_check;
int bus_set_hostname(struct bus *b, const char *name, struct err *e) must_check;

/* org.freedesktop.timedate1.  1; 0: there is no timedated on this system. */
int bus_time_synchronized(struct bus *b, bool *ret, struct err *e) must_check;
/* Set the clock, in seconds since 1970; timedated refuses while something keeps it. */
int bus_set_time(struct bus *b, int64_t seconds, struct err *e) must_check;

/* org.freedesktop.systemd1.Manager.  As systemctl does it: 1 when files changed, 0 when not. */
int bus_enable_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_disable_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_mask_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_unmask_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_set_default_target(struct bus *b, const char *target, struct err *e) must_check;
/* "enabled", "disabled", "static", "masked", …; owned.  *ret "": there is no such unit. */
int bus_unit_file_state(struct bus *b, const char *unit, char **ret, struct err *e) must_check;
int bus_get_default_target(struct bus *b, char **ret, struct err *e) must_check; /* owned */
int bus_reload(struct bus *b, struct err *e) must_check;

/* Jobs; none of these waits until the job is done. */
int bus_start_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_restart_unit(struct bus *b, const char *unit, struct err *e) must_check;
int bus_reset_failed_unit(struct bus *b, const char *unit, struct err *e) must_check;

enum unit_state {
	UNIT_ABSENT, /* no such unit */
	UNIT_INACTIVE,
	UNIT_BUSY, /* on its way, or a job waits for its turn */
	UNIT_ACTIVE,
	UNIT_FAILED,
};

int bus_unit_state(struct bus *b, const char *unit, enum unit_state *ret, struct err *e) must_check;
/* The state once it is not UNIT_BUSY any more, or UNIT_BUSY after that time. */
int bus_wait_unit(struct bus *b, const char *unit, unsigned timeout_ms, enum unit_state *ret,
		  struct err *e) must_check;
/* Why a service or mount failed: "exit-code", "timeout", …; owned. */
int bus_unit_result(struct bus *b, const char *unit, char **ret, struct err *e) must_check;

/* A program that PID 1 runs for us: our own service may write and do too little. */
struct bus_job {
	const char *unit;	 /* name of the unit for it: "cardstock-install.service" */
	const char *description; /* of the unit */
	const char *const *argv; /* ends with NULL; argv[0] is a path */
	const char *const *env;	 /* NAME=VALUE, ends with NULL */
	unsigned timeout_s;
	struct str *output; /* what it printed on stdout and stderr is added here */
};

/*
 * 0 when it ended with exit code 0.  One that a former firstboot began is waited for first; it is
 * not ended with us.
 */
int bus_run(struct bus *b, const struct bus_job *j, struct err *e) must_check;

#endif
