/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The node's name, and /etc/hosts with every planned node of the cluster. */
#include <string.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "overlay.h"
#include "text.h"

#define HOSTNAME "/etc/hostname"
#define HOSTS "/etc/hosts"
#define UCI_SYSTEM "/etc/config/system"
#define HOSTS_NEW                \
	"127.0.0.1\tlocalhost\n" \
	"::1\t\tlocalhost ip6-localhost ip6-loopback\n"

/* text with the block of all planned nodes. */
static void set_nodes(const struct cluster *c, struct str *out, const char *text)
{
	auto_str body = STR_INIT;
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			const struct node *n = &m->nodes[j];
			if (n->address)
				str_printf(&body, "%s\t%s %s.%s\n", n->address, n->hostname,
					   n->hostname, c->name);
		}
	}
	block_set(out, text, "hosts", str_text(&body));
}

static int read_hosts(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	int found = text_read_optional(ctx, HOSTS, out, e);
	if (!found)
		str_puts(out, HOSTS_NEW);
	return found;
}

/* OpenWrt takes the name from uci's file, which some images make at their first boot only. */
static int note_openwrt(struct plan_ctx *ctx, struct err *e)
{
	autofree char *overlay = NULL;
	int release = plan_exists(ctx, "/etc/openwrt_release", e);
	int found = release ? release : plan_exists(ctx, UCI_SYSTEM, e);
	if (found <= 0)
		return found;
	if (overlay_find_file(ctx, UCI_SYSTEM, &overlay, e) < 0)
		return -1;
	if (!overlay)
		plan_note(ctx,
			  "the nodes do not get their names: OpenWrt has its own in " UCI_SYSTEM
			  ", which mkimage does not write; bring that file by an overlay, as a "
			  "template with: option hostname '${hostname}'");
	return 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	if (note_openwrt(ctx, e) < 0 || read_hosts(ctx, &old, e) < 0)
		return -1;
	set_nodes(ctx->cluster, &text, str_text(&old));
	return plan_write(ctx, HOSTS, str_text(&text), text.len, ATTR_KEEP,
			  "the planned nodes of the cluster", e);
}

/* The name that the image came with, its first word; owned. */
static int read_old_name(struct plan_ctx *ctx, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, HOSTNAME, &text, e) < 0)
		return -1;
	*ret = xstrndup(str_text(&text), strcspn(str_text(&text), " \t\r\n"));
	return 0;
}

static int plan_self(struct plan_ctx *ctx, const char *old_name, struct err *e)
{
	const struct node *n = ctx->node;
	auto_str text = STR_INIT, nodes = STR_INIT, out = STR_INIT;
	if (read_hosts(ctx, &text, e) < 0)
		return -1;
	/* The block again: a template of an overlay may have replaced the file for this node. */
	set_nodes(ctx->cluster, &nodes, str_text(&text));
	hosts_rename_self(&out, str_text(&nodes), old_name, n->hostname, !n->address);
	return plan_write(ctx, HOSTS, str_text(&out), out.len, ATTR_KEEP, "the node's own name", e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	autofree char *old_name = NULL;
	autofree char *name = xasprintf("%s\n", ctx->node->hostname);
	if (read_old_name(ctx, &old_name, e) < 0 ||
	    plan_write_text(ctx, HOSTNAME, name, ATTR_KEEP, "the node's name", e) < 0)
		return -1;
	return plan_self(ctx, old_name, e);
}

const struct custom custom_hostname = {
	.name = "hostname",
	.help = "the node's name, and /etc/hosts for the whole cluster",
	.plan = plan,
	.plan_node = plan_node,
};
