/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "walk.h"

struct mount {
	char *at;
	struct fs *fs;
};

struct tree {
	struct mount *mounts;
	size_t n, cap;
};

struct tree *tree_new(void)
{
	return xcalloc(1, sizeof(struct tree));
}

void tree_mount(struct tree *t, const char *at, struct fs *fs)
{
	t->mounts = array_reserve(t->mounts, t->n, &t->cap, sizeof(*t->mounts));
	t->mounts[t->n++] = (struct mount){xstrdup(at), fs};
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->mounts[i].at);
	free(t->mounts);
	free(t);
}

/* What follows the mount point in path, NULL when path is not below it. */
static const char *below_mount(const struct mount *m, const char *path)
{
	if (strcmp(m->at, "/") == 0)
		return path;
	size_t len = strlen(m->at);
	if (strncmp(path, m->at, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

struct fs *tree_fs(struct tree *t, const char *path, const char **ret_inner)
{
	struct fs *fs = t->mounts[0].fs;
	const char *shortest = path;
	for (size_t i = 0; i < t->n; i++) {
		const char *rest = below_mount(&t->mounts[i], path);
		if (rest && rest >= shortest) {
			shortest = rest;
			fs = t->mounts[i].fs;
		}
	}
	*ret_inner = *shortest ? shortest : "/";
	return fs;
}

bool tree_is_mount(struct tree *t, const char *path)
{
	for (size_t i = 1; i < t->n; i++) {
		if (strcmp(t->mounts[i].at, path) == 0)
			return true;
	}
	return false;
}

static int look(void *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(ctx, path, &inner);
	return fs->ops->stat(fs, inner, ret, e);
}

static int read_link(void *ctx, const char *path, char **ret, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(ctx, path, &inner);
	return fs->ops->readlink(fs, inner, ret, e);
}

static int resolve(struct tree *t, const char *path, bool follow, char **ret, struct fs_stat *st,
		   struct err *e)
{
	static const struct walk_ops ops = {.look = look, .readlink = read_link};
	autofree char *what = xasprintf("%s: ", t->mounts[0].fs->what);
	return walk_resolve(&ops, t, t, what, path, follow, ret, st, e);
}

int tree_resolve(struct tree *t, const char *path, bool follow_last, char **ret, struct err *e)
{
	struct fs_stat st;
	return resolve(t, path, follow_last, ret, &st, e);
}

int tree_stat(struct tree *t, const char *path, struct fs_stat *ret, struct err *e)
{
	autofree char *at = NULL;
	return resolve(t, path, false, &at, ret, e);
}

int tree_stat_follow(struct tree *t, const char *path, struct fs_stat *ret, struct err *e)
{
	autofree char *at = NULL;
	return resolve(t, path, true, &at, ret, e);
}

/* Resolve a path at which something has to be. */
static int resolve_existing(struct tree *t, const char *path, bool follow, char **ret,
			    struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (resolve(t, path, follow, &at, &st, e) < 0)
		return -1;
	if (st.type == FILE_SYMLINK && st.size >= WALK_PATH_MAX)
		return err_set(e, ERR_IMAGE, "%s: %s: the symbolic link is longer than %d bytes",
			       t->mounts[0].fs->what, path, WALK_PATH_MAX);
	if (st.type == FILE_NONE)
		return err_set(e, ERR_IMAGE, "%s: %s: no such file in the image",
			       t->mounts[0].fs->what, path);
	*ret = steal(&at);
	return 0;
}

int tree_read(struct tree *t, const char *path, uint64_t max, struct str *out, struct err *e)
{
	autofree char *at = NULL;
	if (resolve_existing(t, path, true, &at, e) < 0)
		return -1;
	const char *inner;
	struct fs *fs = tree_fs(t, at, &inner);
	return fs->ops->read(fs, inner, max, out, e);
}

int tree_readlink(struct tree *t, const char *path, char **ret, struct err *e)
{
	autofree char *at = NULL;
	return resolve_existing(t, path, false, &at, e) < 0 ? -1 : read_link(t, at, ret, e);
}
