/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_REPLY_H
#define REGISTRY_REPLY_H

/* What a board is told: one JSON line, docs/registration.md. */

#include "store.h"

enum reply_result {
	REPLY_ACCEPTED,	   /* it belongs to the cluster: name, address, … and the secrets */
	REPLY_CONFIRM,	   /* it has a place; the rest is told to its own key alone */
	REPLY_PENDING,	   /* a person has to approve; ask again */
	REPLY_QUARANTINED, /* shut out until a person decides; ask again */
	REPLY_BUSY,	   /* too many requests, or the registry is busy; ask again later */
	REPLY_REFUSED,	   /* this request never will be accepted */
	REPLIES,
};

extern const char *const reply_names[REPLIES];

/* Add the line for a node, newline included; pause: seconds until it is to come again, or 0. */
int reply_accept(struct store *s, const struct record *node, long long pause, struct str *out,
		 struct err *e) must_check;
/* Add the line for one that is not accepted; name: of its place, NULL: it has none. */
void reply_other(enum reply_result result, const char *name, const char *reason, struct str *out);

#endif
