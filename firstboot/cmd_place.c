/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What PID 1 runs for the step registration, whose own service may write almost nothing. */
#include <stdio.h>

#include "bus.h"
#include "options.h"
#include "place.h"
#include "rootfs.h"

int cmd_place(const struct options *o, struct err *e)
{
	auto_bus *bus = NULL;
	auto_str message = STR_INIT;
	const struct settings none = {0};
	struct ctx ctx = {.root = o->root ? o->root : "", .dry_run = o->dry_run, .settings = &none};
	if (!o->root && bus_open(&bus, e) < 0)
		return -1;
	ctx.bus = bus;
	if (place_take(&ctx, &message, e) < 0)
		return -1;
	puts(str_text(&message));
	return 0;
}
