/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_CHANGE_H
#define REGISTRY_CHANGE_H

/*
 * What people change, each a function on the record that they named; it is called between begin and
 * commit, and adds to `said` what the person should know.
 */

#include "options.h"
#include "view.h"

struct change {
	const struct options *options;
	struct store *store;
	const struct view *view;
	struct record *record;
	struct str *said;
};

int change_approve(struct change *c, struct err *e) must_check;
int change_quarantine(struct change *c, struct err *e) must_check;
int change_decommission(struct change *c, struct err *e) must_check;
int change_rename(struct change *c, struct err *e) must_check;

#endif
