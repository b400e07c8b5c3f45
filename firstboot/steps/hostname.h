/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEPS_HOSTNAME_H
#define FIRSTBOOT_STEPS_HOSTNAME_H

#include "step.h"

/*
 * The board's name, by hostnamed or in files, and what /etc/hosts says of it; alone: it has no
 * planned address.  1: changed, 0: it was so.
 */
int hostname_set(const struct ctx *ctx, const char *name, bool alone, struct str *message,
		 struct err *e) must_check;

#endif
