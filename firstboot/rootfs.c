/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "rootfs.h"

/* openat2(2); linux/openat2.h is not among the headers of musl. */
struct how {
	uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_IN_ROOT 0x10

/* As root_open, without a message. */
static int open_below(const struct ctx *ctx, const char *path, int flags, mode_t mode)
{
	flags |= O_CLOEXEC;
	if (!*ctx->root)
		return open(path, flags, mode);
	autoclose int root = open(ctx->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	struct how how = {(uint64_t)(unsigned)flags, flags & O_CREAT ? mode : 0,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int fail(const struct ctx *ctx, const char *path, const char *what, struct err *e)
{
	if (errno == ENOSYS && *ctx->root)
		return err_set(
			e, ERR_FAILED,
			"%s%s: %s: --root needs openat2, which this kernel has not; use Linux "
			"5.6 or later",
			ctx->root, path, what);
	return err_errno(e, ERR_FAILED, "%s%s: %s", ctx->root, path, what);
}

/* Nothing is there; a path through a file or a loop of symlinks leads nowhere as well. */
static bool means_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

char *root_path(const struct ctx *ctx, const char *path)
{
	return xasprintf("%s%s", ctx->root, path);
}

int root_open(const struct ctx *ctx, const char *path, int flags, mode_t mode, struct err *e)
{
	if (ctx->dry_run && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)))
		return err_set(e, ERR_FAILED, "%s%s: nothing is written in a dry run", ctx->root,
			       path);
	int fd = open_below(ctx, path, flags, mode);
	return fd < 0 ? fail(ctx, path, "cannot open", e) : fd;
}

int root_read(const struct ctx *ctx, const char *path, uint64_t max, struct str *out, struct err *e)
{
	autofree char *what = root_path(ctx, path);
	/* O_NONBLOCK: a fifo must not hang us. */
	autoclose int fd = open_below(ctx, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return means_absent(errno) ? 0 : fail(ctx, path, "cannot open", e);
	return io_read_fd(fd, what, max + out->len, out, e) < 0 ? -1 : 1;
}

/* ---- the directory that a path is in ---- */

static int make_dir(const struct ctx *ctx, const char *dir, struct err *e);

static int open_or_make_dir(const struct ctx *ctx, const char *dir, struct err *e)
{
	int fd = open_below(ctx, dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT || strcmp(dir, "/") == 0)
		return fail(ctx, dir, "cannot open the directory", e);
	if (make_dir(ctx, dir, e) < 0)
		return -1;
	fd = open_below(ctx, dir, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? fail(ctx, dir, "cannot open the directory", e) : fd;
}

static int make_dir(const struct ctx *ctx, const char *dir, struct err *e)
{
	autofree char *parent = path_dir(dir);
	autoclose int above = open_or_make_dir(ctx, parent, e);
	if (above < 0)
		return -1;
	if ((mkdirat(above, path_base(dir), 0755) < 0 && errno != EEXIST) || fsync(above) < 0)
		return fail(ctx, dir, "cannot make the directory", e);
	return 0;
}

int root_mkdir(const struct ctx *ctx, const char *path, struct err *e)
{
	autoclose int there = open_below(ctx, path, O_RDONLY | O_DIRECTORY, 0);
	if (there >= 0)
		return 0;
	if (ctx->dry_run && errno == ENOENT)
		return 1;
	autoclose int made = open_or_make_dir(ctx, path, e);
	return made < 0 ? -1 : 1;
}

/* A path taken apart, its directory open. */
struct place {
	const char *path, *name;
	char *temp; /* temporary name in the same directory */
	int dir;
};

static void place_done(struct place *p)
{
	cleanup_close(&p->dir);
	free(p->temp);
}

#define auto_place __attribute__((cleanup(place_done))) struct place

/* 1; 0 when the directory is absent and not to be made. */
static int place_open(const struct ctx *ctx, const char *path, bool make, struct place *ret,
		      struct err *e)
{
	autofree char *dir = path_dir(path);
	ret->path = path;
	ret->name = path_base(path);
	ret->temp = xasprintf(".%s" ROOT_TEMP_SUFFIX, ret->name);
	ret->dir = open_below(ctx, dir, O_RDONLY | O_DIRECTORY, 0);
	if (ret->dir >= 0)
		return 1;
	if (!means_absent(errno))
		return fail(ctx, dir, "cannot open the directory", e);
	if (!make)
		return 0;
	ret->dir = open_or_make_dir(ctx, dir, e);
	return ret->dir < 0 ? -1 : 1;
}

/* Give the temporary file its name, for ever. */
static int place_rename(const struct ctx *ctx, const struct place *p, struct err *e)
{
	if (renameat(p->dir, p->temp, p->dir, p->name) < 0) {
		fail(ctx, p->path, "cannot replace", e);
		unlinkat(p->dir, p->temp, 0);
		return -1;
	}
	return fsync(p->dir) < 0 ? fail(ctx, p->path, "cannot flush its directory", e) : 0;
}

/* ---- files ---- */

static int has_content(int fd, const char *what, const void *data, size_t len, struct err *e)
{
	auto_str content = STR_INIT;
	if (io_read_fd(fd, what, len, &content, e) < 0)
		return -1;
	return content.len == len && (!len || memcmp(content.data, data, len) == 0);
}

/* 1 when the file is as it is to be; *mode is that of the file where it is to be kept. */
static int is_as_wanted(const struct ctx *ctx, const struct place *p, const void *data, size_t len,
			mode_t *mode, struct err *e)
{
	struct stat st;
	autofree char *what = root_path(ctx, p->path);
	autoclose int fd = openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return means_absent(errno) ? 0 : fail(ctx, p->path, "cannot open", e);
	if (fstat(fd, &st) < 0)
		return fail(ctx, p->path, "cannot look at it", e);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (*mode == ROOT_MODE_KEEP)
		*mode = st.st_mode & 07777;
	if ((st.st_mode & 07777) != *mode || (uint64_t)st.st_size != len)
		return 0;
	return has_content(fd, what, data, len, e);
}

/* FAT has no modes: where the file has the right one by itself, it is not set. */
static int set_mode(int fd, mode_t mode)
{
	struct stat st;
	if (mode == ROOT_MODE_KEEP)
		return 0;
	if (fstat(fd, &st) < 0)
		return -1;
	return (st.st_mode & 07777) == mode ? 0 : fchmod(fd, mode);
}

static int write_temp(const struct ctx *ctx, const struct place *p, const void *data, size_t len,
		      mode_t mode, struct err *e)
{
	autofree char *what = root_path(ctx, p->path);
	unlinkat(p->dir, p->temp, 0);
	autoclose int fd = openat(p->dir, p->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				  mode == ROOT_MODE_KEEP ? 0644 : 0600);
	if (fd < 0)
		return fail(ctx, p->path, "cannot create a file beside it", e);
	if (io_write_fd(fd, what, data, len, e) < 0)
		return -1;
	if (set_mode(fd, mode) < 0)
		return fail(ctx, p->path, "cannot set its mode", e);
	return fsync(fd) < 0 ? fail(ctx, p->path, "cannot flush", e) : 0;
}

int root_replace(const struct ctx *ctx, const char *path, const void *data, size_t len, mode_t mode,
		 struct err *e)
{
	auto_place p = {.dir = -1};
	int there = place_open(ctx, path, !ctx->dry_run, &p, e);
	int same = there > 0 ? is_as_wanted(ctx, &p, data, len, &mode, e) : there;
	if (same)
		return same < 0 ? -1 : 0;
	if (ctx->dry_run)
		return 1;
	if (write_temp(ctx, &p, data, len, mode, e) < 0) {
		unlinkat(p.dir, p.temp, 0);
		return -1;
	}
	return place_rename(ctx, &p, e) < 0 ? -1 : 1;
}

/* ---- symlinks and names ---- */

static int read_link(const struct ctx *ctx, const struct place *p, struct str *out, struct err *e)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(p->dir, p->name, target, sizeof(target));
	if (len < 0)
		return means_absent(errno) || errno == EINVAL
			       ? 0
			       : fail(ctx, p->path, "cannot read the symlink", e);
	str_add(out, target, (size_t)len);
	return 1;
}

int root_readlink(const struct ctx *ctx, const char *path, struct str *out, struct err *e)
{
	auto_place p = {.dir = -1};
	int there = place_open(ctx, path, false, &p, e);
	return there > 0 ? read_link(ctx, &p, out, e) : there;
}

int root_symlink(const struct ctx *ctx, const char *path, const char *target, struct err *e)
{
	auto_place p = {.dir = -1};
	auto_str now = STR_INIT;
	int there = place_open(ctx, path, !ctx->dry_run, &p, e);
	if (there > 0)
		there = read_link(ctx, &p, &now, e);
	if (there < 0)
		return -1;
	if (there && strcmp(str_text(&now), target) == 0)
		return 0;
	if (ctx->dry_run)
		return 1;
	unlinkat(p.dir, p.temp, 0);
	if (symlinkat(target, p.dir, p.temp) < 0)
		return fail(ctx, path, "cannot create a symlink beside it", e);
	return place_rename(ctx, &p, e) < 0 ? -1 : 1;
}

/* 1 when something is there, whatever it is. */
static int is_there(const struct ctx *ctx, const struct place *p, struct err *e)
{
	struct stat st;
	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return means_absent(errno) ? 0 : fail(ctx, p->path, "cannot look at it", e);
}

int root_exists(const struct ctx *ctx, const char *path, struct err *e)
{
	auto_place p = {.dir = -1};
	int there = place_open(ctx, path, false, &p, e);
	return there > 0 && *p.name ? is_there(ctx, &p, e) : there;
}

int root_stat(const struct ctx *ctx, const char *path, struct stat *ret, struct err *e)
{
	autoclose int fd = open_below(ctx, path, O_PATH, 0);
	if (fd < 0)
		return means_absent(errno) ? 0 : fail(ctx, path, "cannot look at it", e);
	return fstat(fd, ret) < 0 ? fail(ctx, path, "cannot look at it", e) : 1;
}

int root_remove(const struct ctx *ctx, const char *path, struct err *e)
{
	auto_place p = {.dir = -1};
	int there = place_open(ctx, path, false, &p, e);
	if (there > 0)
		there = is_there(ctx, &p, e);
	if (there <= 0 || ctx->dry_run)
		return there;
	if (unlinkat(p.dir, p.name, 0) < 0)
		return fail(ctx, path, "cannot remove", e);
	return fsync(p.dir) < 0 ? fail(ctx, path, "cannot flush its directory", e) : 1;
}

int root_list(const struct ctx *ctx, const char *dir, struct strv *out, struct err *e)
{
	autofree char *what = root_path(ctx, dir);
	int fd = open_below(ctx, dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return means_absent(errno) ? 0 : fail(ctx, dir, "cannot open the directory", e);
	return io_list_fd(fd, what, out, e) < 0 ? -1 : 1;
}
