/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_REACH_H
#define REGISTRY_REACH_H

/*
 * Who is there?  One TCP connection to each address, all at once, nothing is sent.  What comes back
 * tells a machine that runs from one that does not, without a login.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define REACH_PORT 22

enum reach {
	REACH_SILENT,	  /* nothing came, or the last router says that there is no such host */
	REACH_OPEN,	  /* somebody listens */
	REACH_REFUSED,	  /* a kernel runs there, and nobody listens */
	REACH_NO_NETWORK, /* it is this machine that has no way there */
};

struct reach_target {
	struct in_addr address;
	enum reach answer;
};

/* The address of a name, or of an address; false when nobody knows one. */
bool reach_resolve(const char *host, struct in_addr *ret);

/* Sets each answer, after wait_ms at most for each REACH_AT_ONCE of them. */
#define REACH_AT_ONCE 800
int reach_all(struct reach_target *targets, size_t n, int port, int wait_ms,
	      struct err *e) must_check;

#endif
