/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keygen.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "rootfs.h"
#include "run.h"

/* A key on its way: names in the directory that is open as dir. */
struct making {
	const struct ctx *ctx;
	const struct keygen *k;
	int dir;
	char *public, *temp, *temp_public;
};

static void making_done(struct making *m)
{
	free(m->public);
	free(m->temp);
	free(m->temp_public);
}

static int flush(const struct making *m, const char *name, mode_t mode, struct err *e)
{
	autoclose int fd = openat(m->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s%s/%s: cannot flush", m->ctx->root, m->k->dir,
				 name);
	return 0;
}

static int rename_key(const struct making *m, const char *from, const char *to, struct err *e)
{
	if (renameat(m->dir, from, m->dir, to) == 0 && fsync(m->dir) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s%s/%s: cannot rename to '%s'", m->ctx->root, m->k->dir,
			 from, to);
}

/* The path goes through our own descriptor: a symlink of the root cannot lead out of it. */
static int generate(const struct making *m, struct err *e)
{
	autofree char *path = xasprintf("/proc/%ld/fd/%d/%s", (long)getpid(), m->dir, m->temp);
	if (run_argv(e, "ssh-keygen", "-q", "-t", m->k->kind, "-N", "", "-C", m->k->comment, "-f",
		     path, NULL) < 0)
		return err_wrap(e, "%s%s/%s", m->ctx->root, m->k->dir, m->k->name);
	return 0;
}

static void remove_temporary(const struct making *m)
{
	unlinkat(m->dir, m->temp, 0);
	unlinkat(m->dir, m->temp_public, 0);
}

int keygen_make(const struct ctx *ctx, const struct keygen *k, struct err *e)
{
	autoclose int dir = root_open(ctx, k->dir, O_RDONLY | O_DIRECTORY, 0, e);
	if (dir < 0)
		return -1;
	__attribute__((cleanup(making_done))) struct making m = {
		.ctx = ctx,
		.k = k,
		.dir = dir,
		.public = xasprintf("%s.pub", k->name),
		.temp = xasprintf(".%s" ROOT_TEMP_SUFFIX, k->name),
		.temp_public = xasprintf(".%s" ROOT_TEMP_SUFFIX ".pub", k->name)};
	remove_temporary(&m);
	if (generate(&m, e) < 0 || flush(&m, m.temp, 0600, e) < 0 ||
	    flush(&m, m.temp_public, 0644, e) < 0 ||
	    rename_key(&m, m.temp_public, m.public, e) < 0 ||
	    rename_key(&m, m.temp, k->name, e) < 0) {
		remove_temporary(&m);
		return -1;
	}
	return 0;
}
