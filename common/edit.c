/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "edit.h"
#include "mem.h"

/* The first field of l is this name. */
static bool is_named(const struct line *l, const char *name, size_t len)
{
	return len && l->len >= len && memcmp(l->text, name, len) == 0 &&
	       (l->len == len || l->text[len] == ':');
}

/* "+user", "+@netgroup", "-user", "+": NIS's additions, nsswitch.conf(5). */
static bool is_nis(const struct line *l)
{
	return l->len && (l->text[0] == '+' || l->text[0] == '-');
}

char *db_get(const char *text, const char *name)
{
	struct line l;
	while (line_next(&text, &l)) {
		if (is_named(&l, name, strlen(name)))
			return xstrndup(l.text, l.len);
	}
	return NULL;
}

char *db_field(const char *line, size_t i)
{
	for (; i; i--) {
		line += strcspn(line, ":\n");
		if (*line++ != ':')
			return NULL;
	}
	return xstrndup(line, strcspn(line, ":\n"));
}

static void add_entry(struct str *out, const char *line, size_t len)
{
	line_end(out);
	str_add(out, line, len);
	str_puts(out, "\n");
}

void db_set(struct str *out, const char *text, const char *line)
{
	size_t len = strcspn(line, "\n"), name = strcspn(line, ":\n");
	autofree char *former = xstrndup(line, name);
	autofree char *present = db_get(text, former);
	bool done = false;
	struct line l;
	while (line_next(&text, &l)) {
		if (is_named(&l, line, name)) {
			if (!done) {
				str_add(out, line, len);
				str_add(out, l.text + l.len, l.full - l.len);
			}
			done = true;
			continue;
		}
		if (!done && !present && is_nis(&l)) {
			add_entry(out, line, len);
			done = true;
		}
		line_add(out, &l);
	}
	if (!done)
		add_entry(out, line, len);
}

void db_remove(struct str *out, const char *text, const char *name)
{
	struct line l;
	while (line_next(&text, &l)) {
		if (!is_named(&l, name, strlen(name)))
			line_add(out, &l);
	}
}

char *db_find_id(const char *text, size_t i, uint32_t id)
{
	struct line l;
	while (line_next(&text, &l)) {
		autofree char *line = xstrndup(l.text, l.len);
		autofree char *field = db_field(line, i);
		long long value;
		if (field && !is_nis(&l) && parse_number(field, 0, UINT32_MAX, &value) &&
		    value == (long long)id)
			return db_field(line, 0);
	}
	return NULL;
}

/* Where the member list begins: the fourth field; NULL when the line is shorter. */
static const char *members_of(const char *line)
{
	for (int i = 0; i < 3; i++) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	return line;
}

static bool has_member(const char *line, const char *user)
{
	auto_strv members = {0};
	const char *list = members_of(line);
	if (list)
		strv_split(&members, list, ",");
	return strv_has(&members, user);
}

char *group_line_with(const char *line, const char *user)
{
	if (has_member(line, user))
		return xstrdup(line);
	auto_str out = STR_INIT;
	str_puts(&out, line);
	while (!members_of(str_text(&out)))
		str_puts(&out, ":");
	if (*members_of(str_text(&out)) && out.data[out.len - 1] != ',')
		str_puts(&out, ",");
	str_puts(&out, user);
	return str_steal(&out);
}

/* A line of hosts(5) that gives this name the address. */
static bool maps_name(const struct line *l, const char *address, const char *name)
{
	autofree char *line = xstrndup(l->text, strcspn(l->text, "#\n"));
	auto_strv words = {0};
	strv_split(&words, line, " \t\r");
	if (words.n < 2 || strcmp(words.v[0], address) != 0)
		return false;
	for (size_t i = 1; i < words.n; i++) {
		if (strcasecmp(words.v[i], name) == 0)
			return true;
	}
	return false;
}

void hosts_set_self(struct str *out, const char *text, const char *hostname)
{
	const char *inside = NULL; /* end of the block that we are in */
	struct line l;
	while (line_next(&text, &l)) {
		if ((!inside || l.text >= inside) && block_begins(&l, NULL))
			inside = block_end(text, NULL);
		if ((inside && l.text < inside) || !maps_name(&l, "127.0.1.1", hostname))
			line_add(out, &l);
	}
}

void hosts_rename_self(struct str *out, const char *text, const char *from, const char *to,
		       bool alone)
{
	auto_str without = STR_INIT;
	hosts_set_self(&without, text, from);
	hosts_set_self(out, str_text(&without), to);
	if (!alone)
		return;
	line_end(out);
	str_printf(out, "127.0.1.1\t%s\n", to);
}

static bool sets_var(const struct line *l, const char *name)
{
	size_t blank = strspn(l->text, " \t"), len = strlen(name);
	return l->len > blank + len && memcmp(l->text + blank, name, len) == 0 &&
	       l->text[blank + len] == '=';
}

void var_set(struct str *out, const char *text, const char *name, const char *value)
{
	bool done = !value;
	struct line l;
	while (line_next(&text, &l)) {
		if (!sets_var(&l, name)) {
			line_add(out, &l);
			continue;
		}
		if (!done)
			str_printf(out, "%s=%s%s", name, value, l.full > l.len ? "\n" : "");
		done = true;
	}
	if (done)
		return;
	line_end(out);
	str_printf(out, "%s=%s\n", name, value);
}
