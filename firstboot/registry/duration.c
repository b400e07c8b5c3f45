/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "duration.h"
#include "mem.h"
#include "str.h"

/* A number and s, m, h or d. */
int duration_parse(const char *option, const char *text, long long *ret, struct err *e)
{
	static const char units[] = "smhd";
	static const long long seconds[] = {1, 60, 3600, 86400};
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	autofree char *number = xstrndup(text, len ? len - 1 : 0);
	long long n;
	if (unit && *unit && parse_number(number, 1, DURATION_MAX / seconds[unit - units], &n)) {
		*ret = n * seconds[unit - units];
		return 0;
	}
	return err_set(e, ERR_USAGE, "--%s: '%s' is not a time such as 90s, 30m or 2h, at most 7d",
		       option, text);
}
