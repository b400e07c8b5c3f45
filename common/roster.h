/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_ROSTER_H
#define COMMON_ROSTER_H

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

#define ROSTER_PATH "/etc/cardstock/nodectl.conf"
#define ROSTER_VERSION 1
/* Where slurmctld listens: mkimage tells slurmd, and the registry each node. */
#define SLURM_PORT 6817

struct roster {
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

extern const struct conf_key roster_keys[];

int roster_parse(const char *text, size_t len, const char *what, struct roster *ret,
		 struct err *e) must_check;
/* Judge one value of a key of the file: what mkimage asks before it writes it. */
int roster_check(const char *key, const char *value, struct err *e) must_check;
void roster_done(struct roster *p);
#define auto_roster __attribute__((cleanup(roster_done))) struct roster

#endif
