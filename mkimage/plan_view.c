/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image as it will be: a plan over the plan below it over the tree.  Paths are resolved. */
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "io.h"
#include "mem.h"
#include "plan_private.h"

bool tree_is_fat(struct tree *t, const char *path)
{
	const char *inner;
	return strcmp(tree_fs(t, path, &inner)->ops->name, "fat") == 0;
}

bool plan_hides(const struct plan *p, const char *path)
{
	size_t len = strlen(path);
	struct plan_entry *n = plan_find(p, path);
	autofree char *parent = n ? NULL : xstrdup(path);
	while (!n && len > 1) {
		while (parent[--len] != '/')
			;
		parent[len ? len : 1] = '\0';
		n = plan_find(p, parent);
		if (n && n->change && n->hides)
			return true;
	}
	while (n && (n = n->parent)) {
		if (n->change && n->hides)
			return true;
	}
	return false;
}

static uint32_t or_keep(uint32_t wanted, uint32_t kept)
{
	return wanted == KEEP ? kept : wanted;
}

static void stat_attr(struct fs_stat *st, const struct change *c)
{
	st->mode = or_keep(c->mode, st->mode);
	st->uid = or_keep(c->uid, st->uid);
	st->gid = or_keep(c->gid, st->gid);
}

static uint64_t planned_size(const struct change *c)
{
	struct stat st;
	if (!c->host_path)
		return c->len;
	return stat(c->host_path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* st is what is below; becomes what is there when c is done. */
static void stat_change(struct fs_stat *st, const struct change *c)
{
	static const struct fs_stat made[] = {
		[CHANGE_WRITE] = {.type = FILE_REGULAR, .mode = 0644},
		[CHANGE_MKDIR] = {.type = FILE_DIR, .mode = 0755},
		[CHANGE_SYMLINK] = {.type = FILE_SYMLINK, .mode = 0777},
		[CHANGE_REMOVE] = {.type = FILE_NONE},
	};
	if (c->kind != CHANGE_ATTR && (c->fresh || st->type != made[c->kind].type ||
				       c->kind == CHANGE_SYMLINK || c->kind == CHANGE_REMOVE))
		*st = made[c->kind];
	if (c->kind == CHANGE_WRITE)
		st->size = planned_size(c);
	if (c->kind == CHANGE_SYMLINK)
		st->size = strlen(c->target);
	else if (st->type != FILE_NONE)
		stat_attr(st, c);
}

static int stat_below(const struct view *v, const struct plan_entry *n, const char *path,
		      struct fs_stat *ret, struct err *e)
{
	if (v->cached && n && n->looked && v->plan->tree == v->tree) {
		*ret = n->st;
		return 0;
	}
	struct view below = {v->plan->below, v->tree, v->cached};
	return view_stat(&below, path, ret, e);
}

int view_stat(const struct view *v, const char *path, struct fs_stat *ret, struct err *e)
{
	if (!v->plan) {
		const char *inner;
		struct fs *fs = tree_fs(v->tree, path, &inner);
		return fs->ops->stat(fs, inner, ret, e);
	}
	const struct plan_entry *n = plan_find(v->plan, path);
	struct fs_stat st = {.type = FILE_NONE};
	if (!plan_hides(v->plan, path) && stat_below(v, n, path, &st, e) < 0)
		return -1;
	if (n && n->change)
		stat_change(&st, n->change);
	if (st.type != FILE_NONE && tree_is_fat(v->tree, path))
		st.mode = 0755;
	*ret = st;
	return 0;
}

/* The change that decides what is at path, but for its attributes; NULL: the image does. */
static const struct change *deciding(const struct view *v, const char *path)
{
	for (const struct plan *p = v->plan; p; p = p->below) {
		const struct plan_entry *n = plan_find(p, path);
		if (n && n->change && n->change->kind != CHANGE_ATTR)
			return n->change;
	}
	return NULL;
}

const struct change *view_written(const struct view *v, const char *path)
{
	const struct change *c = deciding(v, path);
	return c && c->kind == CHANGE_WRITE ? c : NULL;
}

static int read_change(const struct change *c, uint64_t max, struct str *out, struct err *e)
{
	if (c->host_path)
		return io_read_file(c->host_path, max, out, e);
	if (c->len > max)
		return err_set(e, ERR_PROFILE, "%s: larger than the allowed %llu bytes", c->path,
			       (unsigned long long)max);
	str_add(out, c->data, c->len);
	return 0;
}

int view_read(const struct view *v, const char *path, uint64_t max, struct str *out, struct err *e)
{
	const struct change *c = view_written(v, path);
	if (c)
		return read_change(c, max, out, e);
	const char *inner;
	struct fs *fs = tree_fs(v->tree, path, &inner);
	return fs->ops->read(fs, inner, max, out, e);
}

static int head_of_change(const struct change *c, uint64_t max, struct str *out, struct err *e)
{
	if (!c->host_path) {
		str_add(out, c->data, c->len < max ? c->len : (size_t)max);
		return 0;
	}
	autoclose int fd = open(c->host_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", c->host_path);
	return io_read_head(fd, c->host_path, max, out, e);
}

int view_head(const struct view *v, const char *path, uint64_t max, struct str *out, struct err *e)
{
	const struct change *c = view_written(v, path);
	if (c)
		return head_of_change(c, max, out, e);
	const char *inner;
	struct fs *fs = tree_fs(v->tree, path, &inner);
	return fs->ops->head(fs, inner, max, out, e);
}

int view_readlink(const struct view *v, const char *path, char **ret, struct err *e)
{
	const struct change *c = deciding(v, path);
	if (c && c->kind == CHANGE_SYMLINK) {
		*ret = xstrdup(c->target);
		return 0;
	}
	const char *inner;
	struct fs *fs = tree_fs(v->tree, path, &inner);
	return fs->ops->readlink(fs, inner, ret, e);
}

/* The entries of a plan in one directory, sorted by name so that names can be looked up. */
struct children {
	const struct plan_entry **v;
	size_t n, cap;
	bool fat;
};

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct plan_entry *const *x = a, *const *y = b;
	const struct children *c = arg;
	const char *m = path_base((*x)->path), *n = path_base((*y)->path);
	return c->fat ? strcasecmp(m, n) : strcmp(m, n);
}

static void children_find(struct children *c, const struct plan_entry *dir)
{
	for (const struct plan_entry *n = dir ? dir->child : NULL; n; n = n->sibling) {
		if (!n->change)
			continue;
		c->v = array_reserve(c->v, c->n, &c->cap, sizeof(*c->v));
		c->v[c->n++] = n;
	}
	if (c->n)
		qsort_r(c->v, c->n, sizeof(*c->v), compare_names, c);
}

static bool children_have(struct children *c, const char *name)
{
	struct plan_entry asked = {.path = (char *)name};
	const struct plan_entry *key = &asked;
	size_t low = 0, high = c->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_names(&key, &c->v[middle], c);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static int list_tree(const struct view *v, const char *path, struct strv *ret, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(v->tree, path, &inner);
	struct fs_stat st;
	if (fs->ops->stat(fs, inner, &st, e) < 0)
		return -1;
	return st.type == FILE_DIR ? fs->ops->list(fs, inner, ret, e) : 0;
}

int view_list(const struct view *v, const char *path, struct strv *ret, struct err *e)
{
	if (!v->plan)
		return list_tree(v, path, ret, e);
	const struct plan_entry *dir = plan_find(v->plan, path);
	const struct view below = {v->plan->below, v->tree, v->cached};
	auto_strv names = {0};
	if (!(dir && dir->change && dir->hides) && !plan_hides(v->plan, path) &&
	    view_list(&below, path, &names, e) < 0)
		return -1;
	struct children planned = {.fat = tree_is_fat(v->tree, path)};
	children_find(&planned, dir);
	strv_foreach (name, &names) {
		if (!children_have(&planned, *name))
			strv_add(ret, *name);
	}
	struct fs_stat st;
	for (size_t i = 0; i < planned.n; i++) {
		if (view_stat(v, planned.v[i]->path, &st, e) < 0) {
			free(planned.v);
			return -1;
		}
		if (st.type != FILE_NONE)
			strv_add(ret, path_base(planned.v[i]->path));
	}
	free(planned.v);
	strv_sort(ret);
	return 0;
}
