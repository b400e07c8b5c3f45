/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_POWER_H
#define REGISTRY_POWER_H

/*
 * Switch nodes off, or have them boot again, and wait until that is so.  The order goes to all by
 * ssh (fleet.h), and again to those that may not have heard it; what became of it, the port of
 * their sshd tells (reach.h), from the moment when the node has taken the order:
 *
 *   off   POWER_TRIES tries in a row brought nothing: neither a connection nor a refusal, which is
 *	   the word of a kernel that runs
 *   back  it answers again after it refused, or was silent twice in a row
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "reach.h"

#define POWER_TRIES 3
/* From the start of ssh to the node's word that it took the order; a slow board needs 20 s to let
 * somebody in. */
#define POWER_ORDER_SECONDS 45

enum power_state { POWER_WAITS, POWER_ORDERED, POWER_DONE, POWER_FAILED };

struct power_node {
	const char *name; /* borrowed; how ssh calls it, too */
	bool known;	  /* target has its address */
	struct reach_target target;
	enum power_state state;
	int silent; /* tries in a row */
	bool away;  /* it was down since the order */
	char *why;  /* what is wrong with it: why it failed, or what its ssh said; owned */
};

struct power_order {
	const char *word; /* what the node is told: "poweroff", "reboot" */
	/* wait until it is off; with back, until it answers again; else POWER_ORDERED is the end */
	bool wait, back;
	int port;
	long long seconds; /* how long is waited */
	/* A node has another state, so many seconds after the beginning. */
	void (*say)(void *ctx, const struct power_node *n, long long seconds);
	void *ctx;
};

/* Returns how many failed; -1: ssh could not be started, or an interrupt came. */
int power_run(struct power_node *nodes, size_t n, const struct power_order *o,
	      struct err *e) must_check;
void power_node_done(struct power_node *n);

#endif
