/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_DURATION_H
#define REGISTRY_DURATION_H

#include "err.h"

#define DURATION_MAX (7 * 86400LL)

/* Seconds of "90s", "30m", "2h" or "1d", at most DURATION_MAX; option is named in messages. */
int duration_parse(const char *option, const char *text, long long *ret, struct err *e) must_check;

#endif
