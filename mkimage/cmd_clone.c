/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A card that was in use becomes the images of other nodes: one copy of what it has, and from there
 * as in a build, but with the plans of clones.
 */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "clone_session.h"
#include "commands.h"
#include "mem.h"

static int protect_source(const struct session *s, const char *dir, const char *source,
			  struct err *e)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		autofree char *name = xasprintf("%s.img", s->nodes[i].hostname);
		if (output_check(dir, name, source, e) < 0)
			return -1;
	}
	return 0;
}

static int shrink(const struct clone_session *c, const struct build *b, struct err *e)
{
	struct progress *p = c->session.progress;
	int step = progress_start(p, "shrink", 0);
	int r = image_shrink(b->role.fd, b->role.path, c->source.disk->name, c->session.base->root,
			     c->session.now, e);
	progress_end(p, step, r < 0 ? "failed" : NULL);
	return r;
}

/* The image that all nodes are copies of: the card's, ready for ids of their own. */
static int make_common(struct clone_session *c, struct build *b, const struct options *o,
		       struct err *e)
{
	if (clone_session_copy(c, e) < 0)
		return -1;
	b->role = c->copy;
	c->copy = (struct output)OUTPUT_INIT;
	if (o->shrink && shrink(c, b, e) < 0)
		return -1;
	const struct build_target t = {.path = b->role.path, .name = c->source.disk->name};
	if (build_patch(b->session, &t, b->plans.role, NULL, e) < 0)
		return -1;
	return clone_used(b->role.path, c->source.disk->name, b->rescue, &b->size, &b->used, e);
}

/* Raspberry Pi OS and others have growers of their own, so this is no more than a note. */
static int look_for_grower(const struct session *s, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(s->base->tree, "/usr/lib/cardstock/firstboot-grow", &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		progress_say(s->progress,
			     "note: firstboot is not in this image; unless another program grows "
			     "the root at the first boot, it stays as small as it is");
	return 0;
}

static int check_shrink(const struct session *s, const struct options *o, struct err *e)
{
	if (!o->shrink)
		return 0;
	return image_shrink_check(s->base, e) < 0 ? -1 : look_for_grower(s, e);
}

static int clone_nodes(struct clone_session *c, const struct options *o, struct err *e)
{
	const char *dir = o->output ? o->output : "out", *source = o->cli.operands.v[0];
	if (clone_session_open(o, source, dir, CLUSTER_WRITE, c, e) < 0 ||
	    protect_source(&c->session, dir, source, e) < 0 || check_shrink(&c->session, o, e) < 0)
		return -1;
	auto_build b = {.session = &c->session,
			.dir = dir,
			.check = o->check,
			.rescue = o->rescue,
			.wipe = true,
			.role = OUTPUT_INIT};
	if (build_plans_make(&c->session, &b.plans, e) < 0 || make_common(c, &b, o, e) < 0 ||
	    build_enter(&c->session, e) < 0 || build_nodes(&b, (unsigned)o->jobs, e) < 0)
		return -1;
	build_print(&b, o->cli.json);
	return 0;
}

/* Neither --quiet nor a program that reads exit codes may miss that a clone is not the card. */
static int tell_lost(const struct clone_session *c, int result, struct err *e)
{
	auto_str lines = STR_INIT;
	strv_foreach (line, &c->source.lost)
		str_printf(&lines, "\n%s", *line);
	if (!c->source.lost.n)
		return result;
	if (result < 0)
		return err_set(e, e->code, "%s%s", e->msg, str_text(&lines));
	return err_set(e, ERR_LOST, "%s: the images are made, but not all of it could be read:%s",
		       c->source.disk->name, str_text(&lines));
}

int cmd_clone(const struct options *o, struct err *e)
{
	auto_clone_session c = CLONE_SESSION_INIT;
	return tell_lost(&c, clone_nodes(&c, o, e), e);
}
