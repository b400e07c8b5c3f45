/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <string.h>

#include "mem.h"
#include "tree.h"

#define LINKS_MAX 40

struct mount {
	char *at;
	struct fs *fs;
};

struct tree {
	struct mount *mounts;
	size_t n, cap;
};

/* One resolution: `done` has no symlink, `rest` is still to be walked. */
struct walk {
	struct tree *tree;
	const char *asked;
	struct str done; /* "" is the root */
	char *rest;	 /* owned; next points into it */
	const char *next;
	int links;
	bool gone;    /* nothing is at done */
	size_t there; /* while gone: how many bytes of done exist */
	struct fs_stat st;
	bool st_full; /* st is what the file system said, not only a type */
};

static void walk_done(struct walk *w)
{
	str_done(&w->done);
	free(w->rest);
}

#define auto_walk __attribute__((cleanup(walk_done))) struct walk

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

static int too_long(const struct walk *w, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: %.64s…: path is longer than %d bytes",
		       w->tree->mounts[0].fs->what, w->asked, PATH_MAX - 1);
}

static void walk_up(struct walk *w)
{
	while (w->done.len && w->done.data[--w->done.len] != '/')
		;
	if (w->done.data)
		w->done.data[w->done.len] = '\0';
	if (w->gone && w->done.len <= w->there)
		w->gone = false;
	w->st = (struct fs_stat){.type = FILE_DIR};
	w->st_full = false;
}

/* Look at what is at done; its first `parent` bytes are known to exist unless w->gone. */
static int walk_look(struct walk *w, size_t parent, struct err *e)
{
	w->st_full = false;
	if (tree_is_mount(w->tree, w->done.data)) {
		w->gone = false;
		w->st = (struct fs_stat){.type = FILE_DIR};
		return 0;
	}
	if (w->gone)
		return 0;
	if (w->st.type == FILE_DIR) {
		const char *inner;
		struct fs *fs = tree_fs(w->tree, w->done.data, &inner);
		if (fs->ops->stat(fs, inner, &w->st, e) < 0)
			return -1;
		w->st_full = true;
	} else {
		w->st = (struct fs_stat){.type = FILE_NONE};
	}
	if (w->st.type == FILE_NONE) {
		w->gone = true;
		w->there = parent;
	}
	return 0;
}

/* done is a symlink below its first `parent` bytes: put its target in front of the rest. */
static int walk_link(struct walk *w, size_t parent, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(w->tree, w->done.data, &inner);
	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_IMAGE,
			       "%s: %s: more than %d symbolic links on the way; they loop",
			       fs->what, w->asked, LINKS_MAX);
	if (w->st.size >= PATH_MAX)
		return too_long(w, e);
	autofree char *target = NULL;
	if (fs->ops->readlink(fs, inner, &target, e) < 0)
		return -1;
	if (strlen(target) >= PATH_MAX)
		return too_long(w, e);
	char *rest = xasprintf("%s/%s", target, w->next);
	free(w->rest);
	w->next = w->rest = rest;
	w->done.len = *target == '/' ? 0 : parent;
	w->done.data[w->done.len] = '\0';
	w->st = (struct fs_stat){.type = FILE_DIR};
	return 0;
}

/* The next component, owned; NULL at the end. */
static char *walk_next(struct walk *w, bool *ret_last)
{
	const char *name = w->next + strspn(w->next, "/");
	size_t len = strcspn(name, "/");
	w->next = name + len;
	*ret_last = w->next[strspn(w->next, "/")] == '\0';
	return len ? xstrndup(name, len) : NULL;
}

static int walk(struct walk *w, bool follow_last, struct err *e)
{
	if (strlen(w->asked) >= PATH_MAX)
		return too_long(w, e);
	w->next = w->rest = xstrdup(w->asked);
	w->st = (struct fs_stat){.type = FILE_DIR};
	str_puts(&w->done, "");
	for (;;) {
		bool last;
		autofree char *name = walk_next(w, &last);
		if (!name)
			return 0;
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			walk_up(w);
			continue;
		}
		size_t parent = w->done.len;
		str_printf(&w->done, "/%s", name);
		if (w->done.len >= PATH_MAX)
			return too_long(w, e);
		if (walk_look(w, parent, e) < 0)
			return -1;
		if (!w->gone && w->st.type == FILE_SYMLINK && (!last || follow_last) &&
		    walk_link(w, parent, e) < 0)
			return -1;
	}
}

static const char *walk_path(const struct walk *w)
{
	return w->done.data && w->done.len ? w->done.data : "/";
}

int tree_resolve(struct tree *t, const char *path, bool follow_last, char **ret, struct err *e)
{
	auto_walk w = {.tree = t, .asked = path};
	if (walk(&w, follow_last, e) < 0)
		return -1;
	*ret = xstrdup(walk_path(&w));
	return 0;
}

static int stat_path(struct tree *t, const char *path, bool follow, struct fs_stat *ret,
		     struct err *e)
{
	auto_walk w = {.tree = t, .asked = path};
	if (walk(&w, follow, e) < 0)
		return -1;
	if (w.gone)
		w.st = (struct fs_stat){.type = FILE_NONE};
	else if (!w.st_full) {
		const char *inner;
		struct fs *fs = tree_fs(t, walk_path(&w), &inner);
		return fs->ops->stat(fs, inner, ret, e);
	}
	*ret = w.st;
	return 0;
}

int tree_stat(struct tree *t, const char *path, struct fs_stat *ret, struct err *e)
{
	return stat_path(t, path, false, ret, e);
}

int tree_stat_follow(struct tree *t, const char *path, struct fs_stat *ret, struct err *e)
{
	return stat_path(t, path, true, ret, e);
}

/* Resolve a path at which something has to be. */
static int resolve_existing(struct tree *t, const char *path, bool follow, struct walk *w,
			    struct err *e)
{
	*w = (struct walk){.tree = t, .asked = path};
	if (walk(w, follow, e) < 0)
		return -1;
	if (w->gone)
		return err_set(e, ERR_IMAGE, "%s: %s: no such file in the image",
			       t->mounts[0].fs->what, path);
	return 0;
}

int tree_read(struct tree *t, const char *path, uint64_t max, struct str *out, struct err *e)
{
	auto_walk w = {0};
	if (resolve_existing(t, path, true, &w, e) < 0)
		return -1;
	const char *inner;
	struct fs *fs = tree_fs(t, walk_path(&w), &inner);
	return fs->ops->read(fs, inner, max, out, e);
}

int tree_readlink(struct tree *t, const char *path, char **ret, struct err *e)
{
	auto_walk w = {0};
	if (resolve_existing(t, path, false, &w, e) < 0)
		return -1;
	const char *inner;
	struct fs *fs = tree_fs(t, walk_path(&w), &inner);
	if (w.st.type == FILE_SYMLINK && w.st.size >= PATH_MAX)
		return too_long(&w, e);
	return fs->ops->readlink(fs, inner, ret, e);
}
