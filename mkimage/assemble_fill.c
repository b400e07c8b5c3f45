/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "assemble_private.h"
#include "interrupt.h"
#include "mem.h"

#define COPY_MAX (32u << 20) /* a file that a FAT needs twice, because it has no links */

/* What has to wait until everything is in its place. */
struct later {
	char *path;   /* in the tree */
	char *target; /* a symlink for the FAT: where it leads; NULL: a directory's time */
	int64_t mtime;
};

struct filler {
	const struct fill *f;
	struct later *later;
	size_t n, cap;
	char *parent, *resolved; /* the last directory a member was in, and where that is */
};

static void filler_done(struct filler *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->later[i].path);
		free(w->later[i].target);
	}
	free(w->later);
	free(w->parent);
	free(w->resolved);
}
#define auto_filler __attribute__((cleanup(filler_done))) struct filler

static void defer(struct filler *w, const char *path, const char *target, int64_t mtime)
{
	w->later = array_reserve(w->later, w->n, &w->cap, sizeof(*w->later));
	w->later[w->n++] = (struct later){xstrdup(path), xstrdup(target), mtime};
}

static bool is_fat(const struct filler *w, const struct fs *fs)
{
	return fs != w->f->root;
}

/* Make the directory and those above it, as a tarball without members for them needs. */
static int make_dirs(struct filler *w, const char *path, struct err *e)
{
	struct fs_stat st;
	const char *inner;
	if (tree_stat(w->f->tree, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return 0;
	if (st.type != FILE_NONE)
		return err_set(e, ERR_IMAGE, "'%s' is not a directory, but has members in it",
			       path);
	autofree char *above = path_dir(path);
	if (make_dirs(w, above, e) < 0)
		return -1;
	struct fs *fs = tree_fs(w->f->tree, path, &inner);
	return fs->ops->mkdir(fs, inner, e);
}

/*
 * Where a member belongs: symlinks among its parents are followed inside the new root, never
 * outside; its own name is not.  Members come by directory, so one answer is kept.
 */
static int place(struct filler *w, const char *path, char **ret, struct err *e)
{
	autofree char *parent = path_dir(path);
	if (!w->parent || strcmp(parent, w->parent) != 0) {
		autofree char *resolved = NULL;
		if (tree_resolve(w->f->tree, parent, true, &resolved, e) < 0 ||
		    make_dirs(w, resolved, e) < 0)
			return -1;
		free(w->parent);
		free(w->resolved);
		w->parent = steal(&parent);
		w->resolved = steal(&resolved);
	}
	*ret = path_join(w->resolved, path_base(path));
	return 0;
}

static void forget_place(struct filler *w)
{
	free(w->parent);
	w->parent = NULL;
}

/* Make room for a member of that type: the later of two with one name wins.  1: a directory stays.
 */
static int clear_place(struct filler *w, struct fs *fs, const char *inner, mode_t type,
		       struct err *e)
{
	struct fs_stat st;
	if (fs->ops->stat(fs, inner, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return 0;
	if (st.type == FILE_DIR && type == S_IFDIR)
		return 1;
	forget_place(w);
	return fs->ops->remove(fs, inner, e);
}

struct memory {
	const char *data;
	size_t left;
};

static ssize_t memory_read(void *ctx, void *buffer, size_t len, struct err *e)
{
	struct memory *m = ctx;
	(void)e;
	size_t n = len < m->left ? len : m->left;
	memcpy(buffer, m->data, n);
	m->data += n;
	m->left -= n;
	return (ssize_t)n;
}

/* A second copy where no link is possible. */
static int copy_file(struct filler *w, const char *from, struct fs *fs, const char *inner,
		     struct err *e)
{
	auto_str content = STR_INIT;
	if (tree_read(w->f->tree, from, COPY_MAX, &content, e) < 0)
		return -1;
	struct memory m = {str_text(&content), content.len};
	return fs->ops->write(fs, inner, &(struct fs_source){memory_read, &m}, e);
}

static int put_hardlink(struct filler *w, struct fs *fs, const char *inner, const char *existing,
			struct err *e)
{
	autofree char *target = NULL;
	struct fs_stat st;
	const char *target_inner;
	forget_place(w);
	if (place(w, existing, &target, e) < 0 || tree_stat(w->f->tree, target, &st, e) < 0)
		return -1;
	struct fs *other = tree_fs(w->f->tree, target, &target_inner);
	if (st.type == FILE_NONE || st.type == FILE_DIR)
		return err_set(e, ERR_IMAGE, "is a link to '%s', which is no file before it",
			       existing);
	if (other == fs && !is_fat(w, fs))
		return fs->ops->link(fs, inner, target_inner, e);
	return copy_file(w, target, fs, inner, e);
}

static int put_special(struct filler *w, struct fs *fs, const char *inner,
		       const struct tar_entry *x, struct err *e)
{
	if (is_fat(w, fs)) {
		progress_say(w->f->progress, "%s: a FAT cannot hold it, left out", x->path);
		return 0;
	}
	return fs->ops->mknod(fs, inner, x->type | x->mode, x->dev, e);
}

static int put_node(struct filler *w, struct fs *fs, const char *path, const char *inner,
		    const struct tar_entry *x, struct err *e)
{
	switch (x->type) {
	case S_IFREG:
		return fs->ops->write(fs, inner, &(struct fs_source){tar_read, w->f->tar}, e);
	case S_IFDIR:
		return fs->ops->mkdir(fs, inner, e);
	case S_IFLNK:
		if (!is_fat(w, fs))
			return fs->ops->symlink(fs, inner, x->link, e);
		defer(w, path, x->link, x->mtime);
		return 0;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return put_special(w, fs, inner, x, e);
	default:
		return err_set(e, ERR_IMAGE, "is of an unknown kind");
	}
}

struct target {
	struct fs *fs;
	const char *inner;
};

static int set_xattr(void *ctx, const char *name, const void *value, size_t len, struct err *e)
{
	static const char *const kept[] = {"user.", "security.", "trusted.", "system.posix_acl_"};
	const struct target *t = ctx;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		if (str_starts(name, kept[i]))
			return t->fs->ops->xattr_set(t->fs, t->inner, name, value, len, e);
	}
	return 0;
}

static int put_attributes(struct filler *w, struct fs *fs, const char *path, const char *inner,
			  const struct tar_entry *x, struct err *e)
{
	if (is_fat(w, fs))
		return x->type == S_IFREG ? fs->ops->utime(fs, inner, x->mtime, e) : 0;
	uint32_t mode = x->type == S_IFLNK ? 0777 : x->mode;
	struct target target = {fs, inner};
	if (fs->ops->attr(fs, inner, mode, x->uid, x->gid, e) < 0 ||
	    tar_xattrs(w->f->tar, set_xattr, &target, e) < 0)
		return -1;
	if (x->type != S_IFDIR)
		return fs->ops->utime(fs, inner, x->mtime, e);
	defer(w, path, NULL, x->mtime);
	return 0;
}

/* The directory itself where another file system is mounted, and the root. */
static int put_mount_point(struct filler *w, const char *path, const struct tar_entry *x,
			   struct err *e)
{
	if (x->type != S_IFDIR)
		return err_set(e, ERR_IMAGE, "must be a directory");
	struct fs *root = w->f->root;
	return put_attributes(w, root, path, path, x, e);
}

static int put_entry(struct filler *w, const struct tar_entry *x, struct err *e)
{
	autofree char *path = NULL;
	const char *inner;
	if (strcmp(x->path, "/") == 0)
		return put_mount_point(w, x->path, x, e);
	if (place(w, x->path, &path, e) < 0)
		return -1;
	if (w->f->boot_at && strcmp(path, w->f->boot_at) == 0)
		return put_mount_point(w, path, x, e);
	struct fs *fs = tree_fs(w->f->tree, path, &inner);
	int kept = clear_place(w, fs, inner, x->type, e);
	if (kept < 0)
		return -1;
	if (x->is_hardlink)
		return put_hardlink(w, fs, inner, x->link, e);
	if (!kept && put_node(w, fs, path, inner, x, e) < 0)
		return -1;
	return put_attributes(w, fs, path, inner, x, e);
}

/* A symlink of the FAT becomes a copy of what it leads to; one that leads nowhere is left out. */
static int copy_fat_link(struct filler *w, const struct later *l, struct err *e)
{
	autofree char *dir = path_dir(l->path);
	autofree char *joined = *l->target == '/' ? xstrdup(l->target) : path_join(dir, l->target);
	autofree char *target = NULL;
	struct fs_stat st;
	const char *inner;
	struct fs *fs = tree_fs(w->f->tree, l->path, &inner);
	if (tree_resolve(w->f->tree, joined, true, &target, e) < 0 ||
	    tree_stat(w->f->tree, target, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR) {
		progress_say(w->f->progress, "%s: a FAT cannot hold the symlink to '%s', left out",
			     l->path, l->target);
		return 0;
	}
	if (copy_file(w, target, fs, inner, e) < 0)
		return -1;
	return fs->ops->utime(fs, inner, l->mtime, e);
}

static int finish(struct filler *w, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->later[i].target && copy_fat_link(w, &w->later[i], e) < 0)
			return err_wrap(e, "'%s'", w->later[i].path);
	}
	for (size_t i = 0; i < w->n; i++) {
		struct fs *root = w->f->root;
		struct later *l = &w->later[i];
		struct fs_stat st;
		if (l->target)
			continue;
		if (root->ops->stat(root, l->path, &st, e) < 0)
			return -1;
		/* A later member may have replaced it. */
		if (st.type == FILE_DIR && root->ops->utime(root, l->path, l->mtime, e) < 0)
			return -1;
	}
	return 0;
}

int assemble_fill(const struct fill *f, struct err *e)
{
	auto_filler w = {.f = f};
	struct tar_entry x;
	int more;
	while ((more = tar_next(f->tar, &x, e)) > 0) {
		if (interrupt_check(e) < 0)
			return -1;
		if (put_entry(&w, &x, e) < 0)
			return err_wrap(e, "member '%s'", x.path);
		progress_update(f->progress, f->step, f->done_before + tar_position(f->tar) / 2);
	}
	return more < 0 ? -1 : finish(&w, e);
}
