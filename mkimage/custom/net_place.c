/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The planned address of a board that nobody planned: its files are those of a planned node, with a
 * mark in place of the address, at a place where only firstboot looks (place_files.h).
 */
#include "place_files.h"

#include "mem.h"
#include "net.h"

#define WHY "the board gets the address that the master tells it"

/* What the stack would write for a node, on top of the plan so far. */
static int plan_static(struct plan_ctx *ctx, const struct net_stack *stack,
		       const struct net_wired *w, struct plan *scratch, struct err *e)
{
	struct plan_ctx other = *ctx;
	struct net_wired planned = *w;
	other.plan = scratch;
	planned.address = PLACE_ADDRESS;
	return stack->write_wired(&other, &planned, e);
}

static int plan_template(struct plan_ctx *ctx, const struct change *c, struct str *list,
			 struct err *e)
{
	autofree char *path = path_join(PLACE_DIR, c->path + 1);
	struct fs_stat st = {.mode = c->mode};
	if (c->kind != CHANGE_WRITE)
		return 0;
	if (c->mode == KEEP && plan_stat(ctx, c->path, &st, e) < 0)
		return -1;
	str_printf(list, "file = %s\n", c->path);
	return plan_write(ctx, path, c->data, c->len, ATTR_ROOT(st.mode), WHY, e);
}

int net_plan_place(struct plan_ctx *ctx, const struct net_stack *stack, const struct net_wired *w,
		   struct err *e)
{
	auto_plan *scratch = plan_new(ctx->plan);
	auto_str text = STR_INIT;
	str_printf(&text, NET_HEADER "version = %d\n", PLACE_VERSION);
	if (stack) {
		str_printf(&text, "network = %s\n", stack->name);
		if (plan_static(ctx, stack, w, scratch, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < plan_count(scratch); i++) {
		if (plan_template(ctx, plan_get(scratch, i), &text, e) < 0)
			return -1;
	}
	return plan_write_text(ctx, PLACE_CONF, str_text(&text), ATTR_ROOT(0644), WHY, e);
}
