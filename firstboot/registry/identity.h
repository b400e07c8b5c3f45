/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_IDENTITY_H
#define REGISTRY_IDENTITY_H

/*
 * Who is it?  Identity is the key, the card (CID) and the board (serial or permanent MAC) together;
 * a MAC alone is never one.  Pure: what was seen in, what to do out.
 */

#include <stdbool.h>

#include "record.h"

/* What the key that sshd checked is to the registry. */
enum credential {
	CRED_ISSUED,  /* certificate that mkimage made for this node, newer than all that were used
		       */
	CRED_CURRENT, /* key that the node uses */
	CRED_NEXT,    /* key that it announced and uses for the first time */
	CRED_RETIRED, /* key or certificate that was replaced */
	CRED_REVOKED, /* key or certificate of a node that was decommissioned */
	CREDENTIALS,
};

enum verdict {
	VERDICT_REGISTER,  /* the plan's node gets its board */
	VERDICT_REBOOT,	   /* nothing changed */
	VERDICT_MOVED,	   /* the card is in another board; the name goes with the card */
	VERDICT_NEW_CARD,  /* the board's card was copied to another, which took its place */
	VERDICT_REFLASHED, /* new card from mkimage in the same board */
	VERDICT_CLAIM, /* new card from mkimage, but another board has the name: a person decides */
	VERDICT_COPY,  /* copied card: shut out, the node stays as it is, alarm */
	VERDICT_HELD,  /* the node itself is quarantined */
	VERDICT_REFUSE, /* decommissioned */
};

/* node: what is known; seen: what the board says. */
enum verdict identity_judge(enum credential c, const struct record *node, const struct facts *seen);

/* The word of the event log for it. */
const char *verdict_name(enum verdict v);

#endif
