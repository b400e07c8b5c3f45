/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs_dir.h"
#include "io.h"
#include "mem.h"

struct dir *dir_new(const struct fs_ops *ops, int root, const struct fs_open *o)
{
	struct dir *d = xcalloc(1, sizeof(*d));
	d->fs = (struct fs){ops, xasprintf("%s (%s)", o->what, ops->name), o->now, o->writable};
	d->root = root;
	return d;
}

void dir_free(struct dir *d)
{
	if (!d)
		return;
	while (d->n)
		records_drop(d, d->entries[d->n - 1].path);
	cleanup_close(&d->root);
	free(d->entries);
	free(d->attrs_path);
	free(d->fs.what);
	free(d);
}

int dir_need_writable(struct fs *fs, const char *path, struct err *e)
{
	if (fs->writable)
		return 0;
	return err_set(e, ERR_FAILED, "%s: %s: is open read-only", fs->what, path);
}

static int fail(const struct dir *d, const char *path, const char *what, struct err *e)
{
	return err_errno(e, ERR_FAILED, "%s: %s: %s", d->fs.what, path, what);
}

/* Step down one directory without following symlinks; from is closed. -1 with errno set. */
static int step(int from, const char *name, size_t len)
{
	int next = -1;
	autofree char *component = xstrndup(name, len);
	if (!len || strcmp(component, ".") == 0 || strcmp(component, "..") == 0)
		errno = EINVAL;
	else
		next = openat(from, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int saved = errno;
	close(from);
	errno = saved;
	return next;
}

/* As dir_open_parent; -1 with errno set. */
static int open_parent(struct dir *d, const char *path, const char **ret_name)
{
	if (*path != '/') {
		errno = EINVAL;
		return -1;
	}
	int fd = openat(d->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name = path + 1;
	for (const char *slash; fd >= 0 && (slash = strchr(name, '/')); name = slash + 1)
		fd = step(fd, name, (size_t)(slash - name));
	if (fd < 0)
		return -1;
	if ((!*name && path[1]) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*ret_name = *name ? name : ".";
	return fd;
}

int dir_open_parent(struct dir *d, const char *path, const char **ret_name, struct err *e)
{
	int fd = open_parent(d, path, ret_name);
	return fd < 0 ? fail(d, path, "cannot reach its directory", e) : fd;
}

static enum file_type type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return FILE_REGULAR;
	if (S_ISDIR(mode))
		return FILE_DIR;
	return S_ISLNK(mode) ? FILE_SYMLINK : FILE_OTHER;
}

static bool means_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

static void apply_record(struct dir *d, const char *path, struct fs_stat *st)
{
	st->uid = st->gid = 0;
	const struct attrs_entry *a = records_find(d, path);
	long long uid, gid;
	if (!a || !parse_number(a->owner, 0, UINT32_MAX, &uid) ||
	    !parse_number(a->group, 0, UINT32_MAX, &gid))
		return;
	st->mode = a->mode;
	st->uid = (uint32_t)uid;
	st->gid = (uint32_t)gid;
	if (a->node)
		st->type = FILE_OTHER;
}

int dir_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e)
{
	struct dir *d = (struct dir *)fs;
	const char *name;
	struct stat st;
	autoclose int parent = open_parent(d, path, &name);
	if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (!means_absent(errno))
			return fail(d, path, "cannot look at it", e);
		*ret = (struct fs_stat){.type = FILE_NONE};
		return 0;
	}
	*ret = (struct fs_stat){.type = type_of(st.st_mode),
				.mode = st.st_mode & 07777,
				.uid = st.st_uid,
				.gid = st.st_gid};
	if (ret->type == FILE_REGULAR || ret->type == FILE_SYMLINK)
		ret->size = (uint64_t)st.st_size;
	if (d->records)
		apply_record(d, path, ret);
	return 0;
}

/* The path holds this type, else say what is wrong. */
static int need_type(struct fs *fs, const char *path, enum file_type wanted, const char *called,
		     struct fs_stat *ret, struct err *e)
{
	if (dir_stat(fs, path, ret, e) < 0)
		return -1;
	if (ret->type == FILE_NONE)
		return err_set(e, ERR_FAILED, "%s: %s: no such file", fs->what, path);
	if (ret->type != wanted)
		return err_set(e, ERR_FAILED, "%s: %s: is not a %s", fs->what, path, called);
	return 0;
}

static int read_file(struct fs *fs, const char *path, uint64_t max, bool whole, struct str *out,
		     struct err *e)
{
	struct dir *d = (struct dir *)fs;
	struct fs_stat st;
	const char *name;
	if (need_type(fs, path, FILE_REGULAR, "regular file", &st, e) < 0)
		return -1;
	autofree char *what = xasprintf("%s: %s", fs->what, path);
	if (whole && st.size > max)
		return err_set(e, ERR_FAILED, "%s: larger than the allowed %llu bytes", what,
			       (unsigned long long)max);
	autoclose int parent = dir_open_parent(d, path, &name, e);
	if (parent < 0)
		return -1;
	/* O_NONBLOCK: what became a fifo meanwhile must not hang us. */
	autoclose int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail(d, path, "cannot open", e);
	return whole ? io_read_fd(fd, what, max + out->len, out, e)
		     : io_read_head(fd, what, max, out, e);
}

int dir_read(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, true, out, e);
}

int dir_head(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, false, out, e);
}

int dir_readlink(struct fs *fs, const char *path, char **ret, struct err *e)
{
	struct dir *d = (struct dir *)fs;
	struct fs_stat st;
	const char *name;
	char target[PATH_MAX];
	if (need_type(fs, path, FILE_SYMLINK, "symlink", &st, e) < 0)
		return -1;
	autoclose int parent = dir_open_parent(d, path, &name, e);
	if (parent < 0)
		return -1;
	ssize_t len = readlinkat(parent, name, target, sizeof(target));
	if (len < 0)
		return fail(d, path, "cannot read the symlink", e);
	*ret = xstrndup(target, (size_t)len);
	return 0;
}

int dir_list(struct fs *fs, const char *path, struct strv *ret, struct err *e)
{
	struct dir *d = (struct dir *)fs;
	struct fs_stat st;
	const char *name;
	if (need_type(fs, path, FILE_DIR, "directory", &st, e) < 0)
		return -1;
	autoclose int parent = dir_open_parent(d, path, &name, e);
	if (parent < 0)
		return -1;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(d, path, "cannot open", e);
	autofree char *what = xasprintf("%s: %s", d->fs.what, path);
	return io_list_fd(fd, what, ret, e);
}

int dir_sync(struct fs *fs, struct err *e)
{
	return fs->writable ? records_save((struct dir *)fs, e) : 0;
}

int dir_close(struct fs *fs, struct err *e)
{
	int r = fs->ops->sync(fs, e);
	dir_free((struct dir *)fs);
	return r;
}

int dir_room(struct fs *fs, uint64_t *ret, struct err *e)
{
	const struct dir *d = (const struct dir *)fs;
	struct statfs st;
	if (fstatfs(d->root, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot tell how much is free", fs->what);
	*ret = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
	return 0;
}

static int refuse_xattr_set(struct fs *fs, const char *path, const char *name, const void *value,
			    size_t len, struct err *e)
{
	(void)value;
	(void)len;
	return err_set(e, ERR_FAILED,
		       "%s: %s: a directory keeps no extended attribute; '%s' needs an image",
		       fs->what, path, name);
}

static int no_xattr_get(struct fs *fs, const char *path, const char *name, struct str *ret,
			struct err *e)
{
	(void)fs;
	(void)path;
	(void)name;
	(void)ret;
	(void)e;
	return 0;
}

static const struct fs_ops dir_ops = {
	.name = "directory",
	.stat = dir_stat,
	.read = dir_read,
	.head = dir_head,
	.readlink = dir_readlink,
	.list = dir_list,
	.write = dir_write,
	.mkdir = dir_mkdir,
	.symlink = dir_symlink,
	.link = dir_link,
	.mknod = dir_mknod,
	.remove = dir_remove,
	.attr = dir_attr,
	.utime = dir_utime,
	.xattr_set = refuse_xattr_set,
	.xattr_get = no_xattr_get,
	.room = dir_room,
	.sync = dir_sync,
	.close = dir_close,
};

static char *attrs_path_of(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xasprintf("%.*s.attrs", (int)len, path);
}

int fs_dir_open(const struct fs_open *o, struct fs **ret, struct err *e)
{
	int root = open(o->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open the directory '%s'", o->what,
				 o->path);
	struct dir *d = dir_new(&dir_ops, root, o);
	d->attrs_path = attrs_path_of(o->path);
	/* A directory that has records goes on having them, whoever writes to it. */
	d->records = geteuid() != 0 || access(d->attrs_path, F_OK) == 0;
	if (d->records && records_load(d, e) < 0) {
		dir_free(d);
		return -1;
	}
	*ret = &d->fs;
	return 0;
}
