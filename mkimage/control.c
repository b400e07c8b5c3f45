/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include <string.h>
#include <strings.h>

#include "mem.h"

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static bool is_blank(const char *line)
{
	return strspn(line, " \t\r") == line_length(line);
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return line + (*line == '\n');
}

bool stanza_next(const char **at, struct stanza *ret)
{
	const char *p = *at;
	while (*p && is_blank(p))
		p = next_line(p);
	ret->text = p;
	while (*p && !is_blank(p))
		p = next_line(p);
	ret->len = (size_t)(p - ret->text);
	*at = p;
	return ret->len > 0;
}

char *stanza_get(const struct stanza *s, const char *name)
{
	size_t len = strlen(name);
	for (const char *p = s->text; p < s->text + s->len; p = next_line(p)) {
		if (strncasecmp(p, name, len) != 0 || p[len] != ':')
			continue;
		const char *value = p + len + 1, *end = p + line_length(p);
		value += strspn(value, " \t");
		while (end > value && strchr(" \t\r", end[-1]))
			end--;
		return xstrndup(value, end > value ? (size_t)(end - value) : 0);
	}
	return NULL;
}

bool stanza_is(const struct stanza *s, const char *name, const char *value)
{
	autofree char *is = stanza_get(s, name);
	return is && strcmp(is, value) == 0;
}
