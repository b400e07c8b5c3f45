/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of an image its apt would look at. */
#include <string.h>

#include "control.h"
#include "mem.h"
#include "packages.h"
#include "text.h"

#define ETC "/etc/apt"
#define STATUS "/var/lib/dpkg/status"
#define ARCHITECTURES "/var/lib/dpkg/arch"

int packages_fit(struct plan_ctx *ctx, struct err *e)
{
	return plan_exists(ctx, STATUS, e);
}

/* ---- dpkg's database ---- */

static bool is_installed(const struct stanza *s)
{
	autofree char *status = stanza_get(s, "Status");
	return status && str_ends(status, " installed");
}

static char *get_installed(const char *status, const char *name, const char *field)
{
	struct stanza s;
	while (stanza_next(&status, &s)) {
		if (stanza_is(&s, "Package", name) && is_installed(&s))
			return stanza_get(&s, field);
	}
	return NULL;
}

char *packages_installed(const char *status, const char *name)
{
	return get_installed(status, name, "Version");
}

int packages_find_installed(struct plan_ctx *ctx, const struct wanted *w, struct strv *ret,
			    const char **missing, struct err *e)
{
	auto_str status = STR_INIT;
	if (text_read(ctx, STATUS, &status, e) < 0)
		return -1;
	*missing = NULL;
	for (size_t i = 0; i < w->n; i++) {
		const char *name = w->v[i].name;
		autofree char *version = packages_installed(str_text(&status), name);
		if (version)
			strv_printf(ret, "%s %s", name, version);
		else if (!*missing)
			*missing = name;
	}
	return 0;
}

/* dpkg is a package of the image's own architecture. */
static int read_status(struct plan_ctx *ctx, struct apt_image *image, struct err *e)
{
	auto_str arches = STR_INIT;
	if (text_read(ctx, STATUS, &image->status, e) < 0 ||
	    text_read_optional(ctx, ARCHITECTURES, &arches, e) < 0)
		return -1;
	image->architecture = get_installed(str_text(&image->status), "dpkg", "Architecture");
	if (!image->architecture)
		return err_set(e, ERR_IMAGE,
			       STATUS
			       ": has no package dpkg, which tells the architecture; is this "
			       "an image of Debian's kind?");
	strv_split(&image->foreign, str_text(&arches), " \t\r\n");
	return 0;
}

/* ---- files of apt ---- */

/* "/etc/apt/NAME" is etc/apt/NAME for apt, too. */
static int add_optional(struct plan_ctx *ctx, struct apt_image *image, const char *path,
			const char *name, struct err *e)
{
	auto_str data = STR_INIT;
	int found = plan_read_optional(ctx, path, &data, e);
	if (found > 0)
		str_add(apt_image_add(image, name), str_text(&data), data.len);
	return found < 0 ? -1 : 0;
}

static int add_sources(struct plan_ctx *ctx, struct apt_image *image, const char *path,
		       struct err *e)
{
	auto_str text = STR_INIT;
	int found = text_read_optional(ctx, path, &text, e);
	if (found > 0)
		apt_image_add_sources(image, path + 1, str_ends(path, ".sources"), &text);
	return found < 0 ? -1 : 0;
}

/* The files of a directory whose names end in one of these; apt reads no others there. */
static int add_dir(struct plan_ctx *ctx, struct apt_image *image, const char *dir,
		   const char *const *suffixes, bool sources, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		const char *const *suffix = suffixes;
		while (*suffix && !str_ends(*name, *suffix))
			suffix++;
		if (!*suffix || **name == '.')
			continue;
		if ((sources ? add_sources(ctx, image, path, e)
			     : add_optional(ctx, image, path, path + 1, e)) < 0)
			return -1;
	}
	return 0;
}

static int add_files(struct plan_ctx *ctx, struct apt_image *image, struct err *e)
{
	static const char *const sources[] = {".list", ".sources", NULL};
	static const char *const keys[] = {".gpg", ".asc", NULL};
	static const char *const any[] = {"", NULL};
	if (add_sources(ctx, image, ETC "/sources.list", e) < 0 ||
	    add_dir(ctx, image, ETC "/sources.list.d", sources, true, e) < 0)
		return -1;
	if (add_optional(ctx, image, ETC "/preferences", "etc/apt/preferences", e) < 0 ||
	    add_dir(ctx, image, ETC "/preferences.d", any, false, e) < 0)
		return -1;
	if (add_optional(ctx, image, ETC "/trusted.gpg", "etc/apt/trusted.gpg", e) < 0)
		return -1;
	return add_dir(ctx, image, ETC "/trusted.gpg.d", keys, false, e);
}

/* One that is missing is for apt to complain about: it knows which source it is of. */
static int add_keyrings(struct plan_ctx *ctx, struct apt_image *image, struct err *e)
{
	for (size_t i = 0; i < image->sources.keyrings.n; i++) {
		autofree char *name = apt_keyring_name(&image->sources, i);
		autofree char *to = path_join("keys", name);
		if (add_optional(ctx, image, image->sources.keyrings.v[i], to, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * Directories, CDs, mirror lists and the like are the board's own, or need programs of apt that may
 * do anything on this machine.
 */
static char *find_foreign_source(const struct apt_image *image)
{
	strv_foreach (uri, &image->sources.uris) {
		if (!str_starts(*uri, "http://") && !str_starts(*uri, "https://"))
			return xasprintf("only the board can use its source '%s'", *uri);
	}
	return NULL;
}

int packages_read_image(struct plan_ctx *ctx, struct apt_image *ret, char **why, struct err *e)
{
	auto_apt_image image = {0};
	if (read_status(ctx, &image, e) < 0 || add_files(ctx, &image, e) < 0 ||
	    add_keyrings(ctx, &image, e) < 0)
		return -1;
	if (!image.sources.uris.n)
		return err_set(e, ERR_PROFILE,
			       "the image has no source of packages in " ETC "; bring one by an "
			       "overlay");
	*why = find_foreign_source(&image);
	*ret = image;
	image = (struct apt_image){0};
	return 0;
}
