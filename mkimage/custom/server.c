/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "pattern.h"
#include "server.h"
#include "validate.h"

static bool is_address(const char *text)
{
	uint32_t address;
	auto_err e = ERR_INIT;
	return validate_ipv4(text, &address, &e) == 0;
}

int server_check(const char *text, struct err *e)
{
	auto_err judged = ERR_INIT;
	if (is_address(text) || validate_hostname(text, &judged) == 0)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is no server: use a role, the hostname of a node, or the address of "
		       "a server outside the cluster",
		       text);
}

static const struct node *find_node(const struct cluster *c, const char *hostname)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			if (strcmp(m->nodes[j].hostname, hostname) == 0)
				return &m->nodes[j];
		}
	}
	return NULL;
}

/* The role's only node; NULL with *e filled. */
static const struct node *find_in_role(const struct member *m, const struct value *from,
				       struct err *e)
{
	if (m && m->n_nodes == 1)
		return &m->nodes[0];
	if (m)
		err_at(e, from->loc,
		       "role '%s' has %zu nodes: say which of them serves, such as '%s'", from->str,
		       m->n_nodes, m->n_nodes ? m->nodes[0].hostname : "master");
	else
		err_at(e, from->loc,
		       "'%s' is neither a role nor a node of the cluster; a server outside is "
		       "given by its address",
		       from->str);
	return NULL;
}

int server_find(const struct cluster *c, const struct value *from, const struct node **ret,
		struct err *e)
{
	const struct node *n = find_node(c, from->str);
	if (!n && is_address(from->str)) {
		*ret = NULL;
		return 0;
	}
	if (!n)
		n = find_in_role(cluster_member(c, from->str), from, e);
	if (!n)
		return -1;
	if (!n->address)
		return err_at(e, from->loc,
			      "'%s' has no planned address to be reached at; set the key address "
			      "in its profile",
			      n->hostname);
	*ret = n;
	return 0;
}

bool server_is_here(const struct plan_ctx *ctx, const struct node *server)
{
	if (!server)
		return false;
	if (ctx->node)
		return strcmp(server->hostname, ctx->node->hostname) == 0;
	return strcmp(server->role, profile_str(ctx->profile, "role")) == 0;
}

bool server_is_peer(const struct plan_ctx *ctx, const struct node *server)
{
	const char *role = profile_str(ctx->profile, "role");
	const struct member *own = cluster_member(ctx->cluster, role);
	return server && own && own->n_nodes > 1 && strcmp(server->role, role) == 0;
}

/* False: none is planned.  The profile's address was judged when the cluster was planned. */
static bool address_of(const struct node *n, struct address *ret)
{
	auto_err e = ERR_INIT;
	ret->prefix = n->prefix;
	return n->address && validate_ipv4(n->address, &ret->ip, &e) == 0;
}

bool server_is_near(const struct plan_ctx *ctx, const char *host)
{
	const struct member *own = cluster_member(ctx->cluster, profile_str(ctx->profile, "role"));
	struct address server, node;
	auto_err e = ERR_INIT;
	if (!own || validate_ipv4(host, &server.ip, &e) < 0)
		return false;
	for (size_t i = 0; i < own->n_nodes; i++) {
		if (!address_of(&own->nodes[i], &node))
			continue;
		server.prefix = node.prefix;
		if (address_network(server) == address_network(node))
			return true;
	}
	return false;
}

/* "10.0.0.0/24", owned; NULL: no address is planned. */
static char *network_of(const struct node *n)
{
	struct address a;
	if (!address_of(n, &a))
		return NULL;
	uint32_t network = address_network(a);
	return xasprintf("%u.%u.%u.%u/%u", network >> 24, (network >> 16) & 255,
			 (network >> 8) & 255, network & 255, a.prefix);
}

void server_networks(const struct cluster *c, struct strv *ret)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			autofree char *network = network_of(&m->nodes[j]);
			if (network && !strv_has(ret, network))
				strv_add(ret, network);
		}
	}
}
