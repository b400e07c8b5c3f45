/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_PROBE_H
#define REGISTRY_PROBE_H

/*
 * Which nodes answer?  Probes come one a minute.  A ready node that PROBE_MISSES in a row did not
 * reach is stale; one that is reached again is ready.
 *
 * A probe that reaches nobody says more about this machine's network than about the nodes, and
 * counts for none of them.  Only after PROBE_SILENCES of those in a row all are stale.
 */

#include "reach.h"
#include "view.h"

#define PROBE_MISSES 3
#define PROBE_SILENCES 10
#define PROBE_MS 3000

struct probe_node {
	long long id;
	const char *name; /* borrowed from the view */
	enum state state; /* ready or stale */
	struct reach_target target;
};

struct probe {
	struct probe_node *v;
	size_t n;
};

/* The nodes that are ready or stale and have an address in the plan; others are not looked after.
 */
void probe_list(const struct view *v, struct probe *ret);
void probe_done(struct probe *p);
#define auto_probe __attribute__((cleanup(probe_done))) struct probe

/* Ask them all at once, for PROBE_MS. */
int probe_ask(struct probe *p, int port, struct err *e) must_check;

/* A node has another state now. */
typedef void probe_fn(void *ctx, const char *name, enum state state);
/*
 * Take the answers into the registry, in a transaction of its own, and announce what changed; what
 * changed in the registry meanwhile stays.  Nothing is written when there is nothing new.
 */
int probe_take(struct store *s, const struct probe *p, probe_fn *say, void *ctx,
	       struct err *e) must_check;
/* These nodes were switched off: those that are ready are stale; or are back: the other way round.
 */
int probe_take_power(struct store *s, const char *const *names, size_t n, bool back,
		     struct err *e) must_check;

/* How many probes in a row reached nobody, at most PROBE_SILENCES; view.h has it, too. */
int probe_silence(struct store *s, long long *ret, struct err *e) must_check;

#endif
