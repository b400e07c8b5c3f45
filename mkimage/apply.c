/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Make the states of a plan: removals first, then parents before children, attributes last (a
 * directory that its owner cannot write to still gets its files).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "apply.h"
#include "mem.h"
#include "plan_private.h"
#include "walk.h"

#define REMOVE_DEPTH 128       /* of directories; deeper is a damaged image that loops */
#define REMOVE_PENDING 1000000 /* directories that wait; as above */

static int stat_at(struct tree *t, const char *path, struct fs_stat *ret, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(t, path, &inner);
	return fs->ops->stat(fs, inner, ret, e);
}

static int remove_at(struct tree *t, const char *path, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(t, path, &inner);
	return fs->ops->remove(fs, inner, e);
}

/* Directories on the way out: children are put on top of their parents. */
struct removal {
	struct tree *tree;
	struct {
		char *path;
		unsigned depth;
		bool emptied;
	} * stack;
	size_t n, cap;
};

static void removal_done(struct removal *r)
{
	while (r->n)
		free(r->stack[--r->n].path);
	free(r->stack);
}

static int push(struct removal *r, const char *path, unsigned depth, struct err *e)
{
	if (tree_is_mount(r->tree, path))
		return err_set(e, ERR_PROFILE,
			       "a file system is mounted at %s, and would be emptied too", path);
	if (depth > REMOVE_DEPTH || r->n >= REMOVE_PENDING || strlen(path) > WALK_PATH_MAX)
		return err_set(e, ERR_IMAGE,
			       "%.200s…: directories are nested too deeply, the file system is "
			       "damaged; run e2fsck on the image",
			       path);
	r->stack = array_reserve(r->stack, r->n, &r->cap, sizeof(*r->stack));
	r->stack[r->n].path = xstrdup(path);
	r->stack[r->n].depth = depth;
	r->stack[r->n++].emptied = false;
	return 0;
}

static int remove_child(struct removal *r, const char *dir, const char *name, unsigned depth,
			struct err *e)
{
	autofree char *path = path_join(dir, name);
	struct fs_stat st;
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_IMAGE,
			       "%s: the directory has the impossible name '%s', the file system is "
			       "damaged; run e2fsck on the image",
			       dir, name);
	if (stat_at(r->tree, path, &st, e) < 0)
		return -1;
	return st.type == FILE_DIR ? push(r, path, depth, e) : remove_at(r->tree, path, e);
}

/* Remove what is in the directory on top of the stack, but for directories: those are pushed. */
static int remove_children(struct removal *r, struct err *e)
{
	autofree char *dir = xstrdup(r->stack[r->n - 1].path);
	unsigned depth = r->stack[r->n - 1].depth + 1;
	const char *inner;
	struct fs *fs = tree_fs(r->tree, dir, &inner);
	auto_strv names = {0};
	r->stack[r->n - 1].emptied = true;
	if (fs->ops->list(fs, inner, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		if (remove_child(r, dir, *name, depth, e) < 0)
			return -1;
	}
	return 0;
}

static int remove_dir(struct tree *t, const char *path, struct err *e)
{
	__attribute__((cleanup(removal_done))) struct removal r = {.tree = t};
	if (push(&r, path, 0, e) < 0)
		return -1;
	while (r.n) {
		if (!r.stack[r.n - 1].emptied) {
			if (remove_children(&r, e) < 0)
				return -1;
			continue;
		}
		autofree char *dir = r.stack[--r.n].path;
		if (remove_at(t, dir, e) < 0)
			return -1;
	}
	return 0;
}

/* Remove whatever is at path, and say so in st. */
static int clear_path(struct tree *t, const char *path, struct fs_stat *st, struct err *e)
{
	enum file_type type = st->type;
	*st = (struct fs_stat){.type = FILE_NONE};
	if (type == FILE_NONE)
		return 0;
	return type == FILE_DIR ? remove_dir(t, path, e) : remove_at(t, path, e);
}

static ssize_t read_host(void *ctx, void *buffer, size_t len, struct err *e)
{
	for (;;) {
		ssize_t n = read(*(int *)ctx, buffer, len);
		if (n >= 0 || errno != EINTR)
			return n >= 0 ? n : err_errno(e, ERR_FAILED, "cannot read");
	}
}

static int write_host(struct fs *fs, const char *inner, const char *host_path, struct err *e)
{
	struct stat st;
	autoclose int fd = open(host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", host_path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_PROFILE, "%s: is not a regular file", host_path);
	const struct fs_source source = {read_host, &fd};
	if (fs->ops->write(fs, inner, &source, e) < 0)
		return err_wrap(e, "from '%s'", host_path);
	return 0;
}

static int make_content(const struct change *c, struct fs *fs, const char *inner,
			const struct fs_stat *st, struct err *e)
{
	switch (c->kind) {
	case CHANGE_WRITE:
		if (c->host_path)
			return write_host(fs, inner, c->host_path, e);
		return fs_write_data(fs, inner, c->data, c->len, e);
	case CHANGE_MKDIR:
		return st->type == FILE_NONE ? fs->ops->mkdir(fs, inner, e) : 0;
	case CHANGE_SYMLINK:
		return fs->ops->symlink(fs, inner, c->target, e);
	default:
		return 0;
	}
}

static bool is_in_the_way(const struct change *c, const struct fs_stat *st)
{
	switch (c->kind) {
	case CHANGE_WRITE:
		return st->type != FILE_REGULAR || c->fresh;
	case CHANGE_MKDIR:
		return st->type != FILE_DIR;
	default:
		return true;
	}
}

static int make(const struct change *c, struct tree *t, struct err *e)
{
	struct fs_stat st;
	const char *inner;
	struct fs *fs = tree_fs(t, c->path, &inner);
	if (stat_at(t, c->path, &st, e) < 0)
		return -1;
	if (is_in_the_way(c, &st) && clear_path(t, c->path, &st, e) < 0)
		return -1;
	return make_content(c, fs, inner, &st, e);
}

static int make_attr(const struct change *c, struct tree *t, struct err *e)
{
	struct fs_stat st;
	const char *inner;
	struct fs *fs = tree_fs(t, c->path, &inner);
	if (c->mode == KEEP && c->uid == KEEP && c->gid == KEEP)
		return 0;
	if (stat_at(t, c->path, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return err_set(e, ERR_IMAGE, "nothing is there to set owner or mode of");
	uint32_t mode = c->mode == KEEP ? st.mode : c->mode;
	uint32_t uid = c->uid == KEEP ? st.uid : c->uid;
	uint32_t gid = c->gid == KEEP ? st.gid : c->gid;
	if (mode == st.mode && uid == st.uid && gid == st.gid)
		return 0;
	return fs->ops->attr(fs, inner, mode, uid, gid, e);
}

/* What a file system says names the path within it, which is another on the boot partition. */
static int name_path(const struct change *c, struct err *e)
{
	return strstr(e->msg, c->path) ? -1 : err_wrap(e, "%s", c->path);
}

/* Two passes over changes sorted by path: a parent's is a part of its children's. */
static int apply_sorted(const struct change *const *changes, size_t n, struct tree *t,
			struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		enum change_kind kind = changes[i]->kind;
		if (kind != CHANGE_REMOVE && kind != CHANGE_ATTR && make(changes[i], t, e) < 0)
			return name_path(changes[i], e);
	}
	for (size_t i = 0; i < n; i++) {
		enum change_kind kind = changes[i]->kind;
		if (kind != CHANGE_REMOVE && kind != CHANGE_SYMLINK &&
		    make_attr(changes[i], t, e) < 0)
			return name_path(changes[i], e);
	}
	return 0;
}

static int apply_removals(const struct change *const *changes, size_t n, struct tree *t,
			  struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct fs_stat st;
		if (changes[i]->kind != CHANGE_REMOVE)
			continue;
		if (stat_at(t, changes[i]->path, &st, e) < 0 ||
		    clear_path(t, changes[i]->path, &st, e) < 0)
			return name_path(changes[i], e);
	}
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	const struct change *const *x = a, *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

int plan_apply(const struct plan *p, struct tree *t, struct err *e)
{
	size_t n = plan_count(p);
	autofree const struct change **changes = xcalloc(n + 1, sizeof(struct change *));
	for (size_t i = 0; i < n; i++)
		changes[i] = plan_get(p, i);
	qsort(changes, n, sizeof(struct change *), compare_paths);
	if (apply_removals(changes, n, t, e) < 0)
		return -1;
	return apply_sorted(changes, n, t, e);
}
