/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit_init.h"
#include "mem.h"

#define VARIABLE "env DEFAULT_RUNLEVEL="

/* Where in the line, which ends at a newline or NUL, the level is; NULL: it has none. */
typedef const char *find_level(const char *line, size_t *ret_len);

static const char *find_initdefault(const char *line, size_t *ret_len)
{
	size_t id = strcspn(line, ":\n");
	if (*line == '#' || line[id] != ':')
		return NULL;
	const char *level = line + id + 1;
	*ret_len = strcspn(level, ":\n");
	return str_starts(level + *ret_len, ":initdefault:") ? level : NULL;
}

static const char *find_variable(const char *line, size_t *ret_len)
{
	line += strspn(line, " \t");
	if (!str_starts(line, VARIABLE))
		return NULL;
	line += strlen(VARIABLE);
	*ret_len = strcspn(line, " \t\r\n");
	return line;
}

static bool set_level(struct str *out, const char *text, char level, find_level *find)
{
	bool found = false;
	while (*text) {
		size_t len = strcspn(text, "\n"), old = 0;
		len += text[len] == '\n';
		const char *at = find(text, &old);
		if (at) {
			str_add(out, text, (size_t)(at - text));
			str_add(out, &level, 1);
			str_add(out, at + old, (size_t)(text + len - at) - old);
		} else {
			str_add(out, text, len);
		}
		found = found || at;
		text += len;
	}
	return found;
}

bool inittab_set_level(struct str *out, const char *text, char level)
{
	return set_level(out, text, level, find_initdefault);
}

bool upstart_set_level(struct str *out, const char *text, char level)
{
	return set_level(out, text, level, find_variable);
}
