/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SERVER_H
#define MKIMAGE_CUSTOM_SERVER_H

/* The key `from` of a service: which node of the cluster, or who outside, is the server. */

#include "plan.h"

/* A role, the hostname of a node, or an IPv4 address: the check of such a key. */
int server_check(const char *text, struct err *e) must_check;
/*
 * The node that the value names, which has a planned address; *ret NULL: it is the address of a
 * server outside the cluster.  An unknown name, a role of several nodes, are errors at its line.
 */
int server_find(const struct cluster *c, const struct value *from, const struct node **ret,
		struct err *e) must_check;
/* This node, or in the role's stage the role's only node, is the server; NULL never is. */
bool server_is_here(const struct plan_ctx *ctx, const struct node *server);
/* The server is one of several nodes of this role: only the node's stage can tell which. */
bool server_is_peer(const struct plan_ctx *ctx, const struct node *server);
/* The address is in the network of a planned node of this role; a name never is. */
bool server_is_near(const struct plan_ctx *ctx, const char *host);
/* The networks of all planned nodes ("10.0.0.0/24"), each once: whom a server serves. */
void server_networks(const struct cluster *c, struct strv *ret);

#endif
