/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "edit.h"
#include "mem.h"

#define BEGIN "# BEGIN cardstock "
#define END "# END cardstock "

/* One line of a text: len without its newline, full with it (equal where that is missing). */
struct line {
	const char *text;
	size_t len, full;
};

/* Take the next line off *text; false at the end. */
static bool next_line(const char **text, struct line *ret)
{
	if (!**text)
		return false;
	ret->text = *text;
	ret->len = strcspn(*text, "\n");
	ret->full = ret->len + ((*text)[ret->len] == '\n');
	*text += ret->full;
	return true;
}

static void add_line(struct str *out, const struct line *l)
{
	str_add(out, l->text, l->full);
}

/* From here on whatever is added begins a line. */
static void end_line(struct str *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
}

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
	while (next_line(&text, &l)) {
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
	end_line(out);
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
	while (next_line(&text, &l)) {
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
		add_line(out, &l);
	}
	if (!done)
		add_entry(out, line, len);
}

void db_remove(struct str *out, const char *text, const char *name)
{
	struct line l;
	while (next_line(&text, &l)) {
		if (!is_named(&l, name, strlen(name)))
			add_line(out, &l);
	}
}

char *db_find_id(const char *text, size_t i, uint32_t id)
{
	struct line l;
	while (next_line(&text, &l)) {
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

/* l is prefix and then name; name NULL: prefix and then any name. */
static bool is_marker(const struct line *l, const char *prefix, const char *name)
{
	size_t n = strlen(prefix);
	if (l->len < n || memcmp(l->text, prefix, n) != 0)
		return false;
	return !name || (l->len - n == strlen(name) && memcmp(l->text + n, name, l->len - n) == 0);
}

/*
 * What follows the end of the block whose first line was just taken off text; NULL when the next
 * marker of that name (NULL: of any) is not its end.  Somebody's edit may have left half a block:
 * pairing it with a later one would swallow what is between.
 */
static const char *block_end(const char *text, const char *name)
{
	struct line l;
	while (next_line(&text, &l)) {
		if (is_marker(&l, END, name))
			return text;
		if (is_marker(&l, BEGIN, name))
			return NULL;
	}
	return NULL;
}

static void add_block(struct str *out, const char *name, const char *body)
{
	if (!*body)
		return;
	end_line(out);
	str_printf(out, BEGIN "%s\n", name);
	struct line l;
	while (next_line(&body, &l)) {
		if (!is_marker(&l, BEGIN, name) && !is_marker(&l, END, name))
			add_line(out, &l);
	}
	end_line(out);
	str_printf(out, END "%s\n", name);
}

void block_set(struct str *out, const char *text, const char *name, const char *body)
{
	bool done = false;
	struct line l;
	while (next_line(&text, &l)) {
		bool begins = is_marker(&l, BEGIN, name);
		if (!begins && !is_marker(&l, END, name)) {
			add_line(out, &l);
			continue;
		}
		const char *behind = begins ? block_end(text, name) : NULL;
		if (!behind)
			continue;
		text = behind;
		if (!done)
			add_block(out, name, body);
		done = true;
	}
	if (!done)
		add_block(out, name, body);
}

void block_set_first(struct str *out, const char *text, const char *name, const char *body)
{
	auto_str without = STR_INIT, added = STR_INIT;
	block_set(&without, text, name, "");
	block_set(&added, text, name, body);
	if (strcmp(str_text(&without), text) != 0) {
		str_puts(out, str_text(&added));
		return;
	}
	add_block(out, name, body);
	str_puts(out, text);
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
	while (next_line(&text, &l)) {
		if ((!inside || l.text >= inside) && is_marker(&l, BEGIN, NULL))
			inside = block_end(text, NULL);
		if ((inside && l.text < inside) || !maps_name(&l, "127.0.1.1", hostname))
			add_line(out, &l);
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
	end_line(out);
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
	while (next_line(&text, &l)) {
		if (!sets_var(&l, name)) {
			add_line(out, &l);
			continue;
		}
		if (!done)
			str_printf(out, "%s=%s%s", name, value, l.full > l.len ? "\n" : "");
		done = true;
	}
	if (done)
		return;
	end_line(out);
	str_printf(out, "%s=%s\n", name, value);
}
