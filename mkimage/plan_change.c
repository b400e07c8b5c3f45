/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What customisations ask for becomes one wanted state per path. */
#include <string.h>

#include "mem.h"
#include "plan_private.h"
#include "walk.h"

static const char *const type_names[] = {
	[FILE_NONE] = "nothing",	 [FILE_REGULAR] = "a file",
	[FILE_DIR] = "a directory",	 [FILE_SYMLINK] = "a symbolic link",
	[FILE_OTHER] = "a special file",
};

static int validate_path(const char *path, struct err *e)
{
	if (path[0] != '/')
		return err_set(e, ERR_PROFILE,
			       "'%s' is not a path from the root of the image; begin it with '/'",
			       path);
	if (strlen(path) > WALK_PATH_MAX)
		return err_set(e, ERR_PROFILE, "%.64s…: the path is longer than %d bytes", path,
			       WALK_PATH_MAX);
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, ERR_PROFILE,
				       "%.*s…: the path has a control character (0x%02x)",
				       (int)(c - path), path, (unsigned char)*c);
		if (*c == '/' && strcspn(c + 1, "/") > PLAN_NAME_MAX)
			return err_set(e, ERR_PROFILE, "%.64s…: a name is longer than %d bytes",
				       path, PLAN_NAME_MAX);
	}
	return 0;
}

static const char *name_of(const struct plan_ctx *ctx)
{
	return ctx->custom ? ctx->custom : "plan";
}

/* "'overlay' plans" or "the image has"; owned. */
static char *who_has(const struct plan_ctx *ctx, const char *path)
{
	for (const struct plan *p = ctx->plan; p; p = p->below) {
		const struct plan_entry *n = plan_find(p, path);
		if (n && n->change && n->change->kind != CHANGE_ATTR)
			return xasprintf("'%s' plans", n->change->custom);
	}
	return xstrdup("the image has");
}

static int refuse(const struct plan_ctx *ctx, const char *path, const char *wanted,
		  enum file_type there, struct err *e)
{
	autofree char *who = who_has(ctx, path);
	return err_set(e, ERR_PROFILE, "%s: '%s' wants %s, but %s %s there", path, name_of(ctx),
		       wanted, who, type_names[there]);
}

static void add_why(struct change *c, const char *why)
{
	auto_strv known = {0};
	if (!c->why) {
		c->why = xstrdup(why);
		return;
	}
	strv_split(&known, c->why, ";");
	strv_foreach (item, &known) {
		if (strcmp(*item + strspn(*item, " "), why) == 0)
			return;
	}
	char *both = xasprintf("%s; %s", c->why, why);
	free(c->why);
	c->why = both;
}

/* Make the change at the entry one of this kind, without content. */
static struct change *set_kind(struct plan_ctx *ctx, struct plan_entry *entry,
			       enum change_kind kind, const char *why)
{
	struct change *c = plan_add(ctx->plan, entry, kind);
	c->fresh = c->fresh || c->kind == CHANGE_REMOVE;
	if (c->secret && c->data)
		explicit_bzero(c->data, c->len);
	free(steal(&c->data));
	free(steal(&c->host_path));
	free(steal(&c->target));
	c->len = 0;
	c->kind = kind;
	c->custom = name_of(ctx);
	add_why(c, why);
	return c;
}

static void set_attr(struct change *c, struct attr attr)
{
	if (attr.mode != KEEP)
		c->mode = attr.mode & 07777;
	if (attr.uid != KEEP)
		c->uid = attr.uid;
	if (attr.gid != KEEP)
		c->gid = attr.gid;
}

/*
 * mode is that of a new file.  FAT has neither mode nor owner; what is made where something was
 * removed keeps nothing of it.
 */
static void settle_attr(struct plan_ctx *ctx, struct change *c, struct attr attr, uint32_t mode,
			bool is_new)
{
	set_attr(c, attr);
	if (c->fresh || is_new) {
		c->mode = c->mode == KEEP ? mode : c->mode;
		c->uid = c->uid == KEEP ? 0 : c->uid;
		c->gid = c->gid == KEEP ? 0 : c->gid;
	}
	if (tree_is_fat(ctx->tree, c->path))
		c->mode = c->uid = c->gid = KEEP;
}

/* Nothing of what is below the plan at a directory's place stays: say so name by name. */
static int empty_dir(struct plan_ctx *ctx, struct plan_entry *dir, const char *why, struct err *e)
{
	const struct view below = plan_view_below(ctx);
	auto_strv names = {0};
	if (view_list(&below, dir->path, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir->path, *name);
		struct plan_entry *entry = plan_entry(ctx->plan, path);
		set_kind(ctx, entry, CHANGE_REMOVE, why);
		entry->hides = true;
	}
	return 0;
}

/* path is resolved, and there is nothing or a directory. */
static int make_dir(struct plan_ctx *ctx, const char *path, struct attr attr, const char *why,
		    struct err *e)
{
	struct plan_entry *entry = plan_entry(ctx->plan, path);
	struct fs_stat below;
	if (plan_look_below(ctx, path, &below, e) < 0)
		return -1;
	bool removed = entry->change && entry->change->kind == CHANGE_REMOVE;
	struct change *c = set_kind(ctx, entry, CHANGE_MKDIR, why);
	settle_attr(ctx, c, attr, 0755, below.type == FILE_NONE);
	entry->hides = below.type != FILE_DIR;
	return removed && !entry->hides ? empty_dir(ctx, entry, why, e) : 0;
}

/* Plan the directories that path needs and does not have. */
static int make_parents(struct plan_ctx *ctx, const char *path, const char *why, struct err *e)
{
	autofree char *parent = path_dir(path);
	struct fs_stat st;
	if (plan_look(ctx, parent, &st, e) < 0)
		return -1;
	for (size_t i = 1; st.type != FILE_DIR; i++) {
		i += strcspn(path + i, "/");
		autofree char *dir = xstrndup(path, i);
		struct fs_stat there;
		if (plan_look(ctx, dir, &there, e) < 0)
			return -1;
		if (there.type != FILE_NONE && there.type != FILE_DIR)
			return refuse(ctx, dir, "a directory", there.type, e);
		if (there.type == FILE_NONE && make_dir(ctx, dir, ATTR_ROOT(0755), why, e) < 0)
			return -1;
		if (strcmp(dir, parent) == 0)
			return 0;
	}
	return 0;
}

/* What is not there yet is refused before a build has done its work. */
static int check_names(struct plan_ctx *ctx, const char *path, struct err *e)
{
	const char *inner;
	const struct fs *fs = tree_fs(ctx->tree, path, &inner);
	auto_strv names = {0};
	if (!fs->ops->refuse_name)
		return 0;
	strv_split(&names, inner, "/");
	strv_foreach (name, &names) {
		const char *why = fs->ops->refuse_name(*name);
		if (why)
			return err_set(e, ERR_PROFILE,
				       "'%s' cannot be on %s: %s; rename it, or put it elsewhere",
				       path, fs->what, why);
	}
	return 0;
}

static int resolve(struct plan_ctx *ctx, const char *path, bool follow, char **ret,
		   struct fs_stat *st, struct err *e)
{
	autofree char *at = NULL;
	if (validate_path(path, e) < 0 || plan_resolve(ctx, path, follow, &at, st, e) < 0)
		return -1;
	if (strcmp(at, path) != 0 && validate_path(at, e) < 0)
		return err_wrap(e, "%s", path);
	if (st->type == FILE_NONE && check_names(ctx, at, e) < 0)
		return -1;
	*ret = steal(&at);
	return 0;
}

static bool is_secret_below(const struct plan_ctx *ctx, const char *path)
{
	const struct view below = plan_view_below(ctx);
	const struct change *c = view_written(&below, path);
	return c && c->secret;
}

/* content is owned by the caller until 0 is returned. */
static int write_content(struct plan_ctx *ctx, const char *path, const struct change *content,
			 struct attr attr, const char *why, struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (resolve(ctx, path, true, &at, &st, e) < 0)
		return -1;
	if (st.type != FILE_NONE && st.type != FILE_REGULAR)
		return refuse(ctx, at, "a file", st.type, e);
	if (make_parents(ctx, at, why, e) < 0)
		return -1;
	struct plan_entry *entry = plan_entry(ctx->plan, at);
	struct change *c = set_kind(ctx, entry, CHANGE_WRITE, why);
	c->data = content->data;
	c->len = content->len;
	c->host_path = content->host_path;
	/* What was made from a secret may still hold it. */
	c->secret = c->secret || content->secret || is_secret_below(ctx, at);
	settle_attr(ctx, c, attr, 0644, st.type == FILE_NONE);
	entry->hides = true;
	return 0;
}

static int write_data(struct plan_ctx *ctx, const char *path, const void *data, size_t len,
		      bool secret, struct attr attr, const char *why, struct err *e)
{
	struct change content = {.data = xmemdup(data, len), .len = len, .secret = secret};
	if (write_content(ctx, path, &content, attr, why, e) == 0)
		return 0;
	change_done(&content);
	return -1;
}

int plan_write(struct plan_ctx *ctx, const char *path, const void *data, size_t len,
	       struct attr attr, const char *why, struct err *e)
{
	return write_data(ctx, path, data, len, false, attr, why, e);
}

int plan_write_text(struct plan_ctx *ctx, const char *path, const char *text, struct attr attr,
		    const char *why, struct err *e)
{
	return write_data(ctx, path, text, strlen(text), false, attr, why, e);
}

int plan_write_secret(struct plan_ctx *ctx, const char *path, const void *data, size_t len,
		      struct attr attr, const char *why, struct err *e)
{
	return write_data(ctx, path, data, len, true, attr, why, e);
}

int plan_write_file(struct plan_ctx *ctx, const char *path, const char *host_path, struct attr attr,
		    const char *why, struct err *e)
{
	struct change content = {.host_path = xstrdup(host_path)};
	if (write_content(ctx, path, &content, attr, why, e) == 0)
		return 0;
	change_done(&content);
	return -1;
}

int plan_copy(struct plan_ctx *ctx, const char *from, const char *path, struct attr attr,
	      const char *why, struct err *e)
{
	const struct view v = {ctx->plan, ctx->tree, true};
	autofree char *at = NULL;
	auto_str text = STR_INIT;
	struct fs_stat st;
	if (plan_resolve(ctx, from, true, &at, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return refuse(ctx, at, "a file", st.type, e);
	if (view_read(&v, at, PLAN_COPY_MAX, &text, e) < 0)
		return -1;
	const struct change *planned = view_written(&v, at);
	struct change content = {.len = text.len,
				 .secret = !(st.mode & 0077) || (planned && planned->secret)};
	content.data = str_steal(&text);
	if (write_content(ctx, path, &content, attr, why, e) == 0)
		return 0;
	change_done(&content);
	return -1;
}

int plan_mkdir(struct plan_ctx *ctx, const char *path, struct attr attr, const char *why,
	       struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (resolve(ctx, path, false, &at, &st, e) < 0)
		return -1;
	if (st.type != FILE_NONE && st.type != FILE_DIR)
		return refuse(ctx, at, "a directory", st.type, e);
	if (make_parents(ctx, at, why, e) < 0)
		return -1;
	return make_dir(ctx, at, attr, why, e);
}

int plan_symlink(struct plan_ctx *ctx, const char *path, const char *target, const char *why,
		 struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (resolve(ctx, path, false, &at, &st, e) < 0)
		return -1;
	if (!*target || strlen(target) >= WALK_PATH_MAX)
		return err_set(e, ERR_PROFILE,
			       "%s: the target of a symbolic link has 1 to %d bytes", at,
			       WALK_PATH_MAX - 1);
	if (tree_is_fat(ctx->tree, at))
		return err_set(
			e, ERR_PROFILE,
			"%s: '%s' wants a symbolic link, which FAT does not have; use a copy", at,
			name_of(ctx));
	if (st.type == FILE_DIR)
		return refuse(ctx, at, "a symbolic link", st.type, e);
	if (make_parents(ctx, at, why, e) < 0)
		return -1;
	struct plan_entry *entry = plan_entry(ctx->plan, at);
	struct change *c = set_kind(ctx, entry, CHANGE_SYMLINK, why);
	c->target = xstrdup(target);
	c->mode = c->uid = c->gid = KEEP;
	c->secret = false;
	entry->hides = true;
	return 0;
}

static bool is_at_or_below(struct plan_entry *entry, void *arg)
{
	for (; entry; entry = entry->parent) {
		if (entry == arg)
			return true;
	}
	return false;
}

static bool has_planned(const struct plan_entry *entry)
{
	return entry->change || entry->child;
}

int plan_remove(struct plan_ctx *ctx, const char *path, const char *why, struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st, below;
	if (resolve(ctx, path, false, &at, &st, e) < 0)
		return -1;
	if (strcmp(at, "/") == 0 || tree_is_mount(ctx->tree, at))
		return err_set(e, ERR_PROFILE, "%s: '%s' wants to remove a whole file system", at,
			       name_of(ctx));
	if (st.type == FILE_NONE)
		return 0;
	struct plan_entry *entry = plan_entry(ctx->plan, at);
	if (has_planned(entry))
		plan_filter(ctx->plan, is_at_or_below, entry);
	if (plan_look_below(ctx, at, &below, e) < 0)
		return -1;
	if (below.type == FILE_NONE)
		return 0;
	set_kind(ctx, entry, CHANGE_REMOVE, why);
	entry->hides = true;
	return 0;
}

int plan_attr(struct plan_ctx *ctx, const char *path, struct attr attr, const char *why,
	      struct err *e)
{
	autofree char *at = NULL;
	struct fs_stat st;
	if (resolve(ctx, path, true, &at, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return err_set(e, ERR_PROFILE,
			       "%s: '%s' wants to set owner or mode, but nothing is there", at,
			       name_of(ctx));
	if ((attr.mode == KEEP && attr.uid == KEEP && attr.gid == KEEP) ||
	    tree_is_fat(ctx->tree, at))
		return 0;
	struct plan_entry *entry = plan_entry(ctx->plan, at);
	struct change *c = plan_add(ctx->plan, entry, CHANGE_ATTR);
	if (!c->custom)
		c->custom = name_of(ctx);
	set_attr(c, attr);
	add_why(c, why);
	return 0;
}
