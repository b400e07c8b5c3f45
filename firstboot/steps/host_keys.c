/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host key of sshd, where mkimage has not put one that the cluster's authority signed. */
#include <string.h>

#include "bus.h"
#include "keygen.h"
#include "mem.h"
#include "rootfs.h"
#include "settings.h"

#define SSH_DIR "/etc/ssh"
#define SSHD "/usr/sbin/sshd"

/* One is enough; the second is for an ssh-keygen that does not know the first (before 6.5). */
static const char *const kinds[] = {"ed25519", "rsa"};

static bool is_key_name(const char *name)
{
	return str_starts(name, "ssh_host_") && str_ends(name, "_key");
}

/* The names of private keys; one without content is what a power cut left of it. */
static int list_keys(const struct ctx *ctx, struct strv *ret, struct err *e)
{
	auto_strv names = {0};
	if (root_list(ctx, SSH_DIR, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(SSH_DIR, *name);
		struct stat st;
		int there = is_key_name(*name) ? root_stat(ctx, path, &st, e) : 0;
		if (there < 0)
			return -1;
		if (there && st.st_size > 0)
			strv_add(ret, *name);
	}
	return 0;
}

static int make_any(const struct ctx *ctx, const char **ret_kind, struct err *e)
{
	const char *host = ctx->settings->hostname;
	autofree char *comment = xasprintf("root@%s", host ? host : "localhost");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		autofree char *name = xasprintf("ssh_host_%s_key", kinds[i]);
		err_done(e);
		*ret_kind = kinds[i];
		if (keygen_make(ctx, &(struct keygen){SSH_DIR, name, kinds[i], comment}, e) == 0)
			return 0;
	}
	return -1;
}

/* sshd reads its keys when it starts; one that gave up for want of them starts again. */
static int restart_unit(struct bus *b, const char *unit, struct err *e)
{
	enum unit_state state;
	if (bus_unit_state(b, unit, &state, e) < 0)
		return -1;
	if (state == UNIT_ABSENT || state == UNIT_INACTIVE)
		return 0;
	if (state == UNIT_FAILED && bus_reset_failed_unit(b, unit, e) < 0)
		return -1;
	return bus_restart_unit(b, unit, e) < 0 ? -1 : 1;
}

static int restart_sshd(struct bus *b, struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service"};
	int done = 0;
	for (size_t i = 0; b && !done && i < sizeof(units) / sizeof(*units); i++)
		done = restart_unit(b, units[i], e);
	if (done < 0)
		return err_wrap(e, "the host key is made, but sshd has not read it; reboot");
	return 0;
}

static int make(struct ctx *ctx, struct str *message, struct err *e)
{
	const char *kind = kinds[0];
	if (!ctx->dry_run && (make_any(ctx, &kind, e) < 0 || restart_sshd(ctx->bus, e) < 0))
		return -1;
	str_printf(message, "a new host key (%s), which nobody signed", kind);
	return 1;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	auto_strv keys = {0};
	int sshd = root_exists(ctx, SSHD, e);
	if (sshd < 0 || list_keys(ctx, &keys, e) < 0)
		return -1;
	if (sshd && !keys.n)
		return make(ctx, message, e);
	autofree char *names = strv_join(&keys, ", ");
	str_printf(message, "%s", keys.n ? names : "there is no sshd");
	return 0;
}

const struct step step_host_keys = {
	.name = "host-keys",
	.help = "a host key for sshd, if the image brought none",
	.phase = PHASE_LOCAL,
	.run = run_step,
};
