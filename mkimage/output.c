/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "output.h"

static bool has_no_tmpfile(int error)
{
	return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

/* The locked descriptor still is what the name leads to: nobody renamed it away in between. */
static bool still_named(int fd, const char *path)
{
	struct stat held, named;
	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

/* A named file instead; the lock tells a file that is being written from one left behind. */
static int begin_partial(struct output *o, struct err *e)
{
	autofree char *name = xasprintf(".%s.partial", o->name);
	autofree char *partial = path_join(o->dir, name);
	autoclose int fd = open(partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", partial);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !still_named(fd, partial))
		return err_set(e, ERR_BUSY, "%s: another run is writing it; wait for its end",
			       partial);
	if (ftruncate(fd, 0) < 0 || fchmod(fd, 0600) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot empty", partial);
	o->fd = steal_fd(&fd);
	o->path = xstrdup(partial);
	o->partial = steal(&partial);
	return 0;
}

/* /dev/sdX above all: the name would become that of a file in memory. */
static int check_replaceable(const char *final, struct err *e)
{
	struct stat st;
	if (stat(final, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		return err_set(e, ERR_USAGE,
			       "%s: is a device, and would be replaced by a file; make an image, "
			       "then write it with 'mkimage write IMAGE %s'",
			       final, final);
	return err_set(e, ERR_USAGE,
		       "%s: is no file, so it is not replaced; choose another --output", final);
}

int output_check(const char *dir, const char *name, const char *base, struct err *e)
{
	autofree char *final = path_join(dir, name);
	struct stat there, from;
	if (check_replaceable(final, e) < 0)
		return -1;
	if (stat(final, &there) < 0 || stat(base, &from) < 0 || there.st_ino != from.st_ino ||
	    there.st_dev != from.st_dev)
		return 0;
	return err_set(
		e, ERR_USAGE,
		"%s: this is the base itself, and would be replaced; choose another --output",
		final);
}

int output_begin(const char *dir, const char *name, struct output *ret, struct err *e)
{
	if (io_mkdirs(dir, 0755, e) < 0)
		return -1;
	*ret = (struct output){.fd = -1, .dir = xstrdup(dir), .name = xstrdup(name)};
	ret->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (ret->fd >= 0) {
		ret->path = xasprintf("/proc/%ld/fd/%d", (long)getpid(), ret->fd);
		return 0;
	}
	if (has_no_tmpfile(errno))
		return begin_partial(ret, e);
	return err_errno(e, ERR_FAILED, "%s: cannot write to the output directory", dir);
}

/* A new name for the file without one; rename needs it where the final name is taken. */
static int link_tmpfile(const struct output *o, const char *final, struct err *e)
{
	autofree char *source = xasprintf("/proc/self/fd/%d", o->fd);
	if (linkat(AT_FDCWD, source, AT_FDCWD, final, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(e, ERR_FAILED, "%s: cannot create", final);
	autofree char *hidden = xasprintf(".%s.new", o->name);
	autofree char *temp = path_join(o->dir, hidden);
	unlink(temp); /* left by a run that was killed between the next two calls */
	if (linkat(AT_FDCWD, source, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", temp);
	if (rename(temp, final) < 0) {
		err_errno(e, ERR_FAILED, "%s: cannot replace", final);
		unlink(temp);
		return -1;
	}
	return 0;
}

bool output_can_clone(const struct output *o, int from)
{
	return ioctl(o->fd, FICLONE, from) == 0 && ftruncate(o->fd, 0) == 0;
}

int output_commit(struct output *o, struct err *e)
{
	autofree char *final = path_join(o->dir, o->name);
	if (fsync(o->fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", final);
	if (!o->partial && link_tmpfile(o, final, e) < 0)
		return -1;
	if (o->partial && rename(o->partial, final) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", o->partial, final);
	free(steal(&o->partial));
	return io_flush_dir(o->dir, e);
}

void output_done(struct output *o)
{
	if (o->partial && o->fd >= 0)
		unlink(o->partial);
	cleanup_close(&o->fd);
	free(o->path);
	free(o->dir);
	free(o->name);
	free(o->partial);
	*o = (struct output)OUTPUT_INIT;
}
