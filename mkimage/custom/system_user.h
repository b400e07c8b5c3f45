/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SYSTEM_USER_H
#define MKIMAGE_CUSTOM_SYSTEM_USER_H

#include "plan.h"

/*
 * A user who is a program's and nobody's: his number is the image's next free one, his group has
 * his name, his password is locked, his shell is /bin/sh, by which sshd starts what his key is for.
 */
struct system_user {
	const char *name;
	const char *gecos; /* what he is, in passwd(5) */
	const char *home;
	const char *why;
};

/* A user of that name who is there already stays as he is. */
int system_user_plan(struct plan_ctx *ctx, const struct system_user *u, struct err *e) must_check;

#endif
