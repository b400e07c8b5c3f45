/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "custom.h"
#include "io.h"
#include "mem.h"
#include "overlay.h"

#define ATTRS_MAX (1u << 20) /* bytes of the file attrs */

static int check_overlay(const char *text, struct err *e)
{
	if (*text && strcmp(text, ".") != 0 && strcmp(text, "..") != 0)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not an overlay: use a name such as 'common', or a path with a '/'",
		       text);
}

static const struct key keys[] = {
	{.name = "overlays",
	 .type = KEY_LIST,
	 .help = "trees of files to copy into the image, in this order",
	 .check = check_overlay},
	{.name = NULL},
};

/* ".../profiles" has the overlays beside it, any other directory has them inside. */
static char *overlays_of(const char *dir)
{
	if (strcmp(path_base(dir), "profiles") != 0)
		return path_join(dir, "overlays");
	autofree char *parent = path_dir(dir);
	return path_join(parent, "overlays");
}

static void list_places(const struct profile *p, const char *name, struct loc loc, struct strv *ret)
{
	auto_strv dirs = {0};
	strv_add_owned(&dirs, path_dir(loc.file ? loc.file : p->path));
	profile_search_path(&dirs);
	strv_foreach (dir, &dirs) {
		autofree char *overlays = overlays_of(*dir);
		autofree char *place = path_join(overlays, name);
		if (!strv_has(ret, place))
			strv_add(ret, place);
	}
}

/* One is enough; refuse_links has a word about those that are symlinks. */
static bool has_part(const char *dir)
{
	static const char *const parts[] = {"root", "bin", "share", "packages"};
	struct stat st;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		autofree char *path = path_join(dir, parts[i]);
		if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

static char *find_overlay(const struct profile *p, const char *name, struct loc loc, struct err *e)
{
	auto_strv places = {0};
	if (strchr(name, '/'))
		strv_add_owned(&places, profile_path(loc, name));
	else
		list_places(p, name, loc, &places);
	auto_str looked = STR_INIT;
	strv_foreach (place, &places) {
		autofree char *root = path_join(*place, "root");
		if (has_part(*place))
			return xstrdup(*place);
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", root);
	}
	err_at(e, loc, "overlay '%s' has no tree; looked for the directory %s", name,
	       str_text(&looked));
	return NULL;
}

/* The files of an overlay are those below its own directory; the user names only that one. */
static int refuse_links(const char *dir, struct loc loc, struct err *e)
{
	static const char *const parts[][2] = {{"root", "directory"},
					       {"bin", "directory"},
					       {"share", "directory"},
					       {"attrs", "file"},
					       {"packages", "file"}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		autofree char *path = path_join(dir, parts[i][0]);
		struct stat st;
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			return err_at(e, loc,
				      "overlay '%s': '%s' is a symlink, which is not followed; "
				      "make it a %s",
				      path_base(dir), path, parts[i][1]);
	}
	return 0;
}

static int read_attrs(struct overlay *o, struct err *e)
{
	auto_str text = STR_INIT;
	struct stat st;
	if (lstat(o->attrs_file, &st) < 0 && errno == ENOENT)
		return 0;
	autoclose int fd = open(o->attrs_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot open", o->attrs_file);
	if (io_read_fd(fd, o->attrs_file, ATTRS_MAX, &text, e) < 0)
		return -1;
	return attrs_parse(str_text(&text), text.len, o->attrs_file, &o->attrs, e);
}

int overlay_open(const struct profile *p, const char *name, struct loc loc, struct overlay *ret,
		 struct err *e)
{
	autofree char *dir = find_overlay(p, name, loc, e);
	if (!dir || refuse_links(dir, loc, e) < 0)
		return -1;
	auto_overlay o = {.loc = loc, .attrs_file = path_join(dir, "attrs")};
	o.dir = steal(&dir);
	if (read_attrs(&o, e) < 0)
		return -1;
	*ret = o;
	o = (struct overlay){0};
	return 0;
}

void overlay_done(struct overlay *o)
{
	free(o->dir);
	free(o->attrs_file);
	attrs_done(&o->attrs);
	*o = (struct overlay){0};
}

/* True when attrs marks templates: otherwise a node's stage has nothing to do. */
static bool has_templates(const struct overlay *o)
{
	for (size_t i = 0; i < o->attrs.n; i++) {
		if (o->attrs.entries[i].is_template)
			return true;
	}
	return false;
}

static struct loc item_loc(const struct value *v, size_t i)
{
	return v->list_loc ? v->list_loc[i] : v->loc;
}

int overlay_find_file(const struct plan_ctx *ctx, const char *path, char **ret, struct err *e)
{
	const struct value *v = profile_get(ctx->profile, "overlays");
	*ret = NULL;
	for (size_t i = v->list.n; i && !*ret; i--) {
		autofree char *dir = find_overlay(ctx->profile, v->list.v[i - 1],
						  item_loc(v, i - 1), e);
		if (!dir)
			return -1;
		autofree char *file = xasprintf("%s/root%s", dir, path);
		struct stat st;
		if (lstat(file, &st) == 0 && S_ISREG(st.st_mode))
			*ret = steal(&file);
	}
	return 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct value *v = profile_get(ctx->profile, "overlays");
	for (size_t i = 0; i < v->list.n; i++) {
		auto_overlay o = {0};
		if (overlay_open(ctx->profile, v->list.v[i], item_loc(v, i), &o, e) < 0)
			return -1;
		if (ctx->node && !has_templates(&o))
			continue;
		if (overlay_plan_tree(ctx, &o, e) < 0)
			return err_wrap(e, "%s:%d", o.loc.file, o.loc.line);
	}
	return 0;
}

int overlay_plan_named(struct plan_ctx *ctx, const char *name, struct loc loc, struct err *e)
{
	auto_overlay o = {0};
	if (overlay_open(ctx->profile, name, loc, &o, e) < 0)
		return -1;
	return overlay_plan_tree(ctx, &o, e);
}

static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	const struct value *v = profile_get(p, "overlays");
	(void)c;
	for (size_t i = 0; i < v->list.n; i++) {
		if (overlay_want(p, v->list.v[i], item_loc(v, i), ret, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_overlay = {
	.name = "overlay",
	.help = "trees of files, with owners, modes and templates",
	.keys = keys,
	.want = want,
	.plan = plan,
	.plan_node = plan,
};
