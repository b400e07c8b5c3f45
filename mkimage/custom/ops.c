/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the master's nodectl looks at a node, and asks it to switch itself off: by ssh, as a user who
 * gets one small program and nothing else, with a key of the cluster that the master alone has.
 */
#include <string.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "nodectl.h"
#include "overlay.h"
#include "ssh.h"
#include "system_user.h"
#include "systemd.h"
#include "text.h"

#define OPS_KEY "keys/ops"
#define OPS_USER "cardstock-ops"
#define PROGRAM "/usr/lib/cardstock/ops" /* as overlays/ops has it */
#define AUTHORIZED "/etc/cardstock/ops_authorized"
#define PRIVATE "/etc/cardstock/ops_key"
#define DROP_IN "20-cardstock-ops.conf"
#define BLOCK "ops"
#define WHY "nodectl on the master looks at its nodes"

static const struct system_user user = {
	.name = OPS_USER,
	.gecos = "Looks at this node",
	.home = "/",
	.why = WHY,
};

static const char *const units[] = {"cardstock-poweroff.path", "cardstock-reboot.path"};

/*
 * He is let in, however narrow sshd's settings are for people; and gets no more than the key's
 * options allow, however wide they are.
 */
static const char sshd_settings[] = "Match User " OPS_USER "\n"
				    "\tAllowUsers " OPS_USER "\n"
				    "\tAllowGroups " OPS_USER "\n"
				    "\tAuthenticationMethods publickey\n"
				    "\tAuthorizedKeysFile " AUTHORIZED "\n"
				    "\tAuthorizedKeysCommand none\n"
				    "\tTrustedUserCAKeys none\n"
				    "\tAllowTcpForwarding no\n"
				    "\tAllowStreamLocalForwarding no\n"
				    "\tAllowAgentForwarding no\n"
				    "\tX11Forwarding no\n"
				    "\tPermitTunnel no\n"
				    "\tPermitTTY no\n"
				    "\tForceCommand " PROGRAM "\n";

/* What else is in a known_hosts of root's is not asked, so nobody can have put a key there. */
static const char ssh_settings[] = "Match user " OPS_USER "\n"
				   "\tIdentityFile " PRIVATE "\n"
				   "\tIdentitiesOnly yes\n"
				   "\tBatchMode yes\n"
				   "\tStrictHostKeyChecking yes\n"
				   "\tUserKnownHostsFile /dev/null\n"
				   "\tForwardAgent no\n"
				   "\tForwardX11 no\n"
				   "\tClearAllForwardings yes\n";

/* ---- who has what ---- */

/* 1: of this role is the master, and its image can have the registry. */
static int is_master(struct plan_ctx *ctx, struct err *e)
{
	return profile_next(ctx->profile, "nodectl", NULL) ? nodectl_is_here(ctx, e) : 0;
}

/* The nodes of this role register, so the master knows them. */
static bool registers(const struct profile *p, const struct cluster *c)
{
	const struct member *m = cluster_member(c, profile_str(p, "role"));
	return m && cluster_has_card(c, &m->nodes[0]);
}

/* *ret NULL: nothing is in the way. */
static int find_obstacle(struct plan_ctx *ctx, const char **ret, struct err *e)
{
	struct sshd d = {0};
	int systemd = systemd_present(ctx, e);
	int server = systemd < 0 ? -1 : plan_exists(ctx, SSH_DIR "/sshd_config", e);
	if (server < 0 || ssh_find_daemon(ctx, &d, e) < 0)
		return -1;
	*ret = !systemd			      ? "systemd"
	       : !server || !d.knows_restrict ? "openssh-server, 7.2 or later"
					      : NULL;
	return 0;
}

/* ---- its files ---- */

static int plan_authorized(struct plan_ctx *ctx, struct err *e)
{
	auto_str key = STR_INIT;
	if (cluster_read(ctx->cluster, OPS_KEY ".pub", &key, e) < 0)
		return -1;
	autofree char *line = xasprintf("restrict,command=\"" PROGRAM "\" %s", str_text(&key));
	return plan_write_text(ctx, AUTHORIZED, line, ATTR_ROOT(0644), WHY, e);
}

/* The last block of the main file, or a file of its own. */
static int plan_sshd(struct plan_ctx *ctx, struct err *e)
{
	auto_str config = STR_INIT, out = STR_INIT;
	if (text_read(ctx, SSH_DIR "/sshd_config", &config, e) < 0)
		return -1;
	if (ssh_includes(str_text(&config), "sshd_config.d"))
		return plan_write_text(ctx, SSH_DIR "/sshd_config.d/" DROP_IN, sshd_settings,
				       ATTR_ROOT(0644), WHY, e);
	block_set(&out, str_text(&config), BLOCK, sshd_settings);
	return plan_write(ctx, SSH_DIR "/sshd_config", str_text(&out), out.len, ATTR_KEEP, WHY, e);
}

static int plan_looked_at(struct plan_ctx *ctx, struct err *e)
{
	struct loc loc = profile_get(ctx->profile, "role")->loc;
	if (system_user_plan(ctx, &user, e) < 0 || overlay_plan_named(ctx, "ops", loc, e) < 0 ||
	    plan_authorized(ctx, e) < 0 || plan_sshd(ctx, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t links;
		if (systemd_install(ctx, units[i], WHY, &links, e) < 0)
			return -1;
	}
	return 0;
}

static int plan_ssh(struct plan_ctx *ctx, struct err *e)
{
	auto_str config = STR_INIT, text = STR_INIT, out = STR_INIT;
	int there = text_read_optional(ctx, SSH_DIR "/ssh_config", &config, e);
	if (there < 0)
		return -1;
	if (!there || ssh_includes(str_text(&config), "ssh_config.d"))
		return plan_write_text(ctx, SSH_DIR "/ssh_config.d/" DROP_IN, ssh_settings,
				       ATTR_ROOT(0644), WHY, e);
	/* What follows the block is for everybody again. */
	str_printf(&text, "%sHost *\n", ssh_settings);
	block_set_first(&out, str_text(&config), BLOCK, str_text(&text));
	return plan_write(ctx, SSH_DIR "/ssh_config", str_text(&out), out.len, ATTR_KEEP, WHY, e);
}

static int plan_master(struct plan_ctx *ctx, struct err *e)
{
	auto_str key = STR_SECRET;
	if (cluster_read(ctx->cluster, OPS_KEY, &key, e) < 0 ||
	    plan_write_secret(ctx, PRIVATE, str_text(&key), key.len, ATTR_ROOT(0600), WHY, e) < 0)
		return -1;
	return plan_ssh(ctx, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const char *obstacle;
	int master = is_master(ctx, e);
	if (master < 0 || (!master && !registers(ctx->profile, ctx->cluster)))
		return master;
	if ((master && plan_master(ctx, e) < 0) || find_obstacle(ctx, &obstacle, e) < 0)
		return -1;
	if (!obstacle)
		return plan_looked_at(ctx, e);
	plan_note(
		ctx,
		"nodectl on the master cannot look at these nodes, or switch them off: that takes "
		"%s, which this image lacks",
		obstacle);
	return 0;
}

static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	struct loc loc = profile_get(p, "role")->loc;
	bool looked_at = profile_next(p, "nodectl", NULL) || registers(p, c);
	return looked_at ? overlay_want(p, "ops", loc, ret, e) : 0;
}

static int prepare(const struct profile *p, const struct cluster *c, struct err *e)
{
	autofree char *comment = xasprintf("ops@%s", c->name);
	(void)p;
	return cluster_registry(c) ? cluster_make_key(c, OPS_KEY, comment, e) : 0;
}

const struct custom custom_ops = {
	.name = "ops",
	.help = "the master's nodectl looks at the nodes, and switches them off, by a key of its "
		"own",
	.want = want,
	.prepare = prepare,
	.plan = plan,
};
