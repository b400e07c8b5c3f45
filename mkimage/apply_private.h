/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_APPLY_PRIVATE_H
#define MKIMAGE_APPLY_PRIVATE_H

/* How one change is shown: facts first, then apply_print.c puts them in text or JSON. */

#include "plan_private.h"

#define SHOWN_MAX (64u << 10) /* bytes of a file whose difference is shown */

struct shown {
	const struct change *change;
	char symbol;	     /* + new, ~ changed, - removed, @ owner or mode only */
	struct fs_stat from; /* what is there now */
	struct fs_stat to;   /* what will be */
	bool has_attr;	     /* to.mode and to.uid mean something */
	char *was;	     /* target of the symlink that is there; NULL: none */
	/* CHANGE_WRITE: one of the two, the other NULL. */
	char *diff;    /* unified, as it is: not yet safe for a terminal */
	char *summary; /* "‹secret›", "binary, 12 bytes" */
};

/* Find out; v is the image without the plan p. */
int shown_init(struct shown *s, const struct change *c, const struct plan *p, const struct view *v,
	       struct err *e) must_check;
void shown_done(struct shown *s);

#endif
