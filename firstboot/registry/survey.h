/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_SURVEY_H
#define REGISTRY_SURVEY_H

/* What the nodes say when the master asks them, all at once. */

#include "view.h"
#include "vitals.h"

struct answer {
	const struct record *record; /* borrowed */
	char *reason;		     /* why there are no vitals, for people; NULL: there are */
	struct vitals vitals;
	long long heard_ns; /* since 1970 on the master, when the answer was whole */
};

struct survey {
	struct answer *v;
	size_t n;
};

/*
 * Ask the nodes that go by these names or, without any, all that have a board, and the master.  A
 * node that does not answer in that time ("2m"; NULL: 45 s) is no failure.
 */
int survey_run(const struct view *v, const struct strv *names, const char *timeout,
	       struct survey *ret, struct err *e) must_check;
void survey_done(struct survey *s);
#define auto_survey __attribute__((cleanup(survey_done))) struct survey

/* How far the node's clock is ahead of ours, in milliseconds; false: it did not say. */
bool answer_skew(const struct answer *v, long long *ret);

#endif
