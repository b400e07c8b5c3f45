/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

/*
 * Who sshd let in: the file that it names in SSH_USER_AUTH (ExposeAuthInfo of sshd_config(5)) has
 * the public key or the certificate whose owner proved to have the private key.
 *
 * mkimage signs a card's enrolment key with the cluster's enrolment CA.  The certificate's key id
 * is "node NAME" or, for a card that any board may use, "join ROLE"; its serial counts the issues,
 * from
 * 1.  sshd trusts that CA for nothing but this command.
 */

#include <stddef.h>

#include "err.h"

enum auth_kind {
	AUTH_KEY,  /* a plain key: one that a node announced */
	AUTH_NODE, /* certificate of the card of the node `name` */
	AUTH_JOIN, /* certificate of the cards for boards of the role `name` */
};

struct auth {
	enum auth_kind kind;
	char *public; /* "ssh-ed25519 BASE64" of the key, with or without certificate */
	char *name;   /* NULL for AUTH_KEY */
	long long serial;
};

/* Kind and name alone, of a certificate's key id. */
int auth_parse_key_id(const char *id, struct auth *a, struct err *e) must_check;
int auth_parse(const char *text, size_t len, struct auth *ret, struct err *e) must_check;
/* Read what SSH_USER_AUTH names; without that the command was not started by sshd. */
int auth_read(struct auth *ret, struct err *e) must_check;
void auth_done(struct auth *a);
#define auto_auth __attribute__((cleanup(auth_done))) struct auth

#endif
