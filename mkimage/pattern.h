/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PATTERN_H
#define MKIMAGE_PATTERN_H

/*
 * Names and addresses of nodes with a number in them: "worker%03d", "10.0.0.%d/24".
 * pattern_expand is in cluster.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* Does the pattern have a %d, so that it gives each number a name of its own? */
bool pattern_has_number(const char *pattern);

/* Key `hostname`: one %d or %0Nd at most, and a name that a node may have. */
int pattern_check(const char *text, struct err *e) must_check;
/*
 * Key `address`: a dotted quad, where one %d may stand for one of the four, and /1 to /30; not one
 * that no host has (0.0.0.0/8, 127.0.0.0/8, from 224.0.0.0 on).
 */
int pattern_check_address(const char *text, struct err *e) must_check;

struct address {
	uint32_t ip; /* host byte order */
	unsigned prefix;
};

/*
 * The address for a number, which as the last of the four counts on through the network: behind
 * 10.0.1.255/16 comes 10.0.2.0.  False when that is no host of the network: the network's or
 * broadcast address, one that no host has, or, for one of the first three, no octet.
 */
bool pattern_expand_address(const char *pattern, unsigned number, struct address *ret);
/* The network that an address is in. */
uint32_t address_network(struct address a);

#endif
