/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For systems without systemd, and for programs without libsystemd: there is no bus. */
#include <stddef.h>

#include "bus.h"

int bus_open(struct bus **ret, struct err *e)
{
	(void)e;
	*ret = NULL;
	return 0;
}

void bus_close(struct bus *b)
{
	(void)b;
}

/* Nobody has a struct bus, so nobody comes here but by a mistake. */
static int no_bus(struct err *e)
{
	return err_set(e, ERR_FAILED, "this firstboot was built without the system bus");
}

int bus_get_hostname(struct bus *b, char **ret, struct err *e)
{
	(void)b;
	(void)ret;
	return no_bus(e);
}

int bus_set_hostname(struct bus *b, const char *name, struct err *e)
{
	(void)b;
	(void)name;
	return no_bus(e);
}

int bus_enable_units(struct bus *b, const struct strv *units, struct err *e)
{
	(void)b;
	(void)units;
	return no_bus(e);
}

int bus_disable_units(struct bus *b, const struct strv *units, struct err *e)
{
	(void)b;
	(void)units;
	return no_bus(e);
}

int bus_mask_units(struct bus *b, const struct strv *units, struct err *e)
{
	(void)b;
	(void)units;
	return no_bus(e);
}

int bus_set_default_target(struct bus *b, const char *target, struct err *e)
{
	(void)b;
	(void)target;
	return no_bus(e);
}

int bus_get_default_target(struct bus *b, char **ret, struct err *e)
{
	(void)b;
	(void)ret;
	return no_bus(e);
}

int bus_start_unit(struct bus *b, const char *unit, struct err *e)
{
	(void)b;
	(void)unit;
	return no_bus(e);
}

int bus_restart_unit(struct bus *b, const char *unit, struct err *e)
{
	(void)b;
	(void)unit;
	return no_bus(e);
}

int bus_reset_failed_unit(struct bus *b, const char *unit, struct err *e)
{
	(void)b;
	(void)unit;
	return no_bus(e);
}

int bus_reload(struct bus *b, struct err *e)
{
	(void)b;
	return no_bus(e);
}

int bus_unit_state(struct bus *b, const char *unit, char **ret, struct err *e)
{
	(void)b;
	(void)unit;
	(void)ret;
	return no_bus(e);
}

int bus_time_synchronized(struct bus *b, bool *ret, struct err *e)
{
	(void)b;
	(void)ret;
	return no_bus(e);
}
