/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_MEMBERS_H
#define REGISTRY_MEMBERS_H

/*
 * The nodes as everybody may know them: from the output `json`, for users who may not read the
 * registry.
 */

#include "err.h"
#include "str.h"

/*
 * Add the names that `on` means: names of nodes, roles and states, with commas between.  A role is
 * its ready nodes; NULL is all that are ready.  No group has the master.
 */
int members_find(const char *root, const char *on, struct strv *ret, struct err *e) must_check;

enum members_kind {
	MEMBERS_NODES,	/* their names */
	MEMBERS_BOARDS, /* and one MAC of each board that has no name: "dca632010203" */
	MEMBERS_GROUPS, /* what members_find takes: names of nodes, roles, states */
};
int members_list(const char *root, enum members_kind kind, struct strv *ret,
		 struct err *e) must_check;

#endif
