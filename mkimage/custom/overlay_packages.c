/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file packages of an overlay: what of Debian its files need. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "overlay.h"
#include "validate.h"

#define PACKAGES_MAX (1u << 20) /* bytes */

static int take_line(char *line, struct loc loc, struct wanted *ret, struct err *e)
{
	auto_strv words = {0};
	line[strcspn(line, "#")] = '\0';
	strv_split(&words, line, " \t\r");
	if (!words.n)
		return 0;
	if (words.n > 1)
		return err_at(e, loc, "'%s': one package a line; begin a remark with '#'",
			      words.v[1]);
	if (validate_package(words.v[0], e) < 0)
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	wanted_add(ret, words.v[0], loc);
	return 0;
}

static int parse(const struct str *text, const char *file, struct wanted *ret, struct err *e)
{
	struct loc loc = {file, 1};
	if (strlen(str_text(text)) != text->len)
		return err_set(e, ERR_PROFILE, "%s: holds a NUL byte; it has to be text", file);
	for (const char *at = str_text(text); *at; loc.line++) {
		size_t len = strcspn(at, "\n");
		autofree char *line = xstrndup(at, len);
		if (take_line(line, loc, ret, e) < 0)
			return -1;
		at += len + (at[len] == '\n');
	}
	return 0;
}

static int read_packages(const struct overlay *o, struct wanted *ret, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *file = path_join(o->dir, "packages");
	autoclose int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot open", file);
	if (io_read_fd(fd, file, PACKAGES_MAX, &text, e) < 0)
		return -1;
	return parse(&text, file, ret, e);
}

/* Only the image, with the overlay in it, knows what these have. */
static bool has_sources(const struct overlay *o)
{
	static const char *const names[] = {"sources.list", "sources.list.d"};
	bool found = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = xasprintf("%s/root/etc/apt/%s", o->dir, names[i]);
		found = found || access(path, F_OK) == 0;
	}
	return found;
}

int overlay_want(const struct profile *p, const char *name, struct loc loc, struct wanted *ret,
		 struct err *e)
{
	auto_overlay o = {0};
	if (overlay_open(p, name, loc, &o, e) < 0)
		return -1;
	ret->brings_sources = ret->brings_sources || has_sources(&o);
	return read_packages(&o, ret, e);
}
