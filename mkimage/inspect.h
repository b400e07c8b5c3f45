/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_INSPECT_H
#define MKIMAGE_INSPECT_H

/* What an image says of itself, found by the content of its files. */

#include "image.h"

struct inspect_user {
	char *name;
	uint32_t uid;
	const char *sudo; /* "nopasswd", "password", "none" */
};

/* NULL, or no users: the image does not say. */
struct inspect {
	char *system, *id, *version; /* PRETTY_NAME, ID and VERSION_ID of os-release(5) */
	char *architecture;	     /* as Debian calls it: "arm64" */
	char *network;		     /* what brings it up: "NetworkManager" */
	char *hostname;
	char *cluster;		    /* of the cluster that mkimage made it for */
	size_t nodes;		    /* planned in it */
	struct inspect_user *users; /* people: UID 1000 to 59999, in the order of /etc/passwd */
	size_t n_users;
};

/* A failure leaves out what could not be read; the rest is in *ret, and e is the first reason. */
int inspect_image(struct image *i, struct inspect *ret, struct err *e) must_check;
void inspect_done(struct inspect *r);

/* ---- inspect_text.c: the same of the bytes of one file ---- */

/* What an ELF program is made for; NULL when the bytes are not the head of one; owned. */
char *elf_architecture(const void *data, size_t len);
/* The cluster's name in the ssh_known_hosts that mkimage wrote; NULL: it did not; owned. */
char *known_hosts_cluster(const char *text, size_t *ret_nodes);

#endif
