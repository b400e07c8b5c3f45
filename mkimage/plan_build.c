/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "mem.h"
#include "plan_private.h"

/* What is to be dropped is decided first: dropping changes what the view shows. */
struct verdicts {
	struct plan_entry **entries; /* to be dropped, in the order of the plan */
	size_t n, next;
};

static bool is_next(struct plan_entry *entry, void *arg)
{
	struct verdicts *v = arg;
	if (v->next == v->n || v->entries[v->next] != entry)
		return false;
	v->next++;
	return true;
}

int plan_drop_unchanged(struct plan_ctx *ctx, struct err *e)
{
	struct plan *p = ctx->plan;
	const struct view below = plan_view_below(ctx);
	autofree struct plan_entry **entries = xcalloc(p->n + 1, sizeof(*entries));
	struct verdicts verdicts = {.entries = entries};
	for (size_t i = 0; i < p->n; i++) {
		const char *why;
		int holds = change_holds(p->order[i]->change, &below, true, &why, e);
		if (holds < 0)
			return -1;
		if (holds)
			entries[verdicts.n++] = p->order[i];
	}
	plan_filter(p, is_next, &verdicts);
	return 0;
}

/* "profiles/worker.conf:12: …", as err_at writes it. */
static bool has_place(const char *msg)
{
	const char *end = strstr(msg, ": ");
	const char *digits = end;
	while (digits && digits > msg && isdigit((unsigned char)digits[-1]))
		digits--;
	return end && digits < end && digits > msg && digits[-1] == ':';
}

/* A message that has a place in a profile, or names the customisation, needs no more. */
static int wrap(const struct plan_ctx *ctx, struct err *e)
{
	autofree char *quoted = xasprintf("'%s'", ctx->custom);
	if (e->msg && (has_place(e->msg) || strstr(e->msg, quoted)))
		return -1;
	return err_wrap(e, "%s", ctx->custom);
}

enum stage { STAGE_ROLE, STAGE_NODE, STAGE_CLONE };

static int run_custom(struct plan_ctx *ctx, const struct custom *c, enum stage stage, struct err *e)
{
	int (*plan)(struct plan_ctx * ctx, struct err * e) = stage == STAGE_ROLE   ? c->plan
							     : stage == STAGE_NODE ? c->plan_node
										   : c->plan_clone;
	return plan ? plan(ctx, e) : 0;
}

static int run_stage(struct plan_ctx *ctx, const struct custom *const *list, enum stage stage,
		     struct err *e)
{
	for (; *list; list++) {
		ctx->custom = (*list)->name;
		if (run_custom(ctx, *list, stage, e) < 0)
			return wrap(ctx, e);
	}
	ctx->custom = NULL;
	return 0;
}

int plan_build(struct plan_ctx *ctx, const struct custom *const *list, struct err *e)
{
	if (run_stage(ctx, list, ctx->node ? STAGE_NODE : STAGE_ROLE, e) < 0)
		return -1;
	return plan_drop_unchanged(ctx, e);
}

int plan_build_role(struct plan_ctx *ctx, struct err *e)
{
	return plan_build(ctx, customs, e);
}

int plan_build_node(struct plan_ctx *ctx, struct err *e)
{
	return plan_build(ctx, customs, e);
}

int plan_build_clone(struct plan_ctx *ctx, struct err *e)
{
	if (run_stage(ctx, customs, STAGE_CLONE, e) < 0 ||
	    run_stage(ctx, customs, STAGE_NODE, e) < 0)
		return -1;
	return plan_drop_unchanged(ctx, e);
}
