/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CLUSTER_PRIVATE_H
#define MKIMAGE_CLUSTER_PRIVATE_H

#include "cluster.h"

/* "profiles/worker.conf:12", for the second place that a message names; owned. */
char *loc_text(struct loc loc);

/* ---- cluster_nodes.c: what the profiles plan ---- */

/* A planned node and the profile that plans it; all borrowed. */
struct planned {
	const struct node *node;
	const struct profile *profile;
};

struct planned_list {
	struct planned *v;
	size_t n;
};

/* Fill c->members and judge all names and addresses. */
int cluster_plan_nodes(struct cluster *c, const struct profile *p, const struct strv *search,
		       struct err *e) must_check;
void planned_done(struct planned_list *l);
#define auto_planned __attribute__((cleanup(planned_done))) struct planned_list

/* All planned nodes, or all that have an address, sorted by name or by address. */
struct planned_list planned_by_name(const struct cluster *c);
struct planned_list planned_by_address(const struct cluster *c);
const struct planned *planned_find_name(const struct planned_list *l, const char *name);
const struct planned *planned_find_address(const struct planned_list *l, const char *address);

/* ---- cluster_ledger.c: who was ever built ---- */

/* Refuse a plan that gives a node another name or address than it was built with. */
int ledger_check(const struct cluster *c, struct err *e) must_check;

/* ---- cluster_sweep.c: which files are ours ---- */

/*
 * Refuse a directory that holds anything, but is neither a cluster's nor one that a killed run had
 * only begun.  Nothing is touched.
 */
int cluster_check_ours(const char *path, struct err *e) must_check;
/* Remove what a killed run left in one directory; the lock is held, so nobody else is at work. */
void cluster_sweep(const char *path);

/* ---- cluster_keys.c: ssh-keygen ---- */

/* Make the CAs and the administrator's key where they are missing. */
int keys_make(const struct cluster *c, struct err *e) must_check;
#define KEYS_KIND "ed25519" /* of all but the enrolment CA, as ssh-keygen -t has it */
/* Make the key pair at path (and .pub) unless it is there; in any case. */
int keys_ensure(const char *path, const char *kind, const char *comment, struct err *e) must_check;
int keys_renew(const char *path, const char *kind, const char *comment, struct err *e) must_check;

/* Another host key for the node, and its certificate. */
int keys_renew_host(const struct cluster *c, const struct node *n, struct err *e) must_check;

/* A certificate for all times, in the file key-cert.pub. */
struct signing {
	const char *ca; /* its name in keys/ */
	const char *id;
	bool is_host; /* else of a user, without any of the extensions */
	const struct strv *principals;
	const char *key; /* path of the private key; what is signed is its .pub */
	uint64_t serial;
};

/* Is there such a certificate, whatever its serial? */
bool keys_is_signed(const struct cluster *c, const struct signing *s);
int keys_sign(const struct cluster *c, const struct signing *s, struct err *e) must_check;

/* ---- cluster_card.c: what nodes register with ---- */

/* The CA that signs cards, where there is a registry and it is missing. */
int card_make_ca(const struct cluster *c, struct err *e) must_check;
/* The node's card, unless it is there. */
int card_issue(const struct cluster *c, const struct node *n, struct err *e) must_check;
/* One registry at most, of a role with one node that has an address. */
int card_check_registry(const struct cluster *c, struct err *e) must_check;

/* ---- cluster_cert.c ---- */

struct cert {
	const char *id;
	bool is_host; /* else of a user */
	const struct strv *principals;
	const char *key; /* text of the .pub that is signed */
	const char *ca;	 /* text of the CA's .pub */
};

/*
 * Is it the whole text of a private key (PROTOCOL.key of OpenSSH), that of this public one?  Of
 * other formats, which a person may have put there, only whether it is whole.
 */
bool key_is_of(const char *private, const char *public);
/*
 * Is text a certificate (PROTOCOL.certkeys of OpenSSH) of exactly this, for all times?  What is no
 * certificate at all is not.
 */
bool cert_is(const char *text, const struct cert *wanted);
/* Its serial; 0: it is none. */
uint64_t cert_serial(const char *text);

#endif
