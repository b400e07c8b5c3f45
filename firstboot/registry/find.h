/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_FIND_H
#define REGISTRY_FIND_H

/*
 * What people call a board: a node's name ("worker003", "worker003.beowulf"), a record's number
 * ("#17"), an address, a MAC in any notation, a serial or the end of one.
 */

#include "view.h"

#define SERIAL_END 4 /* characters of a serial that are enough */

/* Does the record go by that? */
bool find_matches(const struct view *v, const struct record *r, const char *query);
/* The one record that does: an error when none or several do. */
int find_one(const struct view *v, const char *query, const struct record **ret,
	     struct err *e) must_check;

#endif
