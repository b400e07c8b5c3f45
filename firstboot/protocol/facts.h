/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_FACTS_H
#define REGISTRY_FACTS_H

/* What a board said of itself; every text has the grammar of its field (request_fields.c). */

#include <stdbool.h>
#include <stddef.h>

struct nic {
	char *name; /* "eth0" */
	char *mac;  /* the permanent one: "dc:a6:32:01:02:03" */
};

/* What the registry keeps of a board.  Texts are NULL when the board did not say. */
struct facts {
	char *build_id;
	char *model, *serial;
	char *cid;
	char *host_key; /* "ssh-ed25519 BASE64" */
	char *kernel, *os, *firstboot;
	long long cpus, memory; /* memory in MiB; 0: not said */
	long long clock;	/* seconds since 1970 on the board; information only */
	struct nic *nics;
	size_t n_nics;
};

void nic_done(struct nic *n);
void facts_done(struct facts *f);
#define auto_facts __attribute__((cleanup(facts_done))) struct facts
void facts_add_nic(struct facts *f, const char *name, const char *mac);
bool facts_has_mac(const struct facts *f, const char *mac);

/* They say the same, but for what is another at each boot. */
bool facts_are_equal(const struct facts *a, const struct facts *b);
/* The same board: by serial where both have one, else by a permanent MAC that both have. */
bool facts_same_board(const struct facts *a, const struct facts *b);
/* The same card: by CID; two boards that have none have "the same". */
bool facts_same_card(const struct facts *a, const struct facts *b);

#endif
