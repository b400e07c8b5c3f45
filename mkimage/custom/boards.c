/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <sys/stat.h>

#include "firstboot.h"
#include "io.h"
#include "mem.h"

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

char *boards_find(const char *architecture, const char *program, struct loc loc, struct err *e)
{
	auto_strv places = {0};
	auto_str looked = STR_INIT;
	list_places(&places);
	strv_foreach (place, &places) {
		autofree char *path = xasprintf("%s/%s/%s", *place, architecture, program);
		struct stat st;
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return steal(&path);
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", path);
	}
	err_at(e, loc,
	       "firstboot: its program for %s is not built: run 'make boards' in the Cardstock "
	       "directory, or set firstboot = false; looked for %s",
	       architecture, str_text(&looked));
	return NULL;
}
