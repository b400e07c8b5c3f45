/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The host key of sshd, where mkimage has not put one that the cluster's authority signed.  It is
 * made under a temporary name and renamed, the private key last: where that is, all of it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "mem.h"
#include "rootfs.h"
#include "run.h"
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

/* A key on its way: names in the directory that is open as dir. */
struct making {
	const struct ctx *ctx;
	int dir;
	char *name, *public, *temp, *temp_public;
};

static void making_init(struct making *m, const struct ctx *ctx, int dir, const char *kind)
{
	m->ctx = ctx;
	m->dir = dir;
	m->name = xasprintf("ssh_host_%s_key", kind);
	m->public = xasprintf("%s.pub", m->name);
	m->temp = xasprintf(".%s" ROOT_TEMP_SUFFIX, m->name);
	m->temp_public = xasprintf("%s.pub", m->temp);
}

static void making_done(struct making *m)
{
	free(m->name);
	free(m->public);
	free(m->temp);
	free(m->temp_public);
}

#define auto_making __attribute__((cleanup(making_done))) struct making

static int flush(const struct making *m, const char *name, mode_t mode, struct err *e)
{
	autoclose int fd = openat(m->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s" SSH_DIR "/%s: cannot flush", m->ctx->root,
				 name);
	return 0;
}

static int rename_key(const struct making *m, const char *from, const char *to, struct err *e)
{
	if (renameat(m->dir, from, m->dir, to) == 0 && fsync(m->dir) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s" SSH_DIR "/%s: cannot rename to '%s'", m->ctx->root,
			 from, to);
}

/* The path goes through our own descriptor: a symlink of the root cannot lead out of it. */
static int generate(const struct making *m, const char *kind, struct err *e)
{
	const char *host = m->ctx->settings->hostname;
	autofree char *comment = xasprintf("root@%s", host ? host : "localhost");
	autofree char *path = xasprintf("/proc/%ld/fd/%d/%s", (long)getpid(), m->dir, m->temp);
	if (run_argv(e, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", path, NULL) <
	    0)
		return err_wrap(e, "%s" SSH_DIR "/%s", m->ctx->root, m->name);
	return 0;
}

static int make_key(const struct ctx *ctx, int dir, const char *kind, struct err *e)
{
	auto_making m = {0};
	making_init(&m, ctx, dir, kind);
	unlinkat(dir, m.temp, 0);
	unlinkat(dir, m.temp_public, 0);
	if (generate(&m, kind, e) < 0 || flush(&m, m.temp, 0600, e) < 0 ||
	    flush(&m, m.temp_public, 0644, e) < 0 ||
	    rename_key(&m, m.temp_public, m.public, e) < 0 ||
	    rename_key(&m, m.temp, m.name, e) < 0) {
		unlinkat(dir, m.temp, 0);
		unlinkat(dir, m.temp_public, 0);
		return -1;
	}
	return 0;
}

static int make_any(const struct ctx *ctx, const char **ret_kind, struct err *e)
{
	autoclose int dir = root_open(ctx, SSH_DIR, O_RDONLY | O_DIRECTORY, 0, e);
	if (dir < 0)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		err_done(e);
		*ret_kind = kinds[i];
		if (make_key(ctx, dir, kinds[i], e) == 0)
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
