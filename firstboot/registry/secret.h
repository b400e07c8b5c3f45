/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_SECRET_H
#define REGISTRY_SECRET_H

/*
 * What all accepted nodes share and no card carries.  A secret is random bytes, kept as base64; it
 * is a setting of the registry, whose file is for its user alone.
 */

#include "store.h"

#define SECRET_MUNGE "munge" /* what /etc/munge/munge.key has, in base64 */

/* Add the secret: 1, or 0 when there is none. */
int secret_get(struct store *s, const char *name, struct str *out, struct err *e) must_check;
/* Make it anew; replies that hold the old one are forgotten. */
int secret_rotate(struct store *s, const char *name, struct err *e) must_check;
/* Forget it, and the replies that hold it. */
int secret_drop(struct store *s, const char *name, struct err *e) must_check;

#endif
