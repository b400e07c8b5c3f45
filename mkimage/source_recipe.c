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
 */

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

static int run_recipe(const struct base_entry *b, const char *option, const char *file,
		      struct str *output, bool passthrough, struct err *e)
{
	char *program = find_program(b, e);
	if (!program)
		return -1;
	auto_strv argv = {0};
	strv_add_owned(&argv, program);
	for (size_t i = 1; i < b->recipe.n; i++)
		strv_add(&argv, b->recipe.v[i]);
	strv_add(&argv, option);
	if (file)
		strv_add(&argv, file);
	const struct run r = {
		.argv = (const char *const *)argv.v, .output = output, .passthrough = passthrough};
	return run(&r, e) < 0 ? -1 : 0;
}

static int ask_key(const struct base_entry *b, char **ret, struct err *e)
{
	auto_str out = STR_INIT;
	if (run_recipe(b, "--key", NULL, &out, false, e) < 0)
		return -1;
	while (out.len && isspace((unsigned char)out.data[out.len - 1]))
		out.data[--out.len] = '\0';
	auto_err ignored = ERR_INIT;
	if (hash_parse(str_text(&out), b->name, ret, &ignored) < 0)
		return err_set(e, ERR_FAILED, "'%s --key' should print 64 hex digits and did not",
			       b->recipe.v[0]);
	return 0;
}

static int make(const struct base_entry *b, struct cache_entry *c, struct progress *p,
		struct err *e)
{
	/* Its own progress lines replace ours: they would draw over each other. */
	progress_say(p, "%s: made from packages now, once; this takes some minutes", b->name);
	if (run_recipe(b, "--output", c->work, NULL, progress_shows_text(p), e) < 0 ||
	    io_flush_file(c->work, e) < 0)
		return -1;
	return cache_commit(c, e);
}

static int get(const struct base_entry *b, bool at_hand, struct progress *p, char **ret,
	       struct err *e)
{
	autofree char *key = NULL;
	auto_cache_entry c = CACHE_ENTRY_INIT;
	if (ask_key(b, &key, e) < 0)
		return -1;
	if (at_hand && !cache_has("recipes", key, ".tar.zst"))
		return 0;
	if (cache_begin("recipes", key, ".tar.zst", false, b->name, p, &c, e) < 0 ||
	    (!c.found && make(b, &c, p, e) < 0))
		return -1;
	*ret = steal(&c.path);
	return 0;
}

int recipe_get(const struct base_entry *b, bool at_hand, struct progress *p, char **ret,
	       struct err *e)
{
	if (get(b, at_hand, p, ret, e) < 0)
		return err_wrap(e, "base '%s' (%s:%d)", b->name, b->file, b->line);
	return 0;
}
