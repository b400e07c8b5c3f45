/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_REPLY_READ_H
#define FIRSTBOOT_REPLY_READ_H

/* What the master answers (docs/registration.md), as far as this board needs it. */

#include "err.h"
#include "str.h"

#define REPLY_MAX (64u << 10)

enum answer {
	ANSWER_ACCEPTED, /* it belongs to the cluster */
	ANSWER_CONFIRM,	 /* it has a place, and all else is told to its second key */
	ANSWER_WAIT,	 /* pending, quarantined, busy or refused: ask again */
};

/* Texts are NULL when the reply has not the field. */
struct reply {
	char *result; /* as the master says it: "pending" */
	char *name, *address, *reason;
	struct str munge; /* the key itself; empty: none */
	unsigned pause_s; /* until it is to come with its second key; at most REPLY_PAUSE_MAX */
	enum answer answer;
};

/* Parse the line; *ret is filled on success only. */
int reply_read(const char *text, size_t len, struct reply *ret, struct err *e) must_check;
void reply_done(struct reply *r);
#define auto_reply __attribute__((cleanup(reply_done))) struct reply

#endif
