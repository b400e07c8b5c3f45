/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_STATUS_H
#define REGISTRY_STATUS_H

/* How records are shown to people. */

#include "view.h"

/*
 * One line a record, with a line of headings; now: seconds since 1970.  Nodes in a row that no
 * board has come for have one line together, below the others, unless each has to have its own.
 */
void status_table(const struct view *v, const struct record *const *records, size_t n, bool each,
		  long long now, struct str *out);
/* "64 nodes: 3 ready, 61 planned; 2 boards wait". */
void status_summary(const struct view *v, struct str *out);
/* All that is known of one. */
void status_whole(const struct view *v, const struct record *r, const struct events *events,
		  struct str *out);

#endif
