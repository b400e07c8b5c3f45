/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_KEYGEN_H
#define FIRSTBOOT_KEYGEN_H

/*
 * Keys by ssh-keygen.  One is made under a temporary name and renamed, the private key last: where
 * that is, all of it is.
 */

#include "step.h"

struct keygen {
	const char *dir;     /* in the root; is there */
	const char *name;    /* of the private key; the public one's is name.pub */
	const char *kind;    /* "ed25519" */
	const char *comment; /* in the public key */
};

int keygen_make(const struct ctx *ctx, const struct keygen *k, struct err *e) must_check;

#endif
