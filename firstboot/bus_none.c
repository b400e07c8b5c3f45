/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For systems without systemd, and for programs without libsystemd: there is no bus. */
#include <stddef.h>

#include "bus.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

int bus_open(struct bus **ret, struct err *e)
{
	*ret = NULL;
	return 0;
}

int bus_open_at(const char *address, unsigned timeout_ms, struct bus **ret, struct err *e)
{
	return bus_open(ret, e);
}

void bus_close(struct bus *b)
{
}

/* Nobody has a struct bus, so nobody comes to the others but by a mistake. */
#define NO_BUS(name, ...)                                                                         \
	int name(__VA_ARGS__, struct err *e)                                                      \
	{                                                                                         \
		return err_set(e, ERR_FAILED, "this firstboot was built without the system bus"); \
	}
#define NO_BUS_UNIT(name) NO_BUS(name, struct bus *b, const char *unit)

NO_BUS(bus_get_hostname, struct bus *b, char **ret)
NO_BUS(bus_set_hostname, struct bus *b, const char *name)
NO_BUS(bus_time_synchronized, struct bus *b, bool *ret)
NO_BUS(bus_set_time, struct bus *b, int64_t seconds)
NO_BUS_UNIT(bus_enable_unit)
NO_BUS_UNIT(bus_disable_unit)
NO_BUS_UNIT(bus_mask_unit)
NO_BUS_UNIT(bus_unmask_unit)
NO_BUS_UNIT(bus_set_default_target)
NO_BUS(bus_unit_file_state, struct bus *b, const char *unit, char **ret)
NO_BUS(bus_get_default_target, struct bus *b, char **ret)
NO_BUS(bus_settle, struct bus *b)
NO_BUS(bus_reload, struct bus *b)
NO_BUS_UNIT(bus_start_unit)
NO_BUS_UNIT(bus_restart_unit)
NO_BUS_UNIT(bus_reset_failed_unit)
NO_BUS(bus_unit_state, struct bus *b, const char *unit, enum unit_state *ret)
NO_BUS(bus_wait_unit, struct bus *b, const char *unit, unsigned timeout_ms, enum unit_state *ret)
NO_BUS(bus_unit_result, struct bus *b, const char *unit, char **ret)
NO_BUS(bus_run, struct bus *b, const struct bus_job *j)
