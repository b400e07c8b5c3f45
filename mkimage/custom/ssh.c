/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ssh to and between the nodes: a host key signed by the cluster's CA, so that nobody is asked to
 * trust a key, and sshd on at boot.
 */
#include <string.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "ssh.h"
#include "text.h"

#define CONFIG SSH_DIR "/sshd_config"
#define KNOWN_HOSTS SSH_DIR "/ssh_known_hosts"

static const struct key keys[] = {
	{.name = "ssh-passwords",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "let sshd accept passwords; keys are accepted always"},
	{.name = "ssh-root",
	 .type = KEY_STRING,
	 .fallback = "key",
	 .help = "may root log in by ssh: with a key that you put there, or not at all",
	 .allowed = "key|no"},
	{.name = NULL},
};

static int plan_known_hosts(struct plan_ctx *ctx, const char *block, const struct str *body,
			    const char *why, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	if (text_read_optional(ctx, KNOWN_HOSTS, &old, e) < 0)
		return -1;
	block_set(&text, str_text(&old), block, str_text(body));
	return plan_write(ctx, KNOWN_HOSTS, str_text(&text), text.len, ATTR_KEEP, why, e);
}

static int plan_authority(struct plan_ctx *ctx, struct err *e)
{
	auto_str body = STR_INIT;
	if (cluster_known_hosts(ctx->cluster, &body, e) < 0)
		return -1;
	return plan_known_hosts(ctx, SSH_BLOCK, &body, "the cluster's CA vouches for every node",
				e);
}

static int plan_daemon(struct plan_ctx *ctx, const char *config, struct err *e)
{
	struct sshd d;
	if (ssh_find_daemon(ctx, &d, e) < 0 || ssh_plan_settings(ctx, &d, config, e) < 0 ||
	    ssh_plan_boot(ctx, e) < 0)
		return -1;
	if (d.has_tcp_wrapper && ssh_plan_wrapper(ctx, e) < 0)
		return -1;
	if (!d.is_old)
		return ssh_plan_stock_keys(ctx, e);
	plan_note(ctx, "sshd of this image is older than OpenSSH 6.5 and cannot use the signed "
		       "host key of the node: it keeps its own, and ssh to it will ask");
	return 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	auto_str config = STR_INIT;
	int server = text_read_optional(ctx, CONFIG, &config, e);
	if (server < 0 || plan_authority(ctx, e) < 0 || ssh_plan_client(ctx, e) < 0)
		return -1;
	if (server)
		return plan_daemon(ctx, str_text(&config), e);
	plan_note(ctx, "openssh-server is not in this image: no ssh to these nodes");
	return 0;
}

struct key_file {
	const char *suffix;
	uint32_t mode;
};

static int plan_key_file(struct plan_ctx *ctx, const struct key_file *f, struct err *e)
{
	autofree char *from = xasprintf("nodes/%s/ssh_host_ed25519_key%s", ctx->node->hostname,
					f->suffix);
	autofree char *to = xasprintf(SSH_HOST_KEY "%s", f->suffix);
	auto_str text = STR_SECRET;
	if (cluster_read(ctx->cluster, from, &text, e) < 0)
		return -1;
	struct attr attr = ATTR_ROOT(f->mode);
	if (*f->suffix)
		return plan_write(ctx, to, str_text(&text), text.len, attr, "ssh host key", e);
	return plan_write_secret(ctx, to, str_text(&text), text.len, attr, "ssh host key", e);
}

/* No certificate has the name that every node gives itself. */
static int plan_localhost(struct plan_ctx *ctx, struct err *e)
{
	autofree char *from = xasprintf("nodes/%s/ssh_host_ed25519_key.pub", ctx->node->hostname);
	auto_str key = STR_INIT, body = STR_INIT;
	if (cluster_read(ctx->cluster, from, &key, e) < 0)
		return -1;
	str_printf(&body, "localhost,127.0.0.1,::1 %s", str_text(&key));
	return plan_known_hosts(ctx, "ssh-localhost", &body, "the node's own key, as localhost", e);
}

/* Each board makes its own: firstboot's step host-keys, where there is none. */
static int plan_no_key(struct plan_ctx *ctx, const struct key_file *f, struct err *e)
{
	autofree char *path = xasprintf(SSH_HOST_KEY "%s", f->suffix);
	return plan_remove(ctx, path, "each board makes its own host key", e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	static const struct key_file files[] = {{"", 0600}, {".pub", 0644}, {"-cert.pub", 0644}};
	bool unplanned = ctx->node->unplanned;
	int server = plan_exists(ctx, CONFIG, e);
	for (size_t i = 0; server > 0 && i < sizeof(files) / sizeof(*files); i++) {
		if ((unplanned ? plan_no_key : plan_key_file)(ctx, &files[i], e) < 0)
			return -1;
	}
	return server > 0 && !unplanned ? plan_localhost(ctx, e) : server < 0 ? -1 : 0;
}

const struct custom custom_ssh = {
	.name = "ssh",
	.help = "sshd on at boot, host keys signed by the cluster",
	.keys = keys,
	.plan = plan,
	.plan_node = plan_node,
};
