/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ssh from node to node: the cluster's CA is known, so nobody is asked and nothing is trusted. */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "ssh.h"
#include "text.h"

#define CONFIG SSH_DIR "/ssh_config"
#define DROP_IN SSH_DIR "/ssh_config.d/10-cardstock.conf"
#define LINE_MAX_BYTES 800 /* old versions read lines of 1023 bytes */
#define WHY "nodes are known by the cluster's CA"

static void add_settings(struct str *out)
{
	str_puts(out, "\n\tStrictHostKeyChecking yes\n\tHashKnownHosts no\n\tCheckHostIP no\n");
}

/* A section for all nodes, or several, because lines have an end. */
static void format_hosts(const struct cluster *c, struct str *out)
{
	auto_strv names = {0};
	size_t used = 0;
	for (size_t i = 0; i < c->n_members; i++) {
		for (size_t j = 0; j < c->members[i].n_nodes; j++)
			cluster_node_names(c, &c->members[i].nodes[j], &names);
	}
	strv_foreach (name, &names) {
		if (used > LINE_MAX_BYTES) {
			add_settings(out);
			used = 0;
		}
		str_printf(out, "%s %s", used ? "" : "Host", *name);
		used += strlen(*name) + 1;
	}
	if (used)
		add_settings(out);
}

int ssh_plan_client(struct plan_ctx *ctx, struct err *e)
{
	auto_str config = STR_INIT, hosts = STR_INIT, out = STR_INIT;
	int found = text_read_optional(ctx, CONFIG, &config, e);
	if (found <= 0)
		return found;
	format_hosts(ctx->cluster, &hosts);
	if (ssh_includes(str_text(&config), "ssh_config.d"))
		return plan_write_text(ctx, DROP_IN, str_text(&hosts), ATTR_ROOT(0644), WHY, e);
	/* What follows the block is for all hosts again. */
	str_puts(&hosts, "Host *\n");
	block_set_first(&out, str_text(&config), SSH_BLOCK, str_text(&hosts));
	return plan_write(ctx, CONFIG, str_text(&out), out.len, ATTR_KEEP, WHY, e);
}
