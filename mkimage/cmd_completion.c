/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "completion.h"
#include "mem.h"
#include "profile.h"

#define SUFFIX ".conf"
/* Other names would be quoted, or worse expanded, by the shell that gets them. */
#define OFFERED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void add_profiles_of(const char *path, struct strv *names)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (!str_ends(d->d_name, SUFFIX) || strcmp(d->d_name, "bases" SUFFIX) == 0)
			continue;
		autofree char *name = xstrndup(d->d_name, strlen(d->d_name) - strlen(SUFFIX));
		if (!name[strspn(name, OFFERED)] && !strv_has(names, name))
			strv_add(names, name);
	}
}

/* Names that --profile finds, one a line. */
static void list_profiles(struct str *out)
{
	auto_strv search = {0}, names = {0};
	profile_search_path(&search);
	strv_foreach (dir, &search)
		add_profiles_of(*dir, &names);
	strv_sort(&names);
	strv_foreach (name, &names)
		str_printf(out, "%s\n", *name);
}

static const struct {
	const char *name;
	void (*add)(struct str *out);
} kinds[] = {
	{"bash", completion_bash},
	{"zsh", completion_zsh},
	{"profiles", list_profiles},
};

int cmd_completion(const struct options *o, struct err *e)
{
	const char *asked = o->cli.operands.v[0];
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(asked, kinds[i].name) != 0)
			continue;
		auto_str out = STR_INIT;
		kinds[i].add(&out);
		fputs(str_text(&out), stdout);
		return 0;
	}
	return err_set(e, ERR_USAGE,
		       "completion: '%s' is not known; bash and zsh have a script, and profiles "
		       "lists names",
		       asked);
}
