/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conversation with the master's sshd: by address, known by the cluster's CA and nobody else.
 */
#include <string.h>

#include "join.h"
#include "mem.h"
#include "rootfs.h"
#include "run.h"
#include "settings.h"
#include "validate.h"

#define KNOWN_HOSTS JOIN_DIR "/known_hosts"

struct target {
	char *user, *address, *port;
};

static void target_done(struct target *t)
{
	free(t->user);
	free(t->address);
	free(t->port);
}
#define auto_target __attribute__((cleanup(target_done))) struct target

static bool split_target(const char *value, struct target *ret)
{
	const char *at = strchr(value, '@'), *colon = strrchr(value, ':');
	if (!at || !colon || colon < at)
		return false;
	ret->user = xstrndup(value, (size_t)(at - value));
	ret->address = xstrndup(at + 1, (size_t)(colon - at - 1));
	ret->port = xstrdup(colon + 1);
	return true;
}

int join_check_target(const char *value, struct err *e)
{
	auto_target t = {0};
	auto_err judged = ERR_INIT;
	uint32_t address;
	long long port;
	if (split_target(value, &t) && validate_username(t.user, &judged) == 0 &&
	    validate_ipv4(t.address, &address, &judged) == 0 &&
	    parse_number(t.port, 1, 65535, &port))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' should be 'USER@ADDRESS:PORT'", value);
}

static int write_known_hosts(const struct ctx *ctx, struct err *e)
{
	const struct settings *s = ctx->settings;
	autofree char *line = xasprintf("@cert-authority %s %s\n", s->register_name, s->host_ca);
	return root_replace(ctx, KNOWN_HOSTS, line, strlen(line), 0644, e);
}

int join_ssh(const struct ctx *ctx, const struct join_key *key, const struct str *line,
	     struct str *answer, struct err *e)
{
	auto_target t = {0};
	if (!split_target(ctx->settings->register_at, &t) || write_known_hosts(ctx, e) < 0)
		return -1;
	autofree char *key_path = root_path(ctx, key->path), *hosts = root_path(ctx, KNOWN_HOSTS);
	autofree char *known = xasprintf("UserKnownHostsFile=\"%s\"", hosts);
	autofree char *shown = xasprintf("PubkeyAcceptedAlgorithms=%s", key->algorithm);
	autofree char *alias = xasprintf("HostKeyAlias=%s", ctx->settings->register_name);
	/* clang-format off */
	const char *const argv[] = {
		"ssh", "-T", "-F", "/dev/null", "-i", key_path, "-p", t.port, "-l", t.user,
		"-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "IgnoreUnknown=PubkeyAcceptedAlgorithms", "-o", shown, /* since 8.5 */
		"-o", "StrictHostKeyChecking=yes", "-o", known, "-o", "GlobalKnownHostsFile=/dev/null",
		"-o", alias, "-o", "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com",
		"-o", "UpdateHostKeys=no", "-o", "LogLevel=ERROR",
		"-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3",
		t.address, NULL};
	/* clang-format on */
	/* To read openssl.cnf is a third of its start, and ssh has no use for it. */
	static const char *const env[] = {"OPENSSL_CONF=/dev/null", NULL};
	const struct run r = {.argv = argv,
			      .env = env,
			      .input = line->data,
			      .input_len = line->len,
			      .output = answer};
	if (run(&r, e) >= 0)
		return 0;
	return err_wrap(e, "the master, %s port %s, does not answer", t.address, t.port);
}

/*
 * "kex_exchange_identification: Connection closed by remote host", "Connection reset by 10.0.0.1
 * port 2222".  A refusal ("Permission denied", another host key) is none: it will not be otherwise
 * soon.
 */
bool join_was_dropped(const struct err *why)
{
	static const char *const said[] = {"Connection closed by", "Connection reset by"};
	if (!why->msg || !strstr(why->msg, "ssh: exit code 255"))
		return false;
	return strstr(why->msg, said[0]) || strstr(why->msg, said[1]);
}
