/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs_dir.h"
#include "io.h"
#include "mem.h"

#define SPOOL ".cardstock.tmp"
#define BLOCK (128u << 10)

/* A name that an operation works on. */
struct place {
	struct dir *d;
	const char *path, *name;
	int parent;
	struct fs_stat st; /* what is there now */
};

static void place_done(struct place *p)
{
	cleanup_close(&p->parent);
}

#define auto_place __attribute__((cleanup(place_done))) struct place

static int fail(const struct place *p, const char *what, struct err *e)
{
	return err_errno(e, ERR_FAILED, "%s: %s: %s", p->d->fs.what, p->path, what);
}

/* Every change begins here: the file system is writable and the parent can be reached. */
static int place_open(struct fs *fs, const char *path, struct place *ret, struct err *e)
{
	ret->d = (struct dir *)fs;
	ret->path = path;
	if (dir_need_writable(fs, path, e) < 0)
		return -1;
	ret->parent = dir_open_parent(ret->d, path, &ret->name, e);
	return ret->parent < 0 ? -1 : dir_stat(fs, path, &ret->st, e);
}

static int place_open_free(struct fs *fs, const char *path, struct place *ret, struct err *e)
{
	if (place_open(fs, path, ret, e) < 0)
		return -1;
	if (ret->st.type != FILE_NONE)
		return err_set(e, ERR_FAILED, "%s: %s: exists already", fs->what, path);
	return 0;
}

static int place_open_existing(struct fs *fs, const char *path, struct place *ret, struct err *e)
{
	if (place_open(fs, path, ret, e) < 0)
		return -1;
	if (ret->st.type == FILE_NONE)
		return err_set(e, ERR_FAILED, "%s: %s: no such file", fs->what, path);
	return 0;
}

static int stamp(int at, const char *name, int64_t seconds)
{
	const struct timespec t = {.tv_sec = seconds};
	return utimensat(at, name, (const struct timespec[]){t, t}, AT_SYMLINK_NOFOLLOW);
}

/* Give what was just made its owner and mode whatever umask and setgid parents say, and its time.
 */
static int finish_new(const struct place *p, mode_t mode, bool is_link, struct err *e)
{
	records_drop(p->d, p->path); /* of something that was deleted behind our back */
	if (!p->d->records && fchownat(p->parent, p->name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(p, "cannot set the owner", e);
	if (!is_link && fchmodat(p->parent, p->name, mode, 0) < 0)
		return fail(p, "cannot set the mode", e);
	if (stamp(p->parent, p->name, p->d->fs.now) < 0 || stamp(p->parent, ".", p->d->fs.now) < 0)
		return fail(p, "cannot set the time", e);
	return 0;
}

/* Undo a creation that failed half-way, keeping the error. */
static int undo(const struct place *p, int flags)
{
	unlinkat(p->parent, p->name, flags);
	return -1;
}

/* A file without a name on the same file system, in which a source is gathered. */
static int open_spool(const struct place *p, struct err *e)
{
	unlinkat(p->parent, SPOOL, 0);
	int fd = openat(p->parent, SPOOL, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(p, "cannot create a temporary file beside it", e);
	unlinkat(p->parent, SPOOL, 0);
	stamp(p->parent, ".", p->d->fs.now);
	return fd;
}

/* Read the whole source, so that nothing has changed yet if it or the disk fails. */
static int spool_source(const struct place *p, const struct fs_source *src, uint64_t *ret_size,
			struct err *e)
{
	autoclose int fd = open_spool(p, e);
	autofree char *block = xmalloc(BLOCK);
	autofree char *what = xasprintf("%s: %s", p->d->fs.what, p->path);
	uint64_t size = 0;
	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t n = src->read(src->ctx, block, BLOCK, e);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (io_write_fd(fd, what, block, (size_t)n, e) < 0)
			return -1;
		size += (uint64_t)n;
	}
	*ret_size = size;
	return steal_fd(&fd);
}

/*
 * Room first: fallocate leaves what is there alone, so that a full disk costs nothing.  In place
 * and not by rename: other hard links and the attributes stay.
 */
static int fill(const struct place *p, int to, int from, uint64_t size, struct err *e)
{
	autofree char *block = xmalloc(BLOCK);
	autofree char *what = xasprintf("%s: %s", p->d->fs.what, p->path);
	if (size > p->st.size && (errno = posix_fallocate(to, 0, (off_t)size))) {
		fail(p, "cannot reserve room", e);
		return ftruncate(to, (off_t)p->st.size) < 0 ? err_wrap(e, "cannot undo") : -1;
	}
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		if (io_pread_fd(from, what, block, n, at, e) < 0 ||
		    io_pwrite_fd(to, what, block, n, at, e) < 0)
			return -1;
		at += n;
	}
	if (ftruncate(to, (off_t)size) < 0)
		return fail(p, "cannot set the size", e);
	return stamp(p->parent, p->name, p->d->fs.now) < 0 ? fail(p, "cannot set the time", e) : 0;
}

int dir_write(struct fs *fs, const char *path, const struct fs_source *src, struct err *e)
{
	auto_place p = {.parent = -1};
	uint64_t size;
	if (place_open(fs, path, &p, e) < 0)
		return -1;
	bool fresh = p.st.type == FILE_NONE;
	if (!fresh && p.st.type != FILE_REGULAR)
		return err_set(e, ERR_FAILED, "%s: %s: is %s, not a regular file", fs->what, path,
			       p.st.type == FILE_DIR ? "a directory" : "a link or special file");
	autoclose int spool = spool_source(&p, src, &size, e);
	if (spool < 0)
		return -1;
	int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	autoclose int fd = openat(p.parent, p.name, flags | (fresh ? O_CREAT | O_EXCL : 0), 0600);
	if (fd < 0)
		return fail(&p, "cannot open for writing", e);
	if (!fresh)
		return fill(&p, fd, spool, size, e);
	if (fill(&p, fd, spool, size, e) < 0 || finish_new(&p, 0644, false, e) < 0)
		return undo(&p, 0);
	return 0;
}

int dir_mkdir(struct fs *fs, const char *path, struct err *e)
{
	auto_place p = {.parent = -1};
	if (place_open_free(fs, path, &p, e) < 0)
		return -1;
	if (mkdirat(p.parent, p.name, 0700) < 0)
		return fail(&p, "cannot make the directory", e);
	return finish_new(&p, 0755, false, e) < 0 ? undo(&p, AT_REMOVEDIR) : 0;
}

int dir_symlink(struct fs *fs, const char *path, const char *target, struct err *e)
{
	auto_place p = {.parent = -1};
	if (place_open_free(fs, path, &p, e) < 0)
		return -1;
	if (symlinkat(target, p.parent, p.name) < 0)
		return fail(&p, "cannot make the symlink", e);
	return finish_new(&p, 0777, true, e) < 0 ? undo(&p, 0) : 0;
}

int dir_link(struct fs *fs, const char *path, const char *existing, struct err *e)
{
	auto_place p = {.parent = -1}, from = {.parent = -1};
	if (place_open_free(fs, path, &p, e) < 0 || place_open_existing(fs, existing, &from, e) < 0)
		return -1;
	if (from.st.type != FILE_REGULAR)
		return err_set(e, ERR_FAILED, "%s: %s: is not a regular file", fs->what, existing);
	if (linkat(from.parent, from.name, p.parent, p.name, 0) < 0)
		return fail(&p, "cannot make the hard link", e);
	const struct attrs_entry *record = records_find(p.d, existing);
	if (record)
		records_set(p.d, path, from.st.mode, from.st.uid, from.st.gid, record->node);
	if (stamp(p.parent, ".", fs->now) < 0)
		return fail(&p, "cannot set the time", e);
	return 0;
}

/* How attrs.h writes a special file; NULL for what is none. Owned. */
static char *node_text(mode_t mode, dev_t dev)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
		return xasprintf("char:%u:%u", major(dev), minor(dev));
	case S_IFBLK:
		return xasprintf("block:%u:%u", major(dev), minor(dev));
	case S_IFIFO:
		return xstrdup("fifo");
	case S_IFSOCK:
		return xstrdup("socket");
	default:
		return NULL;
	}
}

/* An empty file stands for what an ordinary user cannot make. */
static int record_node(const struct place *p, mode_t mode, const char *node, struct err *e)
{
	autoclose int fd = openat(p->parent, p->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				  0600);
	if (fd < 0)
		return fail(p, "cannot make the stand-in of the special file", e);
	if (finish_new(p, 0600, false, e) < 0)
		return undo(p, 0);
	records_set(p->d, p->path, mode & 07777, 0, 0, node);
	return 0;
}

int dir_mknod(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e)
{
	auto_place p = {.parent = -1};
	if (place_open_free(fs, path, &p, e) < 0)
		return -1;
	autofree char *node = node_text(mode, dev);
	if (!node)
		return err_set(e, ERR_FAILED, "%s: %s: 0%o is not the mode of a special file",
			       fs->what, path, mode);
	if (p.d->records)
		return record_node(&p, mode, node, e);
	if (mknodat(p.parent, p.name, mode, dev) < 0)
		return fail(&p, "cannot make the special file", e);
	return finish_new(&p, mode & 07777, false, e) < 0 ? undo(&p, 0) : 0;
}

int dir_remove(struct fs *fs, const char *path, struct err *e)
{
	auto_place p = {.parent = -1};
	if (strcmp(path, "/") == 0 && fs->writable)
		return err_set(e, ERR_FAILED, "%s: /: the root directory cannot be removed",
			       fs->what);
	if (place_open_existing(fs, path, &p, e) < 0)
		return -1;
	if (unlinkat(p.parent, p.name, p.st.type == FILE_DIR ? AT_REMOVEDIR : 0) < 0)
		return fail(&p, "cannot remove", e);
	records_drop(p.d, path);
	return stamp(p.parent, ".", fs->now) < 0 ? fail(&p, "cannot set the time", e) : 0;
}

/* fchmod for a descriptor that may be of a device node, which must not be opened. */
static int chmod_path_fd(int fd, mode_t mode)
{
	autofree char *self = xasprintf("/proc/self/fd/%d", fd);
	return chmod(self, mode);
}

/* The host's bits say as much as they can while the owner can still work with the file. */
static int record_attr(const struct place *p, int fd, uint32_t mode, uint32_t uid, uint32_t gid,
		       struct err *e)
{
	const struct attrs_entry *old = records_find(p->d, p->path);
	autofree char *node = old ? xstrdup(old->node) : NULL;
	bool is_link = p->st.type == FILE_SYMLINK;
	uint32_t on_disk = is_link ? 0777 : (mode & 0777) | 0600;
	if (p->st.type == FILE_DIR)
		on_disk |= 0100;
	if (!is_link && !node && chmod_path_fd(fd, on_disk) < 0)
		return fail(p, "cannot set the mode", e);
	if (on_disk == (is_link ? 0777 : mode) && !uid && !gid && !node)
		records_drop(p->d, p->path);
	else
		records_set(p->d, p->path, is_link ? 0777 : mode, uid, gid, node);
	return 0;
}

int dir_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	     struct err *e)
{
	auto_place p = {.parent = -1};
	if (place_open_existing(fs, path, &p, e) < 0)
		return -1;
	autoclose int fd = openat(p.parent, p.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(&p, "cannot open", e);
	if (p.d->records)
		return record_attr(&p, fd, mode, uid, gid, e);
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return fail(&p, "cannot set the owner", e);
	if (p.st.type != FILE_SYMLINK && chmod_path_fd(fd, mode & 07777) < 0)
		return fail(&p, "cannot set the mode", e);
	return 0;
}

int dir_utime(struct fs *fs, const char *path, int64_t mtime, struct err *e)
{
	auto_place p = {.parent = -1};
	if (place_open_existing(fs, path, &p, e) < 0)
		return -1;
	return stamp(p.parent, p.name, mtime) < 0 ? fail(&p, "cannot set the time", e) : 0;
}
