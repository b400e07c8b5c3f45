/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What customisations see: paths with symlinks, resolved in the image as it will be. */
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "plan_private.h"
#include "walk.h"

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

static int look(void *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	return plan_look(ctx, path, ret, e);
}

static int read_link(void *ctx, const char *path, char **ret, struct err *e)
{
	const struct view v = view_of(ctx);
	return view_readlink(&v, path, ret, e);
}

/* On FAT a planned "config.txt" is what "CONFIG.TXT" means too. */
static void spell(void *arg, struct str *path)
{
	struct plan_ctx *ctx = arg;
	if (!tree_is_fat(ctx->tree, path->data) || tree_is_mount(ctx->tree, path->data))
		return;
	for (const struct plan *p = ctx->plan; p; p = p->below) {
		autofree char *dir = path_dir(path->data);
		const struct plan_entry *parent = plan_find(p, dir);
		for (const struct plan_entry *n = parent ? parent->child : NULL; n;
		     n = n->sibling) {
			if (!n->change || strcasecmp(n->path, path->data) != 0)
				continue;
			path->len = 0;
			str_puts(path, n->path);
			return;
		}
	}
}

int plan_resolve(struct plan_ctx *ctx, const char *path, bool follow, char **ret,
		 struct fs_stat *st, struct err *e)
{
	static const struct walk_ops ops = {.look = look, .readlink = read_link, .spell = spell};
	return walk_resolve(&ops, ctx, ctx->tree, "", path, follow, ret, st, e);
}

int plan_stat(struct plan_ctx *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	autofree char *at = NULL;
	return plan_resolve(ctx, path, true, &at, ret, e);
}

int plan_lstat(struct plan_ctx *ctx, const char *path, struct fs_stat *ret, struct err *e)
{
	autofree char *at = NULL;
	return plan_resolve(ctx, path, false, &at, ret, e);
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

int plan_head(struct plan_ctx *ctx, const char *path, uint64_t max, struct str *out, struct err *e)
{
	autofree char *at = NULL;
	const struct view v = view_of(ctx);
	struct fs_stat st;
	if (plan_resolve(ctx, path, true, &at, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	return view_head(&v, at, max, out, e) < 0 ? -1 : 1;
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
	struct fs_stat st;
	return plan_lstat(ctx, path, &st, e) < 0 ? -1 : st.type != FILE_NONE;
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
