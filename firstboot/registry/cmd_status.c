/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "find.h"
#include "mem.h"
#include "options.h"
#include "render.h"
#include "status.h"
#include "utf8.h"
#include "window.h"

#define WATCH_SECONDS 2
#define CLEAR "\033[H\033[J"

/* Records that go by the query, or all; borrowed from v. */
struct selection {
	const struct record **v;
	size_t n;
};

static void selection_done(struct selection *s)
{
	free(s->v);
}
#define auto_selection __attribute__((cleanup(selection_done))) struct selection

static int pick(const struct view *v, const char *query, struct selection *ret, struct err *e)
{
	ret->v = xcalloc(v->all.n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < v->all.n; i++) {
		if (!query || find_matches(v, &v->all.v[i], query))
			ret->v[ret->n++] = &v->all.v[i];
	}
	if (ret->n || !query)
		return 0;
	const struct record *none;
	return find_one(v, query, &none, e); /* says so */
}

static void add_json(const struct view *v, const struct selection *s, struct str *out)
{
	for (size_t i = 0; i < s->n; i++) {
		record_json(v, s->v[i], true, out);
		str_puts(out, "\n");
	}
}

static int add_whole(struct store *s, const struct view *v, const struct record *r, struct str *out,
		     struct err *e)
{
	auto_events events = {0};
	if (store_events(s, r->id, &events, e) < 0)
		return -1;
	status_whole(v, r, &events, out);
	return 0;
}

static int add_window(struct store *s, struct str *out, struct err *e)
{
	auto_window w = {0};
	int there = window_get(s, &w, e);
	if (there > 0 && w.left)
		str_printf(out, "open for %lld of %lld boards as %s, for %lld min %lld s\n",
			   w.max - w.used, w.max, w.role, w.left / 60, w.left % 60);
	return there < 0 ? -1 : 0;
}

static int add_all(struct store *s, const struct view *v, const struct selection *all, bool each,
		   struct str *out, struct err *e)
{
	status_table(v, all->v, all->n, each, time(NULL), out);
	status_summary(v, out);
	return add_window(s, out, e);
}

static int add_status(const struct options *o, struct store *s, struct str *out, struct err *e)
{
	const char *query = o->cli.operands.n ? o->cli.operands.v[0] : NULL;
	auto_view v = {0};
	auto_selection found = {0};
	if (view_load(s, &v, e) < 0 || pick(&v, query, &found, e) < 0)
		return -1;
	if (o->cli.json) {
		add_json(&v, &found, out);
		return 0;
	}
	if (query && found.n == 1)
		return add_whole(s, &v, found.v[0], out, e);
	if (!query)
		return add_all(s, &v, &found, o->all || !isatty(STDOUT_FILENO), out, e);
	status_table(&v, found.v, found.n, true, time(NULL), out);
	return 0;
}

int cmd_status(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	if (store_open(registry_dir(o), STORE_READ, &s, e) < 0)
		return -1;
	for (;;) {
		auto_str out = STR_INIT, visible = STR_INIT;
		if (add_status(o, s, &out, e) < 0)
			return -1;
		utf8_visible(&visible, str_text(&out), out.len, true);
		printf("%s%s", o->watch && !o->cli.json ? CLEAR : "", str_text(&visible));
		if (!o->watch || fflush(stdout) != 0)
			return 0;
		sleep(WATCH_SECONDS);
	}
}
