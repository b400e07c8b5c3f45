/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One user gets another name, or goes, in files that name users. */
#include <string.h>

#include "edit.h"
#include "edit_rename.h"
#include "mem.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* The length of the line at text, with its newline. */
static size_t line_len(const char *text)
{
	size_t len = strcspn(text, "\n");
	return len + (text[len] == '\n');
}

static bool line_is_named(const char *line, const char *name)
{
	size_t len = strlen(name);
	return strncmp(line, name, len) == 0 && line[len] == ':';
}

void db_rename(struct str *out, const char *text, const char *from, const char *to)
{
	autofree char *former = db_get(text, from);
	for (size_t len; *text; text += len) {
		len = line_len(text);
		if (former && line_is_named(text, to))
			continue;
		if (!line_is_named(text, from)) {
			str_add(out, text, len);
			continue;
		}
		str_puts(out, to);
		str_add(out, text + strlen(from), len - strlen(from));
	}
}

/* A list such as "pi,ops" with from as to (NULL: without it), nobody twice. */
static void rename_member(struct str *out, const char *list, const char *from, const char *to)
{
	auto_strv names = {0}, kept = {0};
	strv_split(&names, list, ",");
	strv_foreach (name, &names) {
		const char *is = strcmp(*name, from) == 0 ? to : *name;
		if (is && !strv_has(&kept, is))
			strv_add(&kept, is);
	}
	strv_foreach (name, &kept)
		str_printf(out, "%s%s", name == kept.v ? "" : ",", *name);
}

static bool lists_member(const char *list, const char *name)
{
	auto_strv names = {0};
	strv_split(&names, list, ",");
	return strv_has(&names, name);
}

char *group_line_rename(const char *line, const char *from, const char *to)
{
	auto_str out = STR_INIT;
	str_puts(&out, "");
	for (size_t i = 0;; i++) {
		autofree char *field = xstrndup(line, strcspn(line, ":"));
		line += strlen(field);
		if (i >= 2 && lists_member(field, from))
			rename_member(&out, field, from, to);
		else
			str_puts(&out, field);
		if (!*line)
			return str_steal(&out);
		str_add(&out, line++, 1);
	}
}

void group_rename(struct str *out, const char *text, const char *from, const char *to)
{
	for (size_t len; *text; text += len) {
		len = line_len(text);
		size_t end = strcspn(text, "\n");
		autofree char *line = xstrndup(text, end);
		autofree char *changed = group_line_rename(line, from, to);
		str_puts(out, changed);
		str_add(out, text + end, len - end);
	}
}

/* Replace from by to between the characters of before and behind (or an end of the text). */
static void replace(struct str *out, const char *text, size_t len, const char *from, const char *to,
		    bool (*is_whole)(const char *text, const char *at, const char *end))
{
	size_t n = strlen(from);
	for (size_t i = 0; i < len;) {
		bool found = n && len - i >= n && memcmp(text + i, from, n) == 0 &&
			     is_whole(text, text + i, text + i + n);
		str_add(out, found ? to : text + i, found ? strlen(to) : 1);
		i += found ? n : 1;
	}
}

static bool is_word(const char *text, const char *at, const char *end)
{
	return (at == text || is_one_of(at[-1], " \t\n,:;=!%(\"")) &&
	       (!*end || is_one_of(*end, " \t\r\n,:;=)\"@")); /* sshd_config(5): USER@HOST */
}

static bool is_path(const char *text, const char *at, const char *end)
{
	return (at == text || !is_one_of(at[-1], NAME_CHARS)) &&
	       (!*end || !is_one_of(*end, NAME_CHARS));
}

/* The line has one of the words in "a|b"; NULL: any line will do. */
static bool line_has(const char *line, size_t len, const char *words)
{
	autofree char *copy = xstrndup(line, len);
	auto_strv wanted = {0};
	if (!words)
		return true;
	strv_split(&wanted, words, "|");
	strv_foreach (word, &wanted) {
		if (strstr(copy, *word))
			return true;
	}
	return false;
}

void words_rename(struct str *out, const char *text, const char *lines, const char *from,
		  const char *to)
{
	for (size_t len; *text; text += len) {
		len = line_len(text);
		if (text[strspn(text, " \t")] != '#' && line_has(text, len, lines))
			replace(out, text, len, from, to, is_word);
		else
			str_add(out, text, len);
	}
}

void path_rename(struct str *out, const char *text, const char *from, const char *to)
{
	replace(out, text, strlen(text), from, to, is_path);
}

static bool is_part(const char *text, const char *at, const char *end)
{
	return (at == text || is_one_of(at[-1], "-_.")) && (!*end || is_one_of(*end, "-_."));
}

void name_rename(struct str *out, const char *name, const char *from, const char *to)
{
	replace(out, name, strlen(name), from, to, is_part);
}
