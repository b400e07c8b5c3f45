/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boards.h"
#include "io.h"
#include "mem.h"
#include "program.h"

/* A program for ARM that says nothing of its ABI is of Debian's armhf or older than that. */
static const char *board_architecture(const char *of_image)
{
	static const char *const known[][2] = {
		{"arm64", "arm64"}, {"armhf", "armhf"}, {"arm", "armhf"}, {"amd64", "amd64"}};
	for (size_t i = 0; of_image && i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(of_image, known[i][0]) == 0)
			return known[i][1];
	}
	return NULL;
}

int boards_architecture(struct plan_ctx *ctx, const struct board_need *need, const char **ret,
			struct err *e)
{
	autofree char *found = NULL;
	if (program_architecture(ctx, &found, e) < 0)
		return -1;
	*ret = board_architecture(found);
	if (*ret)
		return 0;
	if (!found)
		return err_at(e, need->loc,
			      "%s: no program of the image tells its architecture; %s", need->key,
			      need->advice);
	return err_at(e, need->loc,
		      "%s is for arm64, armhf and amd64, but the programs of the image are for "
		      "'%s'; %s",
		      need->key, found, need->advice);
}

/* build/mkimage, build/asan/mkimage and PREFIX/bin/mkimage: from the directory above theirs. */
static void list_places(struct strv *ret)
{
	static const char *const places[] = {"build/board", "board", "lib/cardstock/board"};
	const char *own = getenv("CARDSTOCK_BOARDS");
	autofree char *top = io_program_top();
	if (own && *own)
		strv_add(ret, own);
	for (size_t i = 0; top && i < sizeof(places) / sizeof(*places); i++)
		strv_add_owned(ret, path_join(top, places[i]));
}

/* name is below the places ("arm64/firstboot"); what is how the message calls it. */
static char *find_file(const char *name, const char *what, const struct board_need *need,
		       struct err *e)
{
	auto_strv places = {0};
	auto_str looked = STR_INIT;
	list_places(&places);
	strv_foreach (place, &places) {
		autofree char *path = path_join(*place, name);
		struct stat st;
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return steal(&path);
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", path);
	}
	err_at(e, need->loc,
	       "%s: its %s is not built: run 'make boards' in the Cardstock directory, or %s; "
	       "looked for %s",
	       need->key, what, need->advice, str_text(&looked));
	return NULL;
}

char *boards_find(const char *architecture, const char *program, const struct board_need *need,
		  struct err *e)
{
	autofree char *name = path_join(architecture, program);
	autofree char *what = xasprintf("program for %s", architecture);
	return find_file(name, what, need, e);
}

int boards_plan(struct plan_ctx *ctx, const struct board_program *p, const struct board_need *need,
		struct err *e)
{
	autofree char *host = boards_find(p->architecture, p->name, need, e);
	return host ? plan_write_file(ctx, p->path, host, ATTR_ROOT(0755), p->why, e) : -1;
}

int boards_plan_manual(struct plan_ctx *ctx, const char *page, const struct board_need *need,
		       struct err *e)
{
	autofree char *name = xasprintf("man/%s.gz", page);
	autofree char *path = xasprintf("/usr/share/man/man%s/%s.gz", strrchr(page, '.') + 1, page);
	autofree char *host = find_file(name, "manual", need, e);
	return host ? plan_write_file(ctx, path, host, ATTR_ROOT(0644), "the manual, for man", e)
		    : -1;
}
