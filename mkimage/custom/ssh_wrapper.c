/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP wrappers: an old image may deny everybody in /etc/hosts.deny; the first rule that fits wins,
 * and those of /etc/hosts.allow are asked first, hosts_access(5).
 */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "ssh.h"
#include "text.h"
#include "validate.h"

#define ALLOW "/etc/hosts.allow"
#define DENY "/etc/hosts.deny"

bool ssh_wrapper_denies(const char *hosts_deny, const char *daemon)
{
	auto_strv lines = {0};
	strv_split(&lines, hosts_deny, "\n");
	strv_foreach (line, &lines) {
		auto_strv words = {0};
		if (**line == '#')
			continue;
		autofree char *daemons = xstrndup(*line, strcspn(*line, ":"));
		strv_split(&words, daemons, " \t\r,");
		if (strv_has(&words, "ALL") || strv_has(&words, daemon))
			return true;
	}
	return false;
}

/* "10.0.0.0/255.255.255.0", owned. */
static int network_of(const struct node *n, char **ret, struct err *e)
{
	uint32_t address;
	if (validate_ipv4(n->address, &address, e) < 0)
		return -1;
	uint32_t mask = n->prefix ? UINT32_MAX << (32 - n->prefix) : 0;
	uint32_t net = address & mask;
	*ret = xasprintf("%u.%u.%u.%u/%u.%u.%u.%u", net >> 24, net >> 16 & 255, net >> 8 & 255,
			 net & 255, mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
	return 0;
}

static int add_networks(const struct member *m, struct strv *out, struct err *e)
{
	for (size_t i = 0; i < m->n_nodes; i++) {
		autofree char *net = NULL;
		if (!m->nodes[i].address)
			continue;
		if (network_of(&m->nodes[i], &net, e) < 0)
			return -1;
		if (!strv_has(out, net))
			strv_add(out, net);
	}
	return 0;
}

int ssh_plan_wrapper(struct plan_ctx *ctx, struct err *e)
{
	auto_str deny = STR_INIT, allow = STR_INIT, body = STR_INIT, out = STR_INIT;
	auto_strv nets = {0};
	if (text_read_optional(ctx, DENY, &deny, e) < 0 ||
	    text_read_optional(ctx, ALLOW, &allow, e) < 0)
		return -1;
	if (!ssh_wrapper_denies(str_text(&deny), "sshd"))
		return 0;
	for (size_t i = 0; i < ctx->cluster->n_members; i++) {
		if (add_networks(&ctx->cluster->members[i], &nets, e) < 0)
			return -1;
	}
	str_puts(&body, "sshd: 127.0.0.1");
	strv_foreach (net, &nets)
		str_printf(&body, " %s", *net);
	str_puts(&body, "\n");
	plan_note(ctx,
		  DENY " of this image keeps hosts out, and its sshd obeys: only the network of "
		       "the cluster is let in, by a rule in " ALLOW);
	block_set_first(&out, str_text(&allow), SSH_BLOCK, str_text(&body));
	return plan_write(ctx, ALLOW, str_text(&out), out.len, ATTR_KEEP,
			  "ssh between the nodes, which " DENY " forbids", e);
}
