/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "walk.h"

#define LINKS_MAX 40

/* One resolution: done has no symlink, next is still to be walked. */
struct walk {
	const struct walk_ops *ops;
	void *ctx;
	struct tree *tree;
	const char *what, *asked;
	bool follow_last;
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

static int look(struct walk *w, struct err *e)
{
	return w->ops->look(w->ctx, walk_path(w), &w->st, e);
}

static int too_long(const struct walk *w, struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       "%s%.64s…: the path, with its symbolic links, is longer than %d bytes",
		       w->what, w->asked, WALK_PATH_MAX);
}

static void cut(struct walk *w, size_t len)
{
	w->done.len = len;
	w->done.data[len] = '\0';
}

/* Put the target of the symlink at done in front of what is left. */
static int walk_link(struct walk *w, size_t parent, struct err *e)
{
	autofree char *target = NULL;
	if (++w->links > LINKS_MAX)
		return err_set(e, ERR_IMAGE,
			       "%s%s: more than %d symbolic links on the way; they loop", w->what,
			       w->asked, LINKS_MAX);
	if (w->st.size >= WALK_PATH_MAX)
		return too_long(w, e);
	if (w->ops->readlink(w->ctx, w->done.data, &target, e) < 0)
		return -1;
	char *rest = xasprintf("%s/%s", target, w->next);
	free(w->rest);
	w->next = w->rest = rest;
	cut(w, *target == '/' ? 0 : parent);
	return look(w, e);
}

static int walk_up(struct walk *w, struct err *e)
{
	while (w->done.len && w->done.data[--w->done.len] != '/')
		;
	cut(w, w->done.len);
	return look(w, e);
}

/* Enter name, which is the last when nothing but slashes follows it. */
static int walk_into(struct walk *w, const char *name, struct err *e)
{
	size_t parent = w->done.len;
	bool last = w->next[strspn(w->next, "/")] == '\0';
	bool is_dir = w->st.type == FILE_DIR;
	str_puts(&w->done, "/");
	str_puts(&w->done, name);
	if (w->done.len > WALK_PATH_MAX)
		return too_long(w, e);
	if (w->ops->spell)
		w->ops->spell(w->ctx, &w->done);
	w->st = (struct fs_stat){.type = FILE_NONE};
	/* A mount point may lack its directory in the root file system. */
	if ((is_dir || tree_is_mount(w->tree, w->done.data)) && look(w, e) < 0)
		return -1;
	if (w->st.type == FILE_SYMLINK && (!last || w->follow_last))
		return walk_link(w, parent, e);
	return 0;
}

static int walk(struct walk *w, struct err *e)
{
	w->next = w->rest = xstrdup(w->asked);
	str_puts(&w->done, "");
	if (strlen(w->asked) > WALK_PATH_MAX)
		return too_long(w, e);
	if (look(w, e) < 0)
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
		int done = strcmp(name, "..") == 0 ? walk_up(w, e) : walk_into(w, name, e);
		if (done < 0)
			return -1;
	}
}

int walk_resolve(const struct walk_ops *ops, void *ctx, struct tree *t, const char *what,
		 const char *path, bool follow_last, char **ret, struct fs_stat *st, struct err *e)
{
	__attribute__((cleanup(walk_done))) struct walk w = {.ops = ops,
							     .ctx = ctx,
							     .tree = t,
							     .what = what,
							     .asked = path,
							     .follow_last = follow_last};
	if (walk(&w, e) < 0)
		return -1;
	*ret = xstrdup(walk_path(&w));
	*st = w.st;
	return 0;
}
