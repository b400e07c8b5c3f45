/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_EDIT_INIT_H
#define COMMON_EDIT_INIT_H

/* The runlevel of systems before systemd; pure functions as in edit.h. */

#include <stdbool.h>

#include "str.h"

/* inittab(5): the level of "id:2:initdefault:"; false: no line says it, and nothing is added. */
bool inittab_set_level(struct str *out, const char *text, char level);
/* Upstart's rc-sysinit.conf: the value of "env DEFAULT_RUNLEVEL=2"; false as above. */
bool upstart_set_level(struct str *out, const char *text, char level);

#endif
