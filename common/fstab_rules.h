/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_FSTAB_RULES_H
#define COMMON_FSTAB_RULES_H

#include "str.h"

/*
 * What mount(8) would stumble over in a line of fstab(5) with these fields, owned; NULL: nothing.
 * libmount itself takes any words.
 */
char *fstab_judge(const char *line, const char *source, const char *target, const char *type);

#endif
