/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_RUNLEVEL_H
#define COMMON_RUNLEVEL_H

/* The boot target on systems that call it the runlevel. */

#include "files.h"

/* /etc/inittab, upstart, and the display manager, as they say what the target says. */
int runlevel_set(const struct files *f, const char *target, struct err *e) must_check;

#endif
