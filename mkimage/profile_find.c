/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "profile_private.h"

int err_at(struct err *e, struct loc loc, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	if (loc.file && loc.line)
		return err_set(e, ERR_PROFILE, "%s:%d: %s", loc.file, loc.line, text);
	if (loc.file)
		return err_set(e, ERR_PROFILE, "%s: %s", loc.file, text);
	return err_set(e, ERR_PROFILE, "%s", text);
}

static char *home_dir(void)
{
	const char *home = getenv("HOME");
	if (home && *home)
		return xstrdup(home);
	const struct passwd *user = getpwuid(geteuid());
	return xstrdup(user && user->pw_dir ? user->pw_dir : "/");
}

char *profile_path(struct loc loc, const char *text)
{
	if (strcmp(text, "~") == 0 || str_starts(text, "~/")) {
		autofree char *home = home_dir();
		return text[1] ? path_join(home, text + 2) : steal(&home);
	}
	if (*text == '/' || !loc.file || !strchr(loc.file, '/'))
		return xstrdup(text);
	autofree char *dir = path_dir(loc.file);
	return path_join(dir, text);
}

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *profile_find(const char *name, const struct strv *search, struct err *e)
{
	if (strchr(name, '/') || str_ends(name, ".conf")) {
		if (is_file(name))
			return xstrdup(name);
		err_set(e, ERR_PROFILE, "profile '%s': %s", name,
			access(name, F_OK) == 0 ? "is not a file; a profile is a text file, such "
						  "as 'worker.conf'"
						: "there is no such file");
		return NULL;
	}
	auto_str looked = STR_INIT;
	bool any = false;
	strv_foreach (dir, search) {
		autofree char *file = xasprintf("%s.conf", name);
		autofree char *path = strcmp(*dir, ".") ? path_join(*dir, file) : xstrdup(file);
		if (is_file(path))
			return steal(&path);
		any = any || access(*dir, F_OK) == 0;
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", path);
	}
	err_set(e, ERR_PROFILE, "profile '%s' not found; looked for %s%s", name,
		looked.len ? str_text(&looked) : "nothing, as the search path is empty",
		any ? "" : "; run in the Cardstock directory, or set CARDSTOCK_PROFILES");
	return NULL;
}

/* build/mkimage has ../profiles, bin/mkimage has ../share/cardstock/profiles. */
static void add_beside_program(struct strv *ret)
{
	autofree char *top = io_program_top();
	if (!top)
		return;
	strv_add_owned(ret, path_join(top, "profiles"));
	strv_add_owned(ret, path_join(top, "share/cardstock/profiles"));
}

void profile_search_path(struct strv *ret)
{
	const char *own = getenv("CARDSTOCK_PROFILES"), *config = getenv("XDG_CONFIG_HOME");
	if (own)
		strv_split(ret, own, ":");
	strv_add(ret, "profiles");
	autofree char *home = home_dir();
	autofree char *fallback = path_join(home, ".config");
	strv_add_owned(ret, path_join(config && *config ? config : fallback, "cardstock"));
	strv_add(ret, "/etc/cardstock");
	add_beside_program(ret);
}
