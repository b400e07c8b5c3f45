/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_PLAN_H
#define REGISTRY_PLAN_H

/*
 * /etc/cardstock/nodectl.conf, which mkimage puts on the master: the planned cluster.  How it is
 * read is in conf.h.
 *
 *   version = 1
 *   cluster = beowulf
 *   master = master
 *   host-ca = ssh-ed25519 AAAA…
 *   node = master 1 master 10.0.0.1/24
 *   node = worker 1 worker001 10.0.0.11/24
 */

#include "conf.h"
#include "store.h"

#define PLAN_PATH "/etc/cardstock/nodectl.conf"
#define PLAN_VERSION 1

struct plan {
	long version;
	char *cluster; /* "beowulf" */
	char *master;  /* name of the node that the registry is on */
	char *host_ca; /* "ssh-ed25519 BASE64" */
	char *join;    /* role of boards that come with a join card; NULL: none may */
	bool slurm, munge;
	struct strv ntp;      /* names or addresses */
	struct strv mounts;   /* "SOURCE PATH" */
	struct strv exports;  /* "PATH ro|rw" */
	struct strv hardware; /* "ROLE CPUS MIB" */
	struct strv pins;     /* "MAC NAME" */
	struct strv nodes;    /* "ROLE NUMBER NAME ADDRESS/PREFIX", '-' for no address */
};

extern const struct conf_key plan_keys[];

int plan_parse(const char *text, size_t len, const char *what, struct plan *ret,
	       struct err *e) must_check;
void plan_done(struct plan *p);
#define auto_plan __attribute__((cleanup(plan_done))) struct plan

/*
 * Take the plan into the registry, between begin and commit: settings are replaced, nodes that are
 * new are added, those that no board ever used follow the plan or go.  A node that has a board
 * keeps name and address; a plan that gives it others is refused.  Returns 1 when anything changed.
 */
int plan_import(struct store *s, const struct plan *p, struct err *e) must_check;

#endif
