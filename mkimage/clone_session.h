/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CLONE_SESSION_H
#define MKIMAGE_CLONE_SESSION_H

/* What clone and `plan --clone` begin with. */

#include "clone.h"
#include "session.h"

struct clone_session {
	struct session
		session; /* its base is the source, or the copy where that had to be replayed */
	struct clone_source source;
	struct output copy; /* made already when the source was dirty; fd -1: not begun */
	bool copied;
};

#define CLONE_SESSION_INIT                                                                \
	{                                                                                 \
		.session = SESSION_INIT, .source = CLONE_SOURCE_INIT, .copy = OUTPUT_INIT \
	}

/*
 * Profile, cluster directory, the next free nodes, and the source, of which a copy is made in dir
 * (NULL: in the cache) when its journal has to be replayed, or with --rescue.  Refused is a node
 * that the source is.
 */
int clone_session_open(const struct options *o, const char *source, const char *dir,
		       enum cluster_mode mode, struct clone_session *ret, struct err *e) must_check;
/* Make the copy, unless it is there. */
int clone_session_copy(struct clone_session *c, struct err *e) must_check;
void clone_session_done(struct clone_session *c);
#define auto_clone_session __attribute__((cleanup(clone_session_done))) struct clone_session

#endif
