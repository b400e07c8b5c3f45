/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "log.h"
#include "mem.h"

static bool debug;

void log_set_debug(bool on)
{
	debug = on;
}

void log_debug(const char *fmt, ...)
{
	if (!debug)
		return;
	va_list ap;
	va_start(ap, fmt);
	autofree char *line = xvasprintf(fmt, ap);
	va_end(ap);
	fprintf(stderr, "debug: %s\n", line);
}
