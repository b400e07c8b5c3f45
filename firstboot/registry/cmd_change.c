/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands that change one record: find it, change it, commit, announce. */
#include <stdio.h>

#include "change.h"
#include "find.h"
#include "mem.h"

static int change_found(const struct options *o, struct store *s, const struct view *v,
			int (*change)(struct change *, struct err *), struct str *said,
			struct err *e)
{
	const struct record *found;
	auto_record r = {0};
	if (find_one(v, o->cli.operands.v[0], &found, e) < 0)
		return -1;
	int there = store_by_id(s, found->id, &r, e);
	if (there <= 0)
		return there < 0 ? -1 : err_set(e, ERR_FAILED, "it is gone; look again");
	struct change c = {o, s, v, &r, said};
	return change(&c, e) < 0 || store_generation_next(s, e) < 0 ? -1 : 0;
}

/* The view is read after begin, so nobody changes it before the commit. */
static int run(const struct options *o, int (*change)(struct change *, struct err *), struct err *e)
{
	auto_store *s = NULL;
	auto_view v = {0};
	auto_str said = STR_INIT;
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0 || store_begin(s, e) < 0 ||
	    view_read(s, &v, e) < 0 || change_found(o, s, &v, change, &said, e) < 0 ||
	    store_commit(s, e) < 0)
		return -1;
	fputs(str_text(&said), stdout); /* it is so, even if the files do not follow */
	return store_announce(s, e);
}

int cmd_approve(const struct options *o, struct err *e)
{
	return run(o, change_approve, e);
}

int cmd_quarantine(const struct options *o, struct err *e)
{
	return run(o, change_quarantine, e);
}

int cmd_decommission(const struct options *o, struct err *e)
{
	return run(o, change_decommission, e);
}

int cmd_rename(const struct options *o, struct err *e)
{
	return run(o, change_rename, e);
}
