/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What customisations see: paths with symlinks, resolved in the image as it will be. */
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "plan_private.h"

#define LINKS_MAX 40

static struct view view_of(const struct plan_ctx *ctx)
{
	return (struct view){ctx->plan, ctx->tree, true};
}

struct view plan_view_below(const struct plan_ctx *ctx)
{
	return (struct view){ctx->plan->below, ctx->tree, true};
}

int plan_look_below(struct plan_ctx *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	struct plan *p = ctx->plan;
	const struct view below = plan_view_below(ctx);
	if (plan_hides(p, path)) {
		*ret = (struct fs_stat){.type = FILE_NONE};
		return 0;
	}
	if (!p->tree)
		p->tree = ctx->tree;
	if (p->tree != ctx->tree)
		return view_stat(&below, path, ret, e);
	struct plan_entry *entry = plan_entry(p, path);
	if (!entry->looked && view_stat(&below, path, &entry->st, e) < 0)
		return -1;
	entry->looked = true;
	*ret = entry->st;
	return 0;
}

int plan_look(struct plan_ctx *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	const struct view v = view_of(ctx);
	struct fs_stat below;
	if (plan_look_below(ctx, path, &below, e) < 0)
		return -1;
	return view_stat(&v, path, ret, e);
}

/* One resolution, as in tree.c: done has no symlink, next is still to be walked. */
struct walk {
	struct plan_ctx *ctx;
	const char *asked;
	struct str done; /* "" is the root */
	char *rest;	 /* owned; next points into it */
	const char *next;
	int links;
	struct fs_stat st; /* of done */
};

static void walk_done(struct walk *w)
{
	str_done(&w->done);
	free(w->rest);
}

static const char *walk_path(const struct walk *w)
{
	return w->done.len ? w->done.data : "/";
}

static int too_long(const struct walk *w, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%.64s…: the path, with its symbolic links, is longer than %d",
		       w->asked, PLAN_PATH_MAX);
}

static void walk_cut(struct walk *w, size_t len)
{
	w->done.len = len;
	w->done.data[len] = '\0';
}

/* On FAT a planned "config.txt" is what "CONFIG.TXT" means too. */
static void walk_spell(struct walk *w)
{
	struct tree *t = w->ctx->tree;
	if (!tree_is_fat(t, w->done.data) || tree_is_mount(t, w->done.data))
		return;
	for (const struct plan *p = w->ctx->plan; p; p = p->below) {
		autofree char *dir = path_dir(w->done.data);
		const struct plan_entry *parent = plan_find(p, dir);
		for (const struct plan_entry *n = parent ? parent->child : NULL; n;
		     n = n->sibling) {
			if (!n->change || strcasecmp(n->path, w->done.data) != 0)
				continue;
			walk_cut(w, 0);
			str_puts(&w->done, n->path);
			return;
		}
	}
}

/* Put the target of the symlink at done in front of what is left. */
static int walk_link(struct walk *w, size_t parent, struct err *e)
{
	const struct view v = view_of(w->ctx);
	autofree char *target = NULL;
	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_IMAGE,
			       "%s: more than %d symbolic links on the way; they loop", w->asked,
			       LINKS_MAX);
	if (w->st.size >= PLAN_PATH_MAX)
		return too_long(w, e);
	if (view_readlink(&v, w->done.data, &target, e) < 0)
		return -1;
	char *rest = xasprintf("%s/%s", target, w->next);
	free(w->rest);
	w->next = w->rest = rest;
	walk_cut(w, *target == '/' ? 0 : parent);
	return plan_look(w->ctx, walk_path(w), &w->st, e);
}

static int walk_up(struct walk *w, struct err *e)
{
	while (w->done.len && w->done.data[--w->done.len] != '/')
		;
	walk_cut(w, w->done.len);
	return plan_look(w->ctx, walk_path(w), &w->st, e);
}

/* Enter name, which is the last when nothing but slashes follows it. */
static int walk_into(struct walk *w, const char *name, bool follow_last, struct err *e)
{
	size_t parent = w->done.len;
	bool last = w->next[strspn(w->next, "/")] == '\0';
	bool is_dir = w->st.type == FILE_DIR;
	str_printf(&w->done, "/%s", name);
	if (w->done.len > PLAN_PATH_MAX)
		return too_long(w, e);
	walk_spell(w);
	w->st = (struct fs_stat){.type = FILE_NONE};
	/* A mount point may lack its directory in the root file system. */
	if ((is_dir || tree_is_mount(w->ctx->tree, w->done.data)) &&
	    plan_look(w->ctx, w->done.data, &w->st, e) < 0)
		return -1;
	if (w->st.type == FILE_SYMLINK && (!last || follow_last))
		return walk_link(w, parent, e);
	return 0;
}

static int walk(struct walk *w, bool follow_last, struct err *e)
{
	w->next = w->rest = xstrdup(w->asked);
	str_puts(&w->done, "");
	if (strlen(w->asked) > PLAN_PATH_MAX)
		return too_long(w, e);
	if (plan_look(w->ctx, "/", &w->st, e) < 0)
		return -1;
	for (;;) {
		w->next += strspn(w->next, "/");
		size_t len = strcspn(w->next, "/");
		if (!len)
			return 0;
		autofree char *name = xstrndup(w->next, len);
		w->next += len;
		if (strcmp(name, ".") == 0)
			continue;
		int done = strcmp(name, "..") == 0 ? walk_up(w, e)
						   : walk_into(w, name, follow_last, e);
		if (done < 0)
			return -1;
	}
}

int plan_resolve(struct plan_ctx *ctx, const char *path, bool follow, char **ret,
		 struct fs_stat *st, struct err *e)
{
	__attribute__((cleanup(walk_done))) struct walk w = {.ctx = ctx, .asked = path};
	if (walk(&w, follow, e) < 0)
		return -1;
	*ret = xstrdup(walk_path(&w));
	*st = w.st;
	return 0;
}

int plan_stat(struct plan_ctx *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	autofree char *at = NULL;
	return plan_resolve(ctx, path, true, &at, ret, e);
}

int plan_read_optional(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e)
{
	autofree char *at = NULL;
	const struct view v = view_of(ctx);
	struct fs_stat st;
	if (plan_resolve(ctx, path, true, &at, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return 0;
	if (st.type != FILE_REGULAR)
		return err_set(e, ERR_IMAGE, "%s: is not a regular file in the image", path);
	return view_read(&v, at, PLAN_READ_MAX, out, e) < 0 ? -1 : 1;
}

int plan_read(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e)
{
	int found = plan_read_optional(ctx, path, out, e);
	if (found == 0)
		return err_set(e, ERR_IMAGE, "%s: no such file in the image", path);
	return found < 0 ? -1 : 0;
}

int plan_list(struct plan_ctx *ctx, const char *path, struct strv *ret, struct err *e)
{
	autofree char *at = NULL;
	const struct view v = view_of(ctx);
	struct fs_stat st;
	if (plan_resolve(ctx, path, true, &at, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return 0;
	if (st.type != FILE_DIR)
		return err_set(e, ERR_IMAGE, "%s: is not a directory in the image", path);
	return view_list(&v, at, ret, e);
}

int plan_exists(struct plan_ctx *ctx, const char *path, struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (plan_resolve(ctx, path, false, &at, &st, e) < 0)
		return -1;
	return st.type != FILE_NONE;
}

int plan_readlink(struct plan_ctx *ctx, const char *path, char **ret, struct err *e)
{
	autofree char *at = NULL, *target = NULL;
	const struct view v = view_of(ctx);
	struct fs_stat st;
	if (plan_resolve(ctx, path, false, &at, &st, e) < 0)
		return -1;
	if (st.type == FILE_SYMLINK && view_readlink(&v, at, &target, e) < 0)
		return -1;
	*ret = steal(&target);
	return 0;
}
