/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_CROWD_H
#define REGISTRY_CROWD_H

/*
 * A cluster that is switched on at once: each board comes twice, and those that have no name yet
 * are to be first.
 */

#include "protocol/pause.h"
#include "store.h"

/*
 * Seconds until a board that was just given its place is to come again; now is of CLOCK_BOOTTIME.
 * 0 where few come; else the time that all who have to come before it take, as fast as the last
 * ones came: those of the plan who did not come yet, and those who owe their second visit.  So the
 * second visits are in the order of the first, and as far apart.
 */
int crowd_pause(struct store *s, long long now, long long *ret, struct err *e) must_check;

#endif
