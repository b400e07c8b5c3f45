/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "build.h"
#include "commands.h"
#include "io.h"
#include "mem.h"

/* A base that lies in the output directory under a node's name must not be replaced. */
static int protect_base(const struct session *s, const char *dir, struct err *e)
{
	const struct value *base = profile_get(s->profile, "base");
	autofree char *given = profile_path(base->loc, base->str);
	for (size_t i = 0; i < s->n_nodes; i++) {
		autofree char *name = xasprintf("%s.img", s->nodes[i].hostname);
		if (output_check(dir, name, s->source->path, e) < 0 ||
		    output_check(dir, name, given, e) < 0)
			return -1;
	}
	return 0;
}

/* Without reflinks every image takes what is used; said before anything is written. */
static int check_space(const struct build *b, uint64_t used, struct err *e)
{
	size_t n = b->session->n_nodes;
	autofree char *what = xasprintf("%s: %zu images", b->dir, n);
	return io_check_space(b->dir, what, used * n,
			      "make room, or choose another disk with --output", e);
}

static int copy_base(struct build *b, const char *what, struct err *e)
{
	const struct disk *d = b->session->base->disk;
	auto_blockmap map = {0};
	if (blockmap_build(d, &map, e) < 0)
		return -1;
	autoclose int from = open(b->session->base->path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", b->session->base->name);
	if (!output_can_clone(&b->role, from) && check_space(b, map.used, e) < 0)
		return -1;
	return blockmap_copy(from, b->role.fd, what, d->size, &map, NULL, NULL, e);
}

static int grow(struct build *b, struct err *e)
{
	const struct session *s = b->session;
	if (!session_grows(s))
		return 0;
	return image_grow(b->role.path, s->base->name, s->base->root, session_image_size(s), e);
}

static int patch_role(struct build *b, const char *what, struct err *e)
{
	const struct session *s = b->session;
	const struct build_target t = {.path = b->role.path,
				       .name = what,
				       .like = session_grows(s) ? NULL : s->base->disk};
	return build_patch(s, &t, b->plans.role, NULL, e);
}

static int map_role(struct build *b, const char *what, struct err *e)
{
	if (disk_probe(b->role.path, what, &b->disk, e) < 0)
		return -1;
	b->size = b->disk->size;
	return blockmap_build(b->disk, &b->used, e);
}

static int make_role(struct build *b, struct err *e)
{
	const struct session *s = b->session;
	const char *role = profile_str(s->profile, "role");
	autofree char *name = xasprintf("%s.role", role);
	autofree char *what = xasprintf("%s image", role);
	autofree char *where = xasprintf("%s: %s", b->dir, what);
	int step = progress_start(s->progress, what, 0);
	if (output_begin(b->dir, name, &b->role, e) < 0 || copy_base(b, where, e) < 0 ||
	    grow(b, e) < 0 || patch_role(b, where, e) < 0 || map_role(b, where, e) < 0) {
		progress_end(s->progress, step, "failed");
		return -1;
	}
	autofree char *note = xasprintf("%zu changes", plan_count(b->plans.role));
	progress_end(s->progress, step, note);
	return 0;
}

int cmd_build(const struct options *o, struct err *e)
{
	auto_session s = SESSION_INIT;
	const char *dir = o->output ? o->output : "out";
	if (session_open(o, CLUSTER_WRITE, &s, e) < 0)
		return -1;
	progress_say(s.progress, "profile %s, base %s, into %s", s.profile->path,
		     profile_str(s.profile, "base"), dir);
	if (session_open_base(&s, e) < 0 || protect_base(&s, dir, e) < 0)
		return -1;
	auto_build b = {.session = &s, .dir = dir, .check = o->check, .role = OUTPUT_INIT};
	if (build_plans_make(&s, &b.plans, e) < 0 || build_enter(&s, e) < 0 || make_role(&b, e) < 0)
		return -1;
	if (build_nodes(&b, (unsigned)o->jobs, e) < 0)
		return -1;
	build_print(&b, o->cli.json);
	return 0;
}
