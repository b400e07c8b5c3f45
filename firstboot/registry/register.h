/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_REGISTER_H
#define REGISTRY_REGISTER_H

/* The forced command: one request of a board in, one reply out. */

#include "auth.h"
#include "reply.h"
#include "protocol/request.h"

/* Of one node, or one card, in a minute; a board that works asks twice. */
#define REGISTER_RATE 30
/* Boards that may wait for a place at a time. */
#define REGISTER_PENDING 4096

/* One visit of a board, from its request to what it is told. */
struct visit {
	struct store *store;
	const struct auth *auth;
	struct request request; /* its facts move to the record that they belong to */
	long long now;		/* seconds since 1970 */
	long long uptime;	/* seconds of CLOCK_BOOTTIME */
	struct record node;	/* the board's place, when it has one */
	struct str reply;
	bool changed;	   /* outputs may have to change */
	const char *alarm; /* for the system's log; NULL: nothing special */
};

/*
 * Judge the line of a board whose key sshd has checked, and give the reply.  When it returns 0 what
 * the reply says is on the disk.
 */
int register_line(struct store *s, const struct auth *a, const struct str *line, struct str *reply,
		  struct err *e) must_check;

/* ---- register_node.c ---- */

/* A board with a key or a certificate of its own. */
int register_node(struct visit *v, struct err *e) must_check;

/* ---- register_join.c ---- */

/* A board with a join card. */
int register_join(struct visit *v, struct err *e) must_check;

/* ---- newcomer.c ---- */

/*
 * Keep the board as a record without a place, which waits for a person: pending or quarantined. key
 * is what it is known by, claim the id of the node whose place it wants (0: any of its role).
 * Returns 1 when it is new, or another board than it was.
 */
int newcomer_keep(struct visit *v, enum state state, const char *key, long long claim,
		  struct record *ret, struct err *e) must_check;
/*
 * Keep the board as the copy of v->node's card, in quarantine.  It is the only one that is kept:
 * the keys of a card are as many as whoever has it likes.
 */
int newcomer_copy(struct visit *v, const char *key, struct err *e) must_check;
#define NEWCOMER_COPY "this card is a copy of one that is in use"
/* The newcomer gets the node's place: its key is the only one; records with that key go. */
int newcomer_place(struct store *s, struct record *newcomer, struct record *node,
		   struct err *e) must_check;
/* The node that a newcomer may have: 1, 0: none is free.  It is not taken by this. */
int newcomer_find_place(struct store *s, const struct record *newcomer, struct record *ret,
			struct err *e) must_check;

#endif
