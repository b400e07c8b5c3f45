/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CLUSTER_H
#define MKIMAGE_CLUSTER_H

/*
 * The cluster directory on the laptop (./cluster, 0700): everything that has to be the same in the
 * next run.
 *
 *   lock            flock of the running mkimage
 *   ledger          one line per node ever built: role number hostname address
 *   keys/admin(.pub)   the administrator's ssh key: logs in as the operator on every node
 *   keys/host-ca(.pub) signs every node's host key
 *   keys/enrol-ca(.pub)   signs what nodes register with, where a member has the section nodectl
 *   keys/ops(.pub)   what the master's nodectl looks at the nodes with, for the same clusters
 *   keys/user-NAME(.pub)   the cluster's key of a user (cluster-ssh)
 *   keys/SITE-NAME.pub     public keys fetched from a site, "gh-NAME.pub"
 *   nodes/NAME/ssh_host_ed25519_key(.pub, -cert.pub)   made once per node, so images repeat;
 * --new-card makes others nodes/NAME/card(.pub, -cert.pub)   the node's enrolment key; another one
 * for `--new-card` keys/join-ROLE(.pub, -cert.pub)   the same of boards that nobody planned
 * (--generic) nodes/NAME/base-ids    ids of the base it was built from, for verify (identity.h)
 *   seed            32 random bytes, hex: UUIDs and disk ids are derived from it
 *   known_hosts     "@cert-authority NAMES… KEY"
 *   ssh_config      for `ssh -F cluster/ssh_config worker002`
 */

#include <stdint.h>

#include "err.h"
#include "profile.h"
#include "str.h"

struct node {
	char *role;	 /* "worker" */
	unsigned number; /* from 1 within its role */
	char *hostname;	 /* "worker001" */
	char *address;	 /* "10.0.0.11"; NULL: none planned (DHCP) */
	unsigned prefix; /* of the network, bits; 24 */
	/*
	 * Not of the plan: any board that has the card of its role (cluster_card.c).  The number is
	 * 0, the name "worker-join", and there is no address.
	 */
	bool unplanned;
};

/* One role of the cluster and all the nodes that its profile plans (key `planned`). */
struct member {
	struct profile *profile;
	struct node *nodes;
	size_t n_nodes;
};

struct cluster {
	char *dir;  /* the cluster directory */
	char *name; /* "beowulf" */
	int lock;   /* fd that holds the lock */
	uint8_t seed[32];
	/* Every role of the key `members`, read from their profiles: the planned cluster. */
	struct member *members;
	size_t n_members;
	struct node newcomer; /* see cluster_newcomer; hostname NULL until then */
};

/* Plan only: nothing is created, a missing directory gives keys that say so (see cluster_read). */
enum cluster_mode { CLUSTER_READ, CLUSTER_WRITE };

/*
 * Open the cluster directory for this profile; CLUSTER_WRITE makes it where it is missing, takes
 * the lock (ERR_BUSY when another run holds it) and makes CA, admin key and seed; a directory with
 * other content than a cluster's is refused and left alone (ERR_PROFILE).  Loads the
 * profiles named by `members`, computes all planned nodes, and refuses clashes: two nodes with one
 * name or one address, an address outside its network, more nodes than addresses; each names
 * file:line.
 */
int cluster_open(const char *dir, const struct profile *p, const struct strv *search,
		 enum cluster_mode mode, struct cluster **ret, struct err *e) must_check;
/* Release everything and the lock. */
void cluster_free(struct cluster *c);
static inline void cluster_cleanup(struct cluster **c)
{
	cluster_free(*c);
}
#define auto_cluster __attribute__((cleanup(cluster_cleanup))) struct cluster

/* True when it was opened with CLUSTER_WRITE: this run builds. */
bool cluster_is_writing(const struct cluster *c);

/* The planned nodes of a role; NULL when the role is not a member. */
const struct member *cluster_member(const struct cluster *c, const char *role);

/*
 * Make what the node needs for ever (host key, card, their certificates) unless it is there; of an
 * unplanned one the card alone.
 */
int cluster_issue(struct cluster *c, const struct node *n, struct err *e) must_check;
/* The node that has the registry: whose profile has the section nodectl; NULL: none. */
const struct node *cluster_registry(const struct cluster *c);
/* Does the node register there, with a card of its own? */
bool cluster_has_card(const struct cluster *c, const struct node *n);
/*
 * The board of that role that nobody planned, borrowed; ERR_PROFILE where the registry does not let
 * such boards in, or the role's nodes do not register.
 */
int cluster_newcomer(struct cluster *c, const char *role, const struct node **ret,
		     struct err *e) must_check;
/* Its name, owned: "worker-join". */
char *cluster_newcomer_name(const char *role);
/* The file of the directory that has the node's card, owned; suffix "", ".pub" or "-cert.pub". */
char *cluster_card_file(const struct node *n, const char *suffix);
/*
 * Give the node a new card, with the next serial, and a new host key, after cluster_issue: the
 * former card is worth nothing once the new one was used.
 */
int cluster_renew_card(const struct cluster *c, const struct node *n, struct err *e) must_check;
/*
 * Enter nodes in the ledger, those that are in it already or unplanned excepted: from now on no
 * plan may give them another name or address.  So only when they will be built, after their plan
 * was judged.
 */
int cluster_enter(struct cluster *c, const struct node *nodes, size_t n, struct err *e) must_check;
/* The highest number of the role that is in the ledger; 0: none. */
int cluster_last_built(const struct cluster *c, const char *role, unsigned *ret,
		       struct err *e) must_check;
/* Write ssh_config and known_hosts; unchanged files are not touched. */
int cluster_write_ssh(const struct cluster *c, struct err *e) must_check;
/* Everything that a person may type behind `ssh`: the principals of the node's certificate. */
void cluster_node_names(const struct cluster *c, const struct node *n, struct strv *out);
/*
 * Add a line of known_hosts for every planned node, with the names that its certificate has: it is
 * trusted through the CA that signed its key, so a reflashed board is known too.
 */
int cluster_known_hosts(const struct cluster *c, struct str *out, struct err *e) must_check;

/*
 * Add the content of a file of the directory ("keys/admin.pub", "nodes/worker001/…"); in
 * CLUSTER_READ mode a file that does not exist yet gives a line that says it will be generated.
 */
int cluster_read(const struct cluster *c, const char *name, struct str *out,
		 struct err *e) must_check;

/* Make an ssh key pair there ("keys/user-mpi", and .pub) unless there is one; build only. */
int cluster_make_key(const struct cluster *c, const char *name, const char *comment,
		     struct err *e) must_check;
/* Is there such a file in the directory? */
bool cluster_has(const struct cluster *c, const char *name);
/* Keep a text there for the next runs; build only. */
int cluster_keep(const struct cluster *c, const char *name, const char *text,
		 struct err *e) must_check;

/* "SHA256:…" of "TYPE BASE64 COMMENT", as ssh-keygen -l has it, owned; NULL: no base64 there. */
char *cluster_fingerprint(const char *public_key);

/* 16 bytes derived from the seed and a label ("worker001 root uuid"): the same in each run. */
void cluster_derive(const struct cluster *c, const char *label, uint8_t out[16]);

/* Expand "worker%03d"; only %d and %0Nd, once, are allowed (checked by the profile). */
char *pattern_expand(const char *pattern, unsigned number);

#endif
