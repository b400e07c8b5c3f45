/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "duration.h"
#include "mem.h"
#include "options.h"
#include "window.h"

static int open_for(const struct options *o, struct store *s, struct str *said, struct err *e)
{
	autofree char *role = NULL;
	long long time = 0;
	if (!o->max || !o->for_time)
		return err_set(e, ERR_USAGE, "accept: needs --max and --for, or --close");
	if (duration_parse("for", o->for_time, &time, e) < 0 ||
	    store_setting_text(s, "join", &role, e) < 0)
		return -1;
	if (!role)
		return err_set(e, ERR_FAILED,
			       "the plan has no 'join = ROLE', so no board may join");
	if (window_open(s, role, o->max, time, e) < 0)
		return -1;
	str_printf(said, "the next %ld boards that ask are accepted as %s, for %s\n", o->max, role,
		   o->for_time);
	return 0;
}

int cmd_accept(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	auto_str said = STR_INIT;
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0 || store_begin(s, e) < 0)
		return -1;
	int r = o->close ? window_close(s, e) : open_for(o, s, &said, e);
	if (r < 0 || store_commit(s, e) < 0)
		return -1;
	fputs(str_text(&said), stdout);
	return 0;
}
