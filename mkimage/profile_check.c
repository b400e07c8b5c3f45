/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "profile_private.h"

static int check_allowed(const struct key *k, const char *text, struct loc loc, struct err *e)
{
	auto_strv words = {0};
	strv_split(&words, k->allowed, "|");
	if (strv_has(&words, text))
		return 0;
	const char *near = str_nearest(text, (const char *const *)words.v, words.n);
	return err_at(e, loc, "%s: '%s' is none of %s%s%s%s", k->name, text, k->allowed,
		      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int key_check(const struct key *k, const char *text, struct loc loc, struct err *e)
{
	if (k->allowed && check_allowed(k, text, loc, e) < 0)
		return -1;
	auto_err judged = ERR_INIT;
	if (k->check && k->check(text, &judged) < 0)
		return err_at(e, loc, "%s: %s", k->name, judged.msg);
	return 0;
}

int key_unknown(const struct section *s, const char *name, struct loc loc, struct err *e)
{
	size_t n = 0;
	while (s->keys[n].name)
		n++;
	autofree const char **names = xcalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = s->keys[i].name;
	bool top = !*s->name;
	names[n] = "include";
	const char *near = str_nearest(name, names, n + top);
	autofree char *advice = near ? xasprintf("did you mean '%s'?", near)
				     : xstrdup("'mkimage keys' lists all");
	if (top)
		return err_at(e, loc, "unknown key '%s'; %s", name, advice);
	return err_at(e, loc, "unknown key '%s' in %s '%s'; %s", name, s->name,
		      s->title ? s->title : "", advice);
}
