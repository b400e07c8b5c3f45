/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ssh to and between the nodes: a host key signed by the cluster's CA, so that nobody is asked to
 * trust a key, and sshd on at boot.
 */
#include <string.h>
#include <strings.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "systemd.h"
#include "text.h"

#define CONFIG "/etc/ssh/sshd_config"
#define DROP_IN "/etc/ssh/sshd_config.d/10-cardstock.conf"
#define KNOWN_HOSTS "/etc/ssh/ssh_known_hosts"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"
#define BLOCK "ssh"

static const struct key keys[] = {
	{.name = "ssh-passwords",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "let sshd accept passwords; keys are accepted always"},
	{.name = NULL},
};

/* KbdInteractiveAuthentication: with PAM it asks for the same password under another name. */
static void sshd_settings(struct plan_ctx *ctx, struct str *out)
{
	const char *passwords = profile_bool(ctx->profile, "ssh-passwords") ? "yes" : "no";
	str_printf(out,
		   "HostKey " HOST_KEY "\n"
		   "HostCertificate " HOST_KEY "-cert.pub\n"
		   "PasswordAuthentication %s\n"
		   "KbdInteractiveAuthentication %s\n",
		   passwords, passwords);
}

/* First word of a line of sshd_config and what follows it; false for blanks and comments. */
static bool split_setting(char *line, const char **ret_word, const char **ret_rest)
{
	line += strspn(line, " \t\r");
	if (!*line || *line == '#')
		return false;
	size_t len = strcspn(line, " \t\r=");
	*ret_word = line;
	*ret_rest = line[len] ? line + len + 1 : "";
	line[len] = '\0';
	return true;
}

/*
 * True when the main file includes the directory before it says anything that the drop-in wants to
 * say: in sshd_config(5) the first value wins, and Match blocks reach to the end.
 */
static bool drop_in_rules(const char *config)
{
	static const char *const ours[] = {"PasswordAuthentication", "KbdInteractiveAuthentication",
					   "ChallengeResponseAuthentication", "Match"};
	auto_strv lines = {0};
	strv_split(&lines, config, "\n");
	strv_foreach (line, &lines) {
		const char *word, *rest;
		if (!split_setting(*line, &word, &rest))
			continue;
		if (strcasecmp(word, "Include") == 0 && strstr(rest, "sshd_config.d/*.conf"))
			return true;
		for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
			if (strcasecmp(word, ours[i]) == 0)
				return false;
		}
	}
	return false;
}

/* Old sshd has no Include: the settings go to the top of its one file. */
static int plan_main_file(struct plan_ctx *ctx, const char *config, const char *settings,
			  struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	if (!strstr(config, "# BEGIN cardstock " BLOCK "\n"))
		str_puts(&text, "# BEGIN cardstock " BLOCK "\n# END cardstock " BLOCK "\n");
	str_puts(&text, config);
	block_set(&out, str_text(&text), BLOCK, settings);
	return plan_write(ctx, CONFIG, str_text(&out), out.len, ATTR_KEEP,
			  "the node's signed host key", e);
}

static int plan_sshd(struct plan_ctx *ctx, const char *config, struct err *e)
{
	auto_str settings = STR_INIT;
	sshd_settings(ctx, &settings);
	if (!drop_in_rules(config))
		return plan_main_file(ctx, config, str_text(&settings), e);
	return plan_write_text(ctx, DROP_IN, str_text(&settings), ATTR_ROOT(0644),
			       "the node's signed host key", e);
}

/* Raspberry Pi OS: a file `ssh` in the boot partition asks for sshd. */
static int plan_switch(struct plan_ctx *ctx, struct err *e)
{
	autofree char *unit = NULL;
	struct fs_stat st;
	if (systemd_unit_path(ctx, "sshswitch.service", &unit, e) < 0)
		return -1;
	if (!unit)
		return 0;
	if (plan_stat(ctx, "/boot/firmware", &st, e) < 0)
		return -1;
	return plan_write_text(ctx, st.type == FILE_DIR ? "/boot/firmware/ssh" : "/boot/ssh", "",
			       ATTR_KEEP, "sshd on, as Raspberry Pi OS wants to be asked", e);
}

/* Debian's unit is ssh, others' sshd; Ubuntu's socket starts the service when someone calls. */
static int plan_boot(struct plan_ctx *ctx, struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service"};
	int socket = systemd_is_wanted(ctx, "ssh.socket", "sockets.target", e);
	if (socket)
		return socket < 0 ? -1 : 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *unit = NULL;
		if (systemd_unit_path(ctx, units[i], &unit, e) < 0)
			return -1;
		if (unit)
			return systemd_enable(ctx, units[i], "multi-user.target", "sshd on at boot",
					      e);
	}
	plan_note(ctx, "sshd is not switched on: this image has no systemd unit for it");
	return 0;
}

static int plan_known_hosts(struct plan_ctx *ctx, struct err *e)
{
	auto_str body = STR_INIT, old = STR_INIT, text = STR_INIT;
	if (cluster_known_hosts(ctx->cluster, &body, e) < 0 ||
	    text_read_optional(ctx, KNOWN_HOSTS, &old, e) < 0)
		return -1;
	block_set(&text, str_text(&old), BLOCK, str_text(&body));
	return plan_write(ctx, KNOWN_HOSTS, str_text(&text), text.len, ATTR_KEEP,
			  "the cluster's CA vouches for every node", e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	auto_str config = STR_INIT;
	int server = text_read_optional(ctx, CONFIG, &config, e);
	if (server < 0 || plan_known_hosts(ctx, e) < 0)
		return -1;
	if (!server) {
		plan_note(ctx, "openssh-server is not in this image: no ssh to these nodes");
		return 0;
	}
	if (plan_sshd(ctx, str_text(&config), e) < 0 || plan_boot(ctx, e) < 0)
		return -1;
	return plan_switch(ctx, e);
}

struct key_file {
	const char *suffix;
	uint32_t mode;
};

static int plan_key_file(struct plan_ctx *ctx, const struct key_file *f, struct err *e)
{
	autofree char *from = xasprintf("nodes/%s/ssh_host_ed25519_key%s", ctx->node->hostname,
					f->suffix);
	autofree char *to = xasprintf(HOST_KEY "%s", f->suffix);
	auto_str text = STR_INIT;
	if (cluster_read(ctx->cluster, from, &text, e) < 0)
		return -1;
	struct attr attr = ATTR_ROOT(f->mode);
	if (*f->suffix)
		return plan_write(ctx, to, str_text(&text), text.len, attr, "ssh host key", e);
	return plan_write_secret(ctx, to, str_text(&text), text.len, attr, "ssh host key", e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	static const struct key_file files[] = {{"", 0600}, {".pub", 0644}, {"-cert.pub", 0644}};
	int server = plan_exists(ctx, CONFIG, e);
	for (size_t i = 0; server > 0 && i < sizeof(files) / sizeof(*files); i++) {
		if (plan_key_file(ctx, &files[i], e) < 0)
			return -1;
	}
	return server < 0 ? -1 : 0;
}

const struct custom custom_ssh = {
	.name = "ssh",
	.help = "sshd on at boot, host keys signed by the cluster",
	.keys = keys,
	.plan = plan,
	.plan_node = plan_node,
};
