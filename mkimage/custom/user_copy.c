/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trees of the image: copied into a home, moved with a name, given to another number. */
#include <string.h>

#include "mem.h"
#include "user.h"

#define DEPTH_MAX 32
#define ENTRIES_MAX 20000
#define BYTES_MAX (64u << 20)

/* A walk under way; the image may be hostile, so there is an end to it. */
struct walk {
	struct plan_ctx *ctx;
	const struct user_tree *tree;
	size_t entries;
	uint64_t bytes;
};

static int copy_dir(struct walk *w, const char *from, const char *to, unsigned depth,
		    struct err *e);

static int too_much(const struct walk *w, struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       "%s in the image is no home: more than %d files, %u MiB or %d directories "
		       "deep%s",
		       w->tree->from, ENTRIES_MAX, BYTES_MAX >> 20, DEPTH_MAX, w->tree->advice);
}

/* One more of a directory's names. */
static int count(struct walk *w, struct err *e)
{
	return ++w->entries > ENTRIES_MAX ? too_much(w, e) : 0;
}

static uint32_t owner(uint32_t wanted, uint32_t is)
{
	return wanted == KEEP ? is : wanted;
}

static struct attr attr_of(const struct walk *w, const struct fs_stat *st)
{
	return (struct attr){st->mode, owner(w->tree->uid, st->uid), owner(w->tree->gid, st->gid)};
}

static int copy_file(struct walk *w, const char *from, const char *to, const struct fs_stat *st,
		     struct err *e)
{
	if (st->size > BYTES_MAX - w->bytes)
		return too_much(w, e);
	w->bytes += st->size;
	return plan_copy(w->ctx, from, to, attr_of(w, st), w->tree->why, e);
}

/* A link into the tree itself by its whole path goes where the tree goes. */
static int copy_link(struct walk *w, const char *to, const char *target, struct err *e)
{
	auto_str moved = STR_INIT;
	size_t len = strlen(w->tree->from);
	bool inside = strncmp(target, w->tree->from, len) == 0 && strchr("/", target[len]);
	str_printf(&moved, "%s%s", inside ? w->tree->to : "", inside ? target + len : target);
	return plan_symlink(w->ctx, to, str_text(&moved), w->tree->why, e);
}

/* What is there already stays. */
static int copy_item(struct walk *w, const char *from, const char *to, unsigned depth,
		     struct err *e)
{
	struct fs_stat st;
	autofree char *target = NULL;
	int there = plan_exists(w->ctx, to, e);
	if (there < 0 || plan_readlink(w->ctx, from, &target, e) < 0)
		return -1;
	if (target)
		return there ? 0 : copy_link(w, to, target, e);
	if (plan_stat(w->ctx, from, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return copy_dir(w, from, to, depth + 1, e);
	if (st.type == FILE_REGULAR)
		return there ? 0 : copy_file(w, from, to, &st, e);
	plan_note(w->ctx, "%s is not copied to %s: neither file, directory nor symlink", from, to);
	return 0;
}

static int copy_dir(struct walk *w, const char *from, const char *to, unsigned depth, struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st, there;
	if (depth > DEPTH_MAX)
		return too_much(w, e);
	if (plan_list(w->ctx, from, &names, e) < 0 || plan_stat(w->ctx, from, &st, e) < 0 ||
	    plan_stat(w->ctx, to, &there, e) < 0)
		return -1;
	if (there.type == FILE_NONE && plan_mkdir(w->ctx, to, attr_of(w, &st), w->tree->why, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *inner_from = path_join(from, *name);
		autofree char *inner_to = path_join(to, *name);
		if (count(w, e) < 0 || copy_item(w, inner_from, inner_to, depth, e) < 0)
			return -1;
	}
	return 0;
}

int user_copy_tree(struct plan_ctx *ctx, const struct user_tree *tree, struct err *e)
{
	struct walk w = {.ctx = ctx, .tree = tree};
	struct fs_stat st;
	int there = plan_exists(ctx, tree->to, e);
	if (there < 0 || plan_stat(ctx, tree->from, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return copy_dir(&w, tree->from, tree->to, 0, e);
	return st.type == FILE_REGULAR && !there ? copy_file(&w, tree->from, tree->to, &st, e) : 0;
}

/* From one number to another. */
struct renumber {
	struct walk walk;
	const struct user_ids *from, *to;
};

static int own_item(struct renumber *r, const char *path, unsigned depth, struct err *e)
{
	struct plan_ctx *ctx = r->walk.ctx;
	struct fs_stat st;
	auto_strv names = {0};
	if (plan_lstat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE || st.type == FILE_SYMLINK)
		return 0;
	struct attr attr = {KEEP, st.uid == r->from->uid ? r->to->uid : KEEP,
			    st.gid == r->from->gid ? r->to->gid : KEEP};
	if (plan_attr(ctx, path, attr, r->walk.tree->why, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	if (depth > DEPTH_MAX)
		return too_much(&r->walk, e);
	if (plan_list(ctx, path, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *inner = path_join(path, *name);
		if (count(&r->walk, e) < 0 || own_item(r, inner, depth + 1, e) < 0)
			return -1;
	}
	return 0;
}

int user_own_tree(struct plan_ctx *ctx, const struct user_tree *tree, const struct user_ids *from,
		  const struct user_ids *to, struct err *e)
{
	struct renumber r = {.walk = {.ctx = ctx, .tree = tree}, .from = from, .to = to};
	return own_item(&r, tree->from, 0, e);
}
