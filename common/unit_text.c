/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "unit_text.h"

#define BLANK " \t\r"

/* One logical line: comments are gone, continuations joined by a blank; false at the end. */
static bool next_setting(const char **text, struct str *line)
{
	bool continued = false;
	line->len = 0;
	while (**text) {
		const char *at = *text + strspn(*text, BLANK);
		size_t len = strcspn(at, "\n");
		*text = at + len + (at[len] == '\n');
		if (*at == '#' || *at == ';')
			continue;
		while (len && strchr(BLANK, at[len - 1]))
			len--;
		continued = len && at[len - 1] == '\\';
		str_add(line, at, len - continued);
		str_puts(line, continued ? " " : "");
		if (!continued)
			return true;
	}
	return continued;
}

/* An empty value takes back what was said before. */
static void set_list(struct strv *list, const char *value)
{
	if (!*value)
		strv_clear(list);
	strv_split(list, value, BLANK);
}

static void set_value(struct unit_install *u, const char *key, const char *value)
{
	const struct {
		const char *key;
		struct strv *list;
	} lists[] = {{"WantedBy", &u->wanted_by},
		     {"RequiredBy", &u->required_by},
		     {"UpheldBy", &u->upheld_by},
		     {"Alias", &u->alias},
		     {"Also", &u->also}};
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		if (strcmp(lists[i].key, key) == 0)
			set_list(lists[i].list, value);
	}
	if (strcmp(key, "DefaultInstance") == 0) {
		free(u->default_instance);
		u->default_instance = *value ? xstrdup(value) : NULL;
	}
}

/* Cut "key = value" in two. */
static char *split_setting(char *line)
{
	char *value = strchr(line, '=');
	if (!value)
		return NULL;
	*value++ = '\0';
	size_t len = strlen(line);
	while (len && strchr(BLANK, line[len - 1]))
		line[--len] = '\0';
	return value + strspn(value, BLANK);
}

void unit_install_parse(const char *text, struct unit_install *ret)
{
	auto_str line = STR_INIT;
	bool inside = false;
	*ret = (struct unit_install){0};
	while (next_setting(&text, &line)) {
		if (!line.len)
			continue;
		if (line.data[0] == '[')
			inside = strcmp(line.data, "[Install]") == 0;
		char *value = inside ? split_setting(line.data) : NULL;
		if (value)
			set_value(ret, line.data, value);
	}
}

void unit_install_done(struct unit_install *u)
{
	strv_done(&u->wanted_by);
	strv_done(&u->required_by);
	strv_done(&u->upheld_by);
	strv_done(&u->alias);
	strv_done(&u->also);
	free(u->default_instance);
	*u = (struct unit_install){0};
}

/* "foo-bar@x.service": name "foo-bar@x", prefix "foo-bar", instance "x", last "bar". */
static char *specifier(char c, const char *unit)
{
	const char *suffix = strrchr(unit, '.'), *at = strchr(unit, '@');
	size_t name = suffix ? (size_t)(suffix - unit) : strlen(unit);
	size_t prefix = at && at < unit + name ? (size_t)(at - unit) : name;
	autofree char *prefix_text = xstrndup(unit, prefix);
	const char *dash = strrchr(prefix_text, '-');
	switch (c) {
	case 'n':
		return xstrdup(unit);
	case 'N':
		return xstrndup(unit, name);
	case 'p':
		return steal(&prefix_text);
	case 'i':
		return prefix < name ? xstrndup(unit + prefix + 1, name - prefix - 1) : xstrdup("");
	case 'j':
		return xstrdup(dash ? dash + 1 : prefix_text);
	case '%':
		return xstrdup("%");
	}
	return NULL;
}

char *unit_expand(const char *text, const char *unit)
{
	auto_str out = STR_INIT;
	for (; *text; text++) {
		if (*text != '%') {
			str_add(&out, text, 1);
			continue;
		}
		autofree char *value = specifier(text[1], unit);
		if (!value)
			return NULL;
		str_puts(&out, value);
		text++;
	}
	return str_steal(&out);
}

/* systemd.unit(5), "String escaping for inclusion in unit names". */
static void add_escaped(struct str *out, const char *path)
{
	for (const char *c = path; *c; c++) {
		bool plain = isalnum((unsigned char)*c) || strchr(":_", *c) ||
			     (*c == '.' && c > path);
		if (*c == '/')
			str_puts(out, "-");
		else if (plain)
			str_add(out, c, 1);
		else
			str_printf(out, "\\x%02x", (unsigned char)*c);
	}
}

char *unit_of_path(const char *path, const char *suffix)
{
	auto_str out = STR_INIT;
	path += strspn(path, "/");
	size_t len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	autofree char *inner = xstrndup(path, len);
	add_escaped(&out, inner);
	str_printf(&out, "%s%s", len ? "" : "-", suffix);
	return str_steal(&out);
}
