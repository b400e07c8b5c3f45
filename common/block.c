/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "block.h"
#include "mem.h"

#define BEGIN "# BEGIN cardstock "
#define END "# END cardstock "

/* l is prefix and then name; name NULL: prefix and then any name. */
static bool is_marker(const struct line *l, const char *prefix, const char *name)
{
	size_t n = strlen(prefix);
	if (l->len < n || memcmp(l->text, prefix, n) != 0)
		return false;
	return !name || (l->len - n == strlen(name) && memcmp(l->text + n, name, l->len - n) == 0);
}

bool block_begins(const struct line *l, const char *name)
{
	return is_marker(l, BEGIN, name);
}

const char *block_end(const char *text, const char *name)
{
	struct line l;
	while (line_next(&text, &l)) {
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
	line_end(out);
	str_printf(out, BEGIN "%s\n", name);
	struct line l;
	while (line_next(&body, &l)) {
		if (!is_marker(&l, BEGIN, name) && !is_marker(&l, END, name))
			line_add(out, &l);
	}
	line_end(out);
	str_printf(out, END "%s\n", name);
}

void block_set(struct str *out, const char *text, const char *name, const char *body)
{
	bool done = false;
	struct line l;
	while (line_next(&text, &l)) {
		bool begins = is_marker(&l, BEGIN, name);
		if (!begins && !is_marker(&l, END, name)) {
			line_add(out, &l);
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
