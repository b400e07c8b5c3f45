/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "apply.h"
#include "mem.h"
#include "plan_private.h"
#include "utf8.h"

#define LISTED 20 /* differences that a message names */

/* An entry alone is no decision: planning only looked there. */
static bool decides(const struct plan *above, const char *path)
{
	const struct plan_entry *entry = above ? plan_find(above, path) : NULL;
	return entry && entry->change;
}

/* The role gave what its node's change keeps. */
static struct change with_kept(const struct plan *p, const struct change *c)
{
	const struct plan_entry *entry = p->below ? plan_find(p->below, c->path) : NULL;
	const struct change *below = entry ? entry->change : NULL;
	struct change whole = *c;
	if (!below || (c->kind != CHANGE_ATTR && c->kind != below->kind))
		return whole;
	whole.mode = c->mode == KEEP ? below->mode : c->mode;
	whole.uid = c->uid == KEEP ? below->uid : c->uid;
	whole.gid = c->gid == KEEP ? below->gid : c->gid;
	return whole;
}

int plan_verify(const struct plan *p, const struct plan *above, struct tree *t, struct err *e)
{
	const struct view image = {.tree = t};
	auto_str list = STR_INIT;
	size_t different = 0;
	for (size_t i = 0; i < plan_count(p); i++) {
		const struct change *c = plan_get(p, i);
		const char *why = "";
		if (decides(above, c->path))
			continue;
		const struct change whole = with_kept(p, c);
		int holds = change_holds(&whole, &image, false, &why, e);
		if (holds < 0)
			return err_wrap(e, "%s", c->path);
		if (holds || ++different > LISTED)
			continue;
		str_printf(&list, "\n  ");
		utf8_visible(&list, c->path, strlen(c->path), false);
		str_printf(&list, ": %s", why);
	}
	if (!different)
		return 0;
	const char *inner;
	return err_set(e, ERR_CHECK, "%s: not as the profile wants it, %zu of %zu changes:%s%s",
		       tree_fs(t, "/", &inner)->what, different, plan_count(p), str_text(&list),
		       different > LISTED ? "\n  …" : "");
}
