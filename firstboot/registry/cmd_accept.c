/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "options.h"
#include "window.h"

#define FOR_MAX (7 * 86400LL)

/* "30m": a number and s, m, h or d. */
static int parse_time(const char *text, long long *ret, struct err *e)
{
	static const char units[] = "smhd";
	static const long long seconds[] = {1, 60, 3600, 86400};
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	autofree char *number = xstrndup(text, len ? len - 1 : 0);
	long long n;
	if (unit && *unit && parse_number(number, 1, FOR_MAX / seconds[unit - units], &n)) {
		*ret = n * seconds[unit - units];
		return 0;
	}
	return err_set(e, ERR_USAGE, "--for: '%s' is not a time such as 90s, 30m or 2h, at most 7d",
		       text);
}

static int open_for(const struct options *o, struct store *s, struct err *e)
{
	autofree char *role = NULL;
	long long time = 0;
	if (!o->max || !o->for_time)
		return err_set(e, ERR_USAGE, "accept: needs --max and --for, or --close");
	if (parse_time(o->for_time, &time, e) < 0 || store_setting_text(s, "join", &role, e) < 0)
		return -1;
	if (!role)
		return err_set(e, ERR_FAILED,
			       "the plan has no 'join = ROLE', so no board may join");
	if (window_open(s, role, o->max, time, e) < 0)
		return -1;
	printf("the next %ld boards that ask are accepted as %s, for %s\n", o->max, role,
	       o->for_time);
	return 0;
}

int cmd_accept(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0 || store_begin(s, e) < 0)
		return -1;
	int r = o->close ? window_close(s, e) : open_for(o, s, e);
	return r < 0 ? -1 : store_commit(s, e);
}
