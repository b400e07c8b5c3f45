/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "bases.h"
#include "mem.h"
#include "profile.h"

#define BASES_FILE "bases.conf"

void base_entry_done(struct base_entry *b)
{
	free(b->name);
	free(b->file);
	strv_done(&b->recipe);
	free(b->path);
	free(b->url);
	free(b->sha256);
	free(b->help);
	*b = (struct base_entry){0};
}

static const struct key entry_keys[] = {
	{.name = "recipe",
	 .type = KEY_LIST,
	 .help = "program of ours and its arguments, which makes a root tarball"},
	{.name = "path", .type = KEY_STRING, .help = "a file, relative to this one"},
	{.name = "url", .type = KEY_STRING, .help = "a download"},
	{.name = "sha256", .type = KEY_STRING, .help = "SHA-256 of the file or download"},
	{.name = "help", .type = KEY_STRING, .help = "one line for people"},
	{.name = NULL},
};

static const struct key base_keys[] = {
	{.name = "base", .type = KEY_SECTION, .help = "a base by name", .keys = entry_keys},
	{.name = NULL},
};

static int take_entry(const struct section *s, struct base_entry *ret, struct err *e)
{
	const char *path = section_str(s, "path"), *url = section_str(s, "url");
	const struct strv *recipe = section_list(s, "recipe");
	if ((recipe->n > 0) + (path != NULL) + (url != NULL) != 1)
		return err_at(e, s->loc, "base '%s' needs exactly one of recipe, path and url",
			      s->title);
	*ret = (struct base_entry){.name = xstrdup(s->title),
				   .file = xstrdup(s->loc.file),
				   .line = s->loc.line,
				   .url = xstrdup(url),
				   .sha256 = xstrdup(section_str(s, "sha256")),
				   .help = xstrdup(section_str(s, "help"))};
	if (path)
		ret->path = profile_path(section_get(s, "path")->loc, path);
	strv_foreach (word, recipe)
		strv_add(&ret->recipe, *word);
	return 0;
}

/* 1: found; 0: this file does not have it, its names are added to names. */
static int lookup_in(const char *file, const char *name, struct strv *names, struct base_entry *ret,
		     struct err *e)
{
	static const struct key *const tables[] = {base_keys, NULL};
	const struct strv nowhere = {0};
	auto_profile *p = NULL;
	if (profile_load_tables(file, &nowhere, tables, &p, e) < 0)
		return -1;
	const struct section *s = NULL;
	while ((s = profile_next(p, "base", s))) {
		if (strcmp(s->title, name) == 0)
			return take_entry(s, ret, e) < 0 ? -1 : 1;
		if (!strv_has(names, s->title))
			strv_add(names, s->title);
	}
	return 0;
}

static int unknown_name(const char *name, bool found, const struct strv *names, struct err *e)
{
	const char *near = str_nearest(name, (const char *const *)names->v, names->n);
	auto_str list = STR_INIT;
	strv_foreach (item, names)
		str_printf(&list, "%s%s", list.len ? ", " : "", *item);
	if (!found)
		return err_set(e, ERR_PROFILE,
			       "base '%s': neither a file nor a name, as there is no %s; run in "
			       "the Cardstock directory, or set CARDSTOCK_PROFILES",
			       name, BASES_FILE);
	return err_set(e, ERR_PROFILE,
		       "base '%s': neither a file nor a name of %s%s%s%s; known names: %s", name,
		       BASES_FILE, near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "", list.len ? list.data : "none");
}

int bases_lookup(const char *name, const struct strv *search, struct base_entry *ret, struct err *e)
{
	auto_strv names = {0};
	bool found = false;
	strv_foreach (dir, search) {
		autofree char *file = path_join(*dir, BASES_FILE);
		if (access(file, F_OK) < 0)
			continue;
		found = true;
		int r = lookup_in(file, name, &names, ret, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	strv_sort(&names);
	return unknown_name(name, found, &names, e);
}
