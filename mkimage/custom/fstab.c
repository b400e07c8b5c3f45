/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /etc/fstab is judged before a board is to boot with it. */
#include <string.h>

#include "custom.h"
#include "fstab_check.h"
#include "fstab.h"
#include "mem.h"
#include "overlay.h"
#include "text.h"

static bool is_planned(const struct plan *p, const char *path)
{
	for (size_t i = 0; i < plan_count(p); i++) {
		const struct change *c = plan_get(p, i);
		if (c->kind == CHANGE_WRITE && strcmp(c->path, path) == 0)
			return true;
	}
	return false;
}

int fstab_overlay(struct plan_ctx *ctx, char **ret, struct err *e)
{
	*ret = NULL;
	return is_planned(ctx->plan, FSTAB) ? overlay_find_file(ctx, FSTAB, ret, e) : 0;
}

/* What the user wrote must be right; what the image came with is no reason not to build. */
static int judge(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	auto_fstab f = {0};
	autofree char *overlay = NULL;
	if (text_read_optional(ctx, FSTAB, &text, e) < 0 || fstab_overlay(ctx, &overlay, e) < 0)
		return -1;
	fstab_parse(str_text(&text), &f);
	for (size_t i = 0; i < f.n; i++) {
		const struct fstab_entry *entry = &f.entries[i];
		if (!entry->wrong)
			continue;
		if (overlay)
			return err_set(e, ERR_PROFILE, "%s:%d: %s; correct the line or take it out",
				       overlay, entry->line, entry->wrong);
		plan_note(ctx, "line %d of the image's own " FSTAB " is not right: %s", entry->line,
			  entry->wrong);
	}
	return 0;
}

/* Again for a node only when a template of an overlay gives it a file of its own. */
static int judge_node(struct plan_ctx *ctx, struct err *e)
{
	return is_planned(ctx->plan, FSTAB) ? judge(ctx, e) : 0;
}

const struct custom custom_fstab = {
	.name = "fstab",
	.help = "a line of /etc/fstab that an overlay brings and mount cannot read is refused",
	.plan = judge,
	.plan_node = judge_node,
};
