/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's home, filled from the skeleton. */
#include <string.h>

#include "mem.h"
#include "user.h"

#define SKEL "/etc/skel"
#define SKEL_DEPTH 16
#define SKEL_ENTRIES 4096
#define SKEL_BYTES (8u << 20)

/* A copy of the skeleton under way; the image may be hostile, so there is an end to it. */
struct copy {
	struct plan_ctx *ctx;
	const struct user *user;
	size_t entries, bytes;
};

static int copy_dir(struct copy *c, const char *from, const char *to, unsigned depth,
		    struct err *e);

static int too_much(struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       SKEL " in the image is not a skeleton for homes: more than %d files, %u MiB "
			    "or %d directories deep",
		       SKEL_ENTRIES, SKEL_BYTES >> 20, SKEL_DEPTH);
}

static int copy_file(struct copy *c, const char *from, const char *to, const struct fs_stat *st,
		     struct err *e)
{
	auto_str text = STR_INIT;
	if (st->size > SKEL_BYTES - c->bytes)
		return too_much(e);
	if (plan_read(c->ctx, from, &text, e) < 0)
		return -1;
	c->bytes += text.len < SKEL_BYTES - c->bytes ? text.len : SKEL_BYTES - c->bytes;
	struct attr attr = {st->mode, c->user->uid, c->user->gid};
	return plan_write(c->ctx, to, str_text(&text), text.len, attr, "from " SKEL, e);
}

/* What the home has already stays. */
static int copy_item(struct copy *c, const char *from, const char *to, unsigned depth,
		     struct err *e)
{
	struct fs_stat st;
	autofree char *target = NULL;
	int there = plan_exists(c->ctx, to, e);
	if (there < 0 || plan_readlink(c->ctx, from, &target, e) < 0)
		return -1;
	if (target)
		return there ? 0 : plan_symlink(c->ctx, to, target, "from " SKEL, e);
	if (plan_stat(c->ctx, from, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return copy_dir(c, from, to, depth + 1, e);
	if (there || st.type != FILE_REGULAR)
		return 0;
	return copy_file(c, from, to, &st, e);
}

static int copy_dir(struct copy *c, const char *from, const char *to, unsigned depth, struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st, there;
	if (depth > SKEL_DEPTH)
		return too_much(e);
	if (plan_list(c->ctx, from, &names, e) < 0 || plan_stat(c->ctx, from, &st, e) < 0 ||
	    plan_stat(c->ctx, to, &there, e) < 0)
		return -1;
	struct attr attr = {st.mode, c->user->uid, c->user->gid};
	if (there.type == FILE_NONE && plan_mkdir(c->ctx, to, attr, "from " SKEL, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *inner_from = path_join(from, *name);
		autofree char *inner_to = path_join(to, *name);
		if (++c->entries > SKEL_ENTRIES)
			return too_much(e);
		if (copy_item(c, inner_from, inner_to, depth, e) < 0)
			return -1;
	}
	return 0;
}

int user_plan_home(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	struct fs_stat home, skel;
	if (!u->home || u->home[0] != '/')
		return 0;
	if (plan_stat(ctx, u->home, &home, e) < 0 || plan_stat(ctx, SKEL, &skel, e) < 0)
		return -1;
	if (home.type != FILE_NONE && home.type != FILE_DIR)
		return user_err(u, "home", e,
				"home '%s' of user '%s' is not a directory in the image", u->home,
				u->name);
	if (home.type == FILE_DIR && !u->is_new)
		return 0;
	struct attr attr = {home.type == FILE_DIR ? KEEP : 0700, u->uid, u->gid};
	struct copy c = {.ctx = ctx, .user = u};
	if (plan_mkdir(ctx, u->home, attr, "home", e) < 0)
		return -1;
	return skel.type == FILE_DIR ? copy_dir(&c, SKEL, u->home, 0, e) : 0;
}
