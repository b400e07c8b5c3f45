/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <string.h>

#include "commands.h"
#include "completion.h"
#include "mem.h"
#include "profile.h"

#define SUFFIX ".conf"

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
		if (!strv_has(names, name))
			strv_add(names, name);
	}
}

/* Names that --profile finds. */
static void add_profiles(const struct options *o, struct strv *names)
{
	auto_strv search = {0};
	(void)o;
	profile_search_path(&search);
	strv_foreach (dir, &search)
		add_profiles_of(*dir, names);
}

static const struct completion_list lists[] = {
	{"PROFILE", "profiles", "*" SUFFIX, add_profiles},
	{0},
};

int cmd_completion(const struct options *o, struct err *e)
{
	return completion_print(&mkimage_program, lists, o, o->cli.operands.v[0], e);
}
