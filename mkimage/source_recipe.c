/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "run.h"
#include "source_parts.h"

/*
 * A recipe is one of our programs (scripts/mkbase) with arguments.  It is run twice:
 *   PROGRAM ARGUMENTS --key          prints 64 hex digits: they change when the result would
 *   PROGRAM ARGUMENTS --output FILE  makes the root tarball, FILE ends in .tar.zst
 * Where the base shall have more packages, `--packages A,B,C` follows the arguments.
 */

struct recipe {
	const struct base_entry *base;
	const struct strv *packages; /* NULL: none */
};

/* Where programs of Cardstock are: beside the profiles in a source tree, and installed. */
static void list_places(const struct base_entry *b, struct strv *ret)
{
	autofree char *dir = path_dir(b->file);
	autofree char *top = io_program_top();
	strv_printf(ret, "%s/../scripts", dir);
	if (top)
		strv_add_owned(ret, path_join(top, "lib/cardstock"));
}

/*
 * There and nowhere else: a bases.conf from somebody else must not choose among all programs of
 * this machine.  NULL with *e filled when it is not there.
 */
static char *find_program(const struct base_entry *b, struct err *e)
{
	const char *name = b->recipe.v[0];
	auto_strv places = {0};
	auto_str looked = STR_INIT;
	if (strchr(name, '/')) {
		err_set(e, ERR_PROFILE,
			"recipe '%s' is a path; it has to be the name of a program of Cardstock, "
			"such as 'mkbase'",
			name);
		return NULL;
	}
	list_places(b, &places);
	strv_foreach (place, &places) {
		autofree char *path = path_join(*place, name);
		if (access(path, X_OK) == 0)
			return steal(&path);
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", path);
	}
	err_set(e, ERR_PROFILE, "recipe '%s' is not a program of Cardstock; looked for %s", name,
		str_text(&looked));
	return NULL;
}

static int run_recipe(const struct recipe *r, const char *option, const char *file,
		      struct str *output, bool passthrough, struct err *e)
{
	char *program = find_program(r->base, e);
	if (!program)
		return -1;
	auto_strv argv = {0};
	strv_add_owned(&argv, program);
	for (size_t i = 1; i < r->base->recipe.n; i++)
		strv_add(&argv, r->base->recipe.v[i]);
	if (r->packages && r->packages->n) {
		strv_add(&argv, "--packages");
		strv_add_owned(&argv, strv_join(r->packages, ","));
	}
	strv_add(&argv, option);
	if (file)
		strv_add(&argv, file);
	const struct run program_run = {
		.argv = (const char *const *)argv.v, .output = output, .passthrough = passthrough};
	return run(&program_run, e) < 0 ? -1 : 0;
}

static int ask_key(const struct recipe *r, char **ret, struct err *e)
{
	auto_str out = STR_INIT;
	if (run_recipe(r, "--key", NULL, &out, false, e) < 0)
		return -1;
	while (out.len && isspace((unsigned char)out.data[out.len - 1]))
		out.data[--out.len] = '\0';
	auto_err ignored = ERR_INIT;
	if (hash_parse(str_text(&out), r->base->name, ret, &ignored) < 0)
		return err_set(e, ERR_FAILED, "'%s --key' should print 64 hex digits and did not",
			       r->base->recipe.v[0]);
	return 0;
}

static int make(const struct recipe *r, struct cache_entry *c, struct progress *p, struct err *e)
{
	/* Its own progress lines replace ours: they would draw over each other. */
	progress_say(p, "%s: made from packages now, once; this takes some minutes", r->base->name);
	if (run_recipe(r, "--output", c->work, NULL, progress_shows_text(p), e) < 0 ||
	    io_flush_file(c->work, e) < 0)
		return -1;
	return cache_commit(c, e);
}

static int get(const struct recipe *r, bool at_hand, struct progress *p, char **ret, struct err *e)
{
	autofree char *key = NULL;
	auto_cache_entry c = CACHE_ENTRY_INIT;
	if (ask_key(r, &key, e) < 0)
		return -1;
	if (at_hand && !cache_has("recipes", key, ".tar.zst"))
		return 0;
	if (cache_begin("recipes", key, ".tar.zst", false, r->base->name, p, &c, e) < 0 ||
	    (!c.found && make(r, &c, p, e) < 0))
		return -1;
	*ret = steal(&c.path);
	return 0;
}

int recipe_get(const struct base_entry *b, const struct strv *packages, bool at_hand,
	       struct progress *p, char **ret, struct err *e)
{
	const struct recipe r = {b, packages};
	if (get(&r, at_hand, p, ret, e) == 0)
		return 0;
	autofree char *more = packages ? strv_join(packages, ", ") : xstrdup("");
	return err_wrap(e, "base '%s' (%s:%d)%s%s", b->name, b->file, b->line,
			*more ? " with the packages " : "", more);
}
