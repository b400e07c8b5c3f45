/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_TABLE_H
#define REGISTRY_TABLE_H

#include "str.h"

/* Add cells, row by row, as columns of one width each; the last one is as long as it is. */
void table_add(const struct strv *cells, size_t columns, struct str *out);
/* Add "4 d", "37 min": seconds in the greatest unit that they fill. */
void table_add_age(long long seconds, struct str *out);

#endif
