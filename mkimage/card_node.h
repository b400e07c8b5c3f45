/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CARD_NODE_H
#define MKIMAGE_CARD_NODE_H

/* Images of nodes on their way from the base to cards, which no file ever holds whole. */

#include "build.h"
#include "card.h"

struct card_nodes {
	struct session session;
	struct build_plans plans;
};

#define CARD_NODES_INIT                  \
	{                                \
		.session = SESSION_INIT, \
	}

/* Profile, cluster directory and base; n is the number of devices, one for each node. */
int card_nodes_open(const struct options *o, size_t n, struct card_nodes *ret,
		    struct err *e) must_check;
/* What build does before it writes: keys, plans, and the entries in the ledger. */
int card_nodes_plan(struct card_nodes *c, struct err *e) must_check;
/* The image of the node at this place of the list. */
int card_nodes_image(const struct card_nodes *c, size_t i, struct card_image *ret,
		     struct err *e) must_check;
void card_nodes_done(struct card_nodes *c);

#endif
