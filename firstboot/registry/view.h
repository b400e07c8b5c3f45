/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_VIEW_H
#define REGISTRY_VIEW_H

/* The registry at one moment, which all outputs are made of. */

#include "store.h"

struct view {
	long long generation;
	char *cluster, *master; /* "" before the first import */
	char *host_ca;		/* NULL: none */
	bool slurm;
	struct strv exports;  /* "PATH ro|rw" */
	struct strv hardware; /* "ROLE CPUS MIB" */
	struct strv mounts;   /* "HOST:PATH PATH", of all nodes but the master */
	struct str munge;     /* in base64; empty: none */
	long long silence;    /* probes in a row that reached no node (probe.h) */
	struct records all;   /* nodes by role and number, then boards without a place */
	struct revoked_hosts revoked;
};

/* Inside a transaction of the caller, or in one of its own; what view_check refuses is not read. */
int view_read(struct store *s, struct view *ret, struct err *e) must_check;
int view_load(struct store *s, struct view *ret, struct err *e) must_check;
/* Of the registry in that directory, which is closed again. */
int view_open(const char *dir, struct view *ret, struct err *e) must_check;
/* view_check.c: ERR_IMAGE when a text has not the grammar by which it came into the registry. */
int view_check(const struct view *v, struct err *e) must_check;
void view_done(struct view *v);
#define auto_view __attribute__((cleanup(view_done))) struct view

/* The next node of the plan that wanted() likes (NULL: any); start with NULL. */
const struct record *view_next(const struct view *v, const struct record *before,
			       bool (*wanted)(const struct view *, const struct record *));
#define view_foreach(r, v, wanted)                                           \
	for (const struct record *r = view_next(v, NULL, wanted); r != NULL; \
	     r = view_next(v, r, wanted))

/* Kinds of nodes, for view_next. */
bool node_is_master(const struct view *v, const struct record *r);
bool node_is_there(const struct view *v, const struct record *r);  /* not decommissioned */
bool node_is_live(const struct view *v, const struct record *r);   /* its board is accepted */
bool node_is_usable(const struct view *v, const struct record *r); /* may be given work */

/*
 * Why a person should look at this record, "" when nobody has to; owned.  Nothing of it is kept: it
 * is what the records say together.
 */
char *view_alarm(const struct view *v, const struct record *r);

#endif
