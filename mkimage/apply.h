/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_APPLY_H
#define MKIMAGE_APPLY_H

/* The three readers of a plan: print, make, check. */

#include <stdio.h>

#include "plan.h"

/* Make every state of the plan in the tree; the first failure names path and reason. */
int plan_apply(const struct plan *p, struct tree *t, struct err *e) must_check;

/*
 * Check that every state of the plan holds; ERR_CHECK lists what does not, at most 20 paths.  Paths
 * that the plan above (may be NULL) decides too are left to it.
 */
int plan_verify(const struct plan *p, const struct plan *above, struct tree *t,
		struct err *e) must_check;

/*
 * Print for people: per path what (+ new, ~ changed, - removed, @ owner or mode), why, and a
 * unified diff against the tree with the plan below (secrets as ‹secret›); then the notes and a
 * count. as_json: one array of the changes, an object each: kind, change, path, target, mode,
 * owner, custom, why, secret, and summary or diff.  Whatever an image holds, it is harmless on a
 * terminal.
 */
int plan_print(const struct plan *p, struct tree *t, FILE *out, bool as_json,
	       struct err *e) must_check;

#endif
