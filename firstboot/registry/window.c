/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io.h"
#include "mem.h"
#include "window.h"

#define SETTING "window"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* "ROLE MAX USED UNTIL BOOT", as the registry keeps it. */
enum { ROLE, MAX, USED, UNTIL, BOOT, WORDS };

static long long boot_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* Without its newline; owned. */
static char *boot_id(struct err *e)
{
	auto_str text = STR_INIT;
	if (io_read_file(BOOT_ID, 64, &text, e) < 0)
		return NULL;
	return xstrndup(str_text(&text), strcspn(str_text(&text), "\n"));
}

static int put(struct store *s, const struct window *w, long long until, const char *boot,
	       struct err *e)
{
	autofree char *text = xasprintf("%s %lld %lld %lld %s", w->role, w->max, w->used, until,
					boot);
	return store_setting_text_put(s, SETTING, text, e);
}

int window_open(struct store *s, const char *role, long long max, long long seconds, struct err *e)
{
	autofree char *boot = boot_id(e), *name = xstrdup(role);
	const struct window w = {.role = name, .max = max};
	return boot ? put(s, &w, boot_seconds() + seconds, boot, e) : -1;
}

int window_close(struct store *s, struct err *e)
{
	return store_setting_text_put(s, SETTING, NULL, e);
}

/* What the registry keeps; *until is what it was opened to. */
static int get(struct store *s, struct window *ret, long long *until, const char *boot,
	       struct err *e)
{
	autofree char *text = NULL;
	auto_strv w = {0};
	if (store_setting_text(s, SETTING, &text, e) < 0)
		return -1;
	strv_split(&w, text ? text : "", " ");
	if (w.n != WORDS || !parse_number(w.v[MAX], 0, LLONG_MAX, &ret->max) ||
	    !parse_number(w.v[USED], 0, LLONG_MAX, &ret->used) ||
	    !parse_number(w.v[UNTIL], 0, LLONG_MAX, until))
		return 0;
	long long now = boot_seconds();
	ret->role = xstrdup(w.v[ROLE]);
	ret->left = strcmp(w.v[BOOT], boot) == 0 && now < *until && ret->used < ret->max
			    ? *until - now
			    : 0;
	return 1;
}

int window_get(struct store *s, struct window *ret, struct err *e)
{
	autofree char *boot = boot_id(e);
	long long until;
	return boot ? get(s, ret, &until, boot, e) : -1;
}

int window_take(struct store *s, const char *role, struct err *e)
{
	autofree char *boot = boot_id(e);
	auto_window w = {0};
	long long until;
	int there = boot ? get(s, &w, &until, boot, e) : -1;
	if (there <= 0 || !w.left || strcmp(w.role, role) != 0)
		return there < 0 ? -1 : 0;
	w.used++;
	return put(s, &w, until, boot, e) < 0 ? -1 : 1;
}

void window_done(struct window *w)
{
	free(w->role);
	*w = (struct window){0};
}
