/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the profile adds to a home: directories of the host, programs of the overlays. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edit.h"
#include "io.h"
#include "mem.h"
#include "overlay.h"
#include "text.h"
#include "user.h"
#include "user_db.h"

#define PROFILE_D "/etc/profile.d"
#define PATH_LINES                                             \
	"# Programs of the user's own, before the system's.\n" \
	"case \":$PATH:\" in\n"                                \
	"*\":$HOME/bin:\"*) ;;\n"                              \
	"*) PATH=\"$HOME/bin:$PATH\" ;;\n"                     \
	"esac\n"

static bool has_home(const struct user *u)
{
	return u->home && u->home[0] == '/';
}

static int plan_directory(struct plan_ctx *ctx, const struct user *u, struct loc loc,
			  const char *name, struct err *e)
{
	autofree char *path = profile_path(loc, name);
	autofree char *why = xasprintf("skeleton '%s'", name);
	const struct overlay_copy copy = {
		.from = path, .to = u->home, .uid = u->uid, .gid = u->gid, .why = why};
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_at(
			e, loc,
			"skeleton '%s' of user '%s' is missing; make that directory or correct "
			"its name",
			path, u->name);
	if (!io_is_dir(path))
		return err_at(
			e, loc,
			"skeleton '%s' of user '%s' is not a directory; its content goes into "
			"the home",
			path, u->name);
	if (overlay_plan_copy(ctx, &copy, e) < 0)
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	return 0;
}

int user_plan_skeleton(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const struct value *v = section_get(u->section, "skeleton");
	if (v->list.n && !has_home(u))
		return err_at(e, v->loc, "user '%s' has a skeleton but no home", u->name);
	for (size_t i = 0; i < v->list.n; i++) {
		struct loc loc = v->list_loc ? v->list_loc[i] : v->loc;
		if (plan_directory(ctx, u, loc, v->list.v[i], e) < 0)
			return -1;
	}
	return 0;
}

static int plan_programs(struct plan_ctx *ctx, const struct user *u, struct loc loc,
			 const char *overlay, struct err *e)
{
	auto_overlay o = {0};
	if (overlay_open(ctx->profile, overlay, loc, &o, e) < 0)
		return -1;
	autofree char *from = path_join(o.dir, "bin"), *to = path_join(u->home, "bin");
	autofree char *why = xasprintf("programs of overlay '%s'", overlay);
	struct attr attr = {0755, u->uid, u->gid};
	const struct overlay_copy copy = {
		.from = from, .to = to, .uid = u->uid, .gid = u->gid, .programs = true, .why = why};
	if (!io_is_dir(from))
		return 0;
	if (plan_mkdir(ctx, to, attr, why, e) < 0)
		return -1;
	return overlay_plan_copy(ctx, &copy, e);
}

/*
 * A login shell reads /etc/profile.d. bash reads ~/.bashrc when it is interactive, and Debian's and
 * Fedora's also for `ssh node command`: so the lines come first, before a stock .bashrc returns.
 */
static int plan_path(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	autofree char *line = NULL, *rc = path_join(u->home, ".bashrc");
	auto_str old = STR_INIT, text = STR_INIT;
	if (plan_write_text(ctx, PROFILE_D "/cardstock-path.sh", PATH_LINES, ATTR_ROOT(0644),
			    "~/bin in PATH", e) < 0 ||
	    user_db_get(ctx, PASSWD, u->name, &line, e) < 0)
		return -1;
	autofree char *shell = line ? db_field(line, 6) : NULL;
	if (!shell || strcmp(path_base(shell), "bash") != 0)
		return 0;
	int found = text_read_optional(ctx, rc, &old, e);
	if (found < 0)
		return -1;
	block_set_first(&text, str_text(&old), "path", PATH_LINES);
	struct attr attr = found ? ATTR_KEEP : (struct attr){0644, u->uid, u->gid};
	return plan_write(ctx, rc, str_text(&text), text.len, attr, "~/bin in PATH", e);
}

int user_plan_bin(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	const struct value *wanted = section_get(u->section, "bin");
	const struct value *v = profile_get(ctx->profile, "overlays");
	if (!(wanted->set ? wanted->on : u->uid >= UID_PEOPLE) || !has_home(u))
		return 0;
	for (size_t i = 0; i < v->list.n; i++) {
		struct loc loc = v->list_loc ? v->list_loc[i] : v->loc;
		if (plan_programs(ctx, u, loc, v->list.v[i], e) < 0)
			return -1;
	}
	return plan_path(ctx, u, e);
}
