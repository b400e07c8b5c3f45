/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The language of messages, and the layout of a keyboard that somebody may plug in. */
#include <ctype.h>
#include <string.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "text.h"

#define ARCHIVE "/usr/lib/locale/locale-archive"
#define ARCHIVE_MAX (16u << 20) /* what a customisation may read */
#define SYMBOLS "/usr/share/X11/xkb/symbols"
#define RULES "/usr/share/X11/xkb/rules/base.lst"
#define MAPS_DEPTH 4 /* of directories: legacy/i386/qwertz */
#define CACHE "/etc/console-setup/cached_setup_keyboard.sh"

static int check_locale(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.@-";
	size_t len = strlen(text);
	if (len && len < 64 && isalpha((unsigned char)*text) && !text[strspn(text, allowed)])
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a locale: use a name such as 'C.UTF-8' or 'de_DE.UTF-8'", text);
}

static int check_keymap(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t len = strlen(text);
	if (len && len < 64 && isalpha((unsigned char)*text) && !text[strspn(text, allowed)])
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a keyboard layout: use a name such as 'de'",
		       text);
}

static const struct key keys[] = {
	{.name = "locale",
	 .type = KEY_STRING,
	 .help = "language of messages, such as 'C.UTF-8'; not set: the image's own",
	 .check = check_locale},
	{.name = "keymap",
	 .type = KEY_STRING,
	 .help = "keyboard layout, such as 'us'; not set: the image's own",
	 .check = check_keymap},
	{.name = NULL},
};

/* "de_DE.utf8" for "de_DE.UTF-8": how compiled locales are called; owned. */
static char *compiled_name(const char *locale)
{
	auto_str out = STR_INIT;
	size_t name = strcspn(locale, ".");
	str_add(&out, locale, name);
	for (const char *c = locale + name; *c && *c != '@'; c++) {
		char lower = (char)tolower((unsigned char)*c);
		if (*c != '-')
			str_add(&out, &lower, 1);
	}
	str_puts(&out, locale + name + strcspn(locale + name, "@"));
	return str_steal(&out);
}

/* The archive has its names as strings with a NUL behind them. */
static int is_archived(struct plan_ctx *ctx, const char *name, struct err *e)
{
	auto_str archive = STR_INIT;
	struct fs_stat st;
	if (plan_stat(ctx, ARCHIVE, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR || st.size > ARCHIVE_MAX)
		return 0;
	if (plan_read(ctx, ARCHIVE, &archive, e) < 0)
		return -1;
	return memmem(str_text(&archive), archive.len, name, strlen(name) + 1) != NULL;
}

static int is_compiled(struct plan_ctx *ctx, const char *locale, struct err *e)
{
	static const char *const built_in[] = {"C", "POSIX", "C.utf8"};
	autofree char *name = compiled_name(locale);
	autofree char *dir = path_join("/usr/lib/locale", name);
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++) {
		if (strcmp(name, built_in[i]) == 0)
			return 1;
	}
	int found = plan_exists(ctx, dir, e);
	return found ? found : is_archived(ctx, name, e);
}

/* Debian's place, which newer ones make a link to the other. */
static int locale_file(struct plan_ctx *ctx, const char **ret, struct err *e)
{
	static const char *const places[] = {"/etc/default/locale", "/etc/locale.conf"};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int present = plan_exists(ctx, places[i], e);
		if (present < 0)
			return -1;
		*ret = places[i];
		if (present)
			return 0;
	}
	int debian = plan_exists(ctx, "/etc/debian_version", e);
	*ret = places[debian > 0 ? 0 : 1];
	return debian < 0 ? -1 : 0;
}

/* LC_ALL and LANGUAGE win over LANG: what the image says there would make ours mean nothing. */
static int plan_locale(struct plan_ctx *ctx, const char *locale, struct err *e)
{
	auto_str text = STR_INIT, lang = STR_INIT, all = STR_INIT, out = STR_INIT;
	const char *file = NULL;
	int compiled = is_compiled(ctx, locale, e);
	if (compiled < 0 || locale_file(ctx, &file, e) < 0 ||
	    text_read_optional(ctx, file, &text, e) < 0)
		return -1;
	var_set(&lang, str_text(&text), "LANG", locale);
	var_set(&all, str_text(&lang), "LC_ALL", NULL);
	var_set(&out, str_text(&all), "LANGUAGE", NULL);
	if (!compiled)
		plan_note(ctx,
			  "locale %s is not generated in this image: programs fall back to C until "
			  "locale-gen has made it",
			  locale);
	return plan_write(ctx, file, str_text(&out), out.len, ATTR_KEEP, "locale", e);
}

/* A layout of the section "! layout", the first word of its line; see xkeyboard-config(7). */
static bool rules_have(const char *text, const char *layout)
{
	auto_strv lines = {0};
	bool layouts = false;
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		const char *word = *line + strspn(*line, " \t");
		size_t len = strcspn(word, " \t");
		if (*word == '!')
			layouts = strcmp(word, "! layout") == 0;
		else if (layouts && len == strlen(layout) && strncmp(word, layout, len) == 0)
			return true;
	}
	return false;
}

/* Debian's layouts are X's; *listed: the image can tell.  1: it has this one. */
static int find_xkb(struct plan_ctx *ctx, const char *layout, bool *listed, struct err *e)
{
	auto_str rules = STR_INIT;
	autofree char *file = path_join(SYMBOLS, layout);
	int symbols = plan_exists(ctx, SYMBOLS, e);
	int known = symbols > 0 ? plan_exists(ctx, file, e) : symbols;
	int found = known < 0 ? -1 : text_read_optional(ctx, RULES, &rules, e);
	if (found < 0)
		return -1;
	*listed = symbols || found;
	return known || rules_have(str_text(&rules), layout);
}

/* "de.map.gz" is a file of the layout "de", as loadkeys(1) looks for it. */
static bool is_map(const char *file, const char *layout)
{
	size_t len = strlen(layout);
	return strncmp(file, layout, len) == 0 &&
	       (str_starts(file + len, ".map") || str_starts(file + len, ".kmap"));
}

static int has_map(struct plan_ctx *ctx, const char *dir, const char *layout, unsigned depth,
		   struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		struct fs_stat st;
		if (is_map(*name, layout))
			return 1;
		if (strchr(*name, '.') || !depth)
			continue;
		if (plan_stat(ctx, path, &st, e) < 0)
			return -1;
		int found = st.type == FILE_DIR ? has_map(ctx, path, layout, depth - 1, e) : 0;
		if (found)
			return found;
	}
	return 0;
}

/* The console's own layouts; *listed as above. */
static int find_console(struct plan_ctx *ctx, const char *layout, bool *listed, struct err *e)
{
	static const char *const dirs[] = {"/usr/share/keymaps", "/usr/share/kbd/keymaps",
					   "/usr/lib/kbd/keymaps"};
	int found = 0;
	for (size_t i = 0; !found && i < sizeof(dirs) / sizeof(*dirs); i++) {
		struct fs_stat st;
		if (plan_stat(ctx, dirs[i], &st, e) < 0)
			return -1;
		if (st.type != FILE_DIR)
			continue;
		*listed = true;
		found = has_map(ctx, dirs[i], layout, MAPS_DEPTH, e);
	}
	return found;
}

/* The layout must be one of the image's, where it has a list of them. */
static int check_layout(struct plan_ctx *ctx, const struct value *v, const char *where,
			int (*find)(struct plan_ctx *, const char *, bool *, struct err *),
			struct err *e)
{
	bool listed = false;
	int found = find(ctx, v->str, &listed, e);
	if (found < 0 || found)
		return found < 0 ? -1 : 0;
	if (listed)
		return err_at(e, v->loc,
			      "keymap '%s' is not in the image; look at what %s in it offers",
			      v->str, where);
	plan_note(ctx, "keymap %s is not checked: this image has no list of layouts in %s", v->str,
		  where);
	return 0;
}

/* A variant is of the former layout; what setupcon made of it is made anew at boot. */
static int plan_debian(struct plan_ctx *ctx, const struct value *v, const char *text, struct err *e)
{
	auto_str layout = STR_INIT, out = STR_INIT;
	autofree char *quoted = xasprintf("\"%s\"", v->str);
	if (check_layout(ctx, v, SYMBOLS, find_xkb, e) < 0)
		return -1;
	var_set(&layout, text, "XKBLAYOUT", quoted);
	if (strcmp(str_text(&layout), text) == 0)
		return 0;
	var_set(&out, str_text(&layout), "XKBVARIANT", "\"\"");
	if (plan_remove(ctx, CACHE, "made for another keyboard", e) < 0)
		return -1;
	return plan_write(ctx, "/etc/default/keyboard", str_text(&out), out.len, ATTR_KEEP,
			  "keyboard", e);
}

static int plan_keymap(struct plan_ctx *ctx, const struct value *v, struct err *e)
{
	auto_str debian = STR_INIT, console = STR_INIT, out = STR_INIT;
	int present = text_read_optional(ctx, "/etc/default/keyboard", &debian, e);
	if (present)
		return present < 0 ? -1 : plan_debian(ctx, v, str_text(&debian), e);
	present = text_read_optional(ctx, "/etc/vconsole.conf", &console, e);
	if (!present)
		plan_note(ctx,
			  "keymap %s is not set: this image has neither /etc/default/keyboard nor "
			  "/etc/vconsole.conf",
			  v->str);
	if (present <= 0)
		return present;
	if (check_layout(ctx, v, "/usr/share/kbd/keymaps or /usr/lib/kbd/keymaps", find_console,
			 e) < 0)
		return -1;
	var_set(&out, str_text(&console), "KEYMAP", v->str);
	return plan_write(ctx, "/etc/vconsole.conf", str_text(&out), out.len, ATTR_KEEP, "keyboard",
			  e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const char *locale = profile_str(ctx->profile, "locale");
	const struct value *keymap = profile_get(ctx->profile, "keymap");
	if (locale && plan_locale(ctx, locale, e) < 0)
		return -1;
	return keymap->str ? plan_keymap(ctx, keymap, e) : 0;
}

const struct custom custom_locale = {
	.name = "locale",
	.help = "language of messages, layout of the keyboard",
	.keys = keys,
	.plan = plan,
};
