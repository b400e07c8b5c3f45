/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_RECORD_H
#define REGISTRY_RECORD_H

/*
 * A record is a node of the plan, with or without a board, or a board that has no place yet: it is
 * pending, or it is quarantined because it came with another board's key.
 */

#include <stdbool.h>
#include <stddef.h>

#include "protocol/facts.h"

enum state {
	STATE_PLANNED,	   /* in the plan; no board has come */
	STATE_PENDING,	   /* a board that waits for a person */
	STATE_REGISTERED,  /* accepted; has not come back with its own key yet */
	STATE_READY,	   /* came back with its own key */
	STATE_STALE,	   /* was ready; the master does not reach it */
	STATE_QUARANTINED, /* shut out until a person decides */
	STATE_RETIRED,	   /* decommissioned: keys and certificate are worth nothing */
	STATES,
};

struct state_row {
	const char *name;
	bool live;   /* has a board that belongs to the cluster */
	bool usable; /* gets work: machine files, Slurm's and Ansible's lists */
	const char *help;
};

extern const struct state_row states[STATES];
/* The state of that name; STATES when there is none. */
enum state state_find(const char *name);

struct record {
	long long id; /* 0: not in the registry yet */
	enum state state;
	/* Of a board without a place: id of the node that it says to be, or of the board without a
	 * place that it is a copy of; 0: none. */
	long long claim;
	char *role; /* NULL: board without a place that may get any */
	long long number;
	char *plan_name;   /* what the plan, and with it the certificate, calls it; NULL: no node */
	char *name;	   /* what people call it; NULL: no node */
	char *address;	   /* "10.0.0.13/24"; NULL: none planned */
	long long issue;   /* serial of the newest certificate that was used; 0: none */
	long long revoked; /* certificates up to this serial are worth nothing */
	char *key;	   /* of a board without a place: the public key it came with */
	long long first_seen, last_seen; /* seconds since 1970 on the master; 0: never */
	struct facts facts;
};

struct records {
	struct record *v;
	size_t n, cap;
};

void record_done(struct record *r);
#define auto_record __attribute__((cleanup(record_done))) struct record
/* *r moves to the end of the list and is empty afterwards. */
void records_add(struct records *l, struct record *r);
void records_done(struct records *l);
#define auto_records __attribute__((cleanup(records_done))) struct records

/* Is it a node of the plan? */
static inline bool record_is_node(const struct record *r)
{
	return r->plan_name != NULL;
}
/* "10.0.0.13" of "10.0.0.13/24"; owned, NULL: it has none. */
char *record_ip(const struct record *r);
/* Name of a node, "#17" of another record; owned. */
char *record_label(const struct record *r);

#endif
