/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "attrs.h"
#include "mem.h"
#include "validate.h"

#define BELOW "/**"

static void entry_done(struct attrs_entry *a)
{
	free(a->path);
	free(a->owner);
	free(a->group);
	free(a->node);
}

void attrs_done(struct attrs *a)
{
	for (size_t i = 0; i < a->n; i++)
		entry_done(&a->entries[i]);
	free(a->entries);
	*a = (struct attrs){0};
}

/* Replace \ooo by its byte, in place; a backslash that is no such thing is refused. */
static bool unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++, to++) {
		*to = *from;
		if (*from != '\\')
			continue;
		uint32_t byte;
		autofree char *digits = xstrndup(from + 1, 3);
		if (strlen(digits) != 3 || !parse_octal(digits, 3, 255, &byte) || !byte)
			return false;
		*to = (char)byte;
		from += 3;
	}
	*to = '\0';
	return true;
}

static bool path_is_plain(const char *path)
{
	if (*path != '/')
		return false;
	for (const char *name = path; *name;) {
		name++;
		size_t len = strcspn(name, "/");
		bool dots = (len == 1 || len == 2) && strncmp(name, "..", len) == 0;
		if (dots || (!len && path[1]))
			return false;
		name += len;
	}
	return true;
}

static bool parse_path(const char *field, struct attrs_entry *a)
{
	a->path = xstrdup(field);
	a->below = str_ends(field, BELOW);
	if (a->below)
		a->path[strlen(a->path) - strlen(BELOW)] = '\0';
	if (a->below && !*a->path) {
		free(a->path);
		a->path = xstrdup("/");
	}
	return unescape(a->path) && path_is_plain(a->path);
}

static bool is_owner(const char *text)
{
	long long id;
	auto_err ignored = ERR_INIT;
	return parse_number(text, 0, UINT32_MAX - 1, &id) || validate_username(text, &ignored) == 0;
}

/* "char:1:3": kind, major and minor of Linux's dev_t (12 and 20 bits). */
static bool is_node(const char *text)
{
	if (strcmp(text, "fifo") == 0 || strcmp(text, "socket") == 0)
		return true;
	auto_strv parts = {0};
	long long number;
	strv_split(&parts, text, ":");
	return parts.n == 3 && (str_starts(text, "char:") || str_starts(text, "block:")) &&
	       parse_number(parts.v[1], 0, 4095, &number) &&
	       parse_number(parts.v[2], 0, 1048575, &number);
}

static int bad(struct err *e, const char *file, int line, const char *what, const char *value)
{
	return err_set(e, ERR_PROFILE, "%s:%d: '%s' is not %s", file, line, value, what);
}

static int parse_extra(const char *field, struct attrs_entry *a, const char *file, struct err *e)
{
	if (strcmp(field, "template") == 0)
		a->is_template = true;
	else if (is_node(field) && !a->node)
		a->node = xstrdup(field);
	else
		return bad(e, file, a->line,
			   "a remark; allowed are template, char:MAJOR:MINOR, block:MAJOR:MINOR, "
			   "fifo and socket",
			   field);
	return 0;
}

static int parse_fields(const struct strv *f, struct attrs_entry *a, const char *file,
			struct err *e)
{
	if (f->n < 4)
		return err_set(
			e, ERR_PROFILE,
			"%s:%d: a line is 'path mode owner group', this one has %zu of the 4", file,
			a->line, f->n);
	if (!parse_path(f->v[0], a))
		return bad(e, file, a->line,
			   "a path; it has to be absolute, without '.', '..' and '//', with blanks "
			   "written \\040",
			   f->v[0]);
	if (!parse_octal(f->v[1], 5, 07777, &a->mode))
		return bad(e, file, a->line, "an octal mode such as 0644", f->v[1]);
	for (size_t i = 2; i < 4; i++) {
		if (!is_owner(f->v[i]))
			return bad(e, file, a->line, "a user or group name or number", f->v[i]);
	}
	a->owner = xstrdup(f->v[2]);
	a->group = xstrdup(f->v[3]);
	for (size_t i = 4; i < f->n; i++) {
		if (parse_extra(f->v[i], a, file, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_line(const char *line, int number, const char *file, struct attrs *ret,
		      struct err *e)
{
	auto_strv fields = {0};
	strv_split(&fields, line, " \t\r");
	if (!fields.n || *fields.v[0] == '#')
		return 0;
	struct attrs_entry a = {.line = number};
	if (parse_fields(&fields, &a, file, e) < 0) {
		entry_done(&a);
		return -1;
	}
	ret->entries = array_reserve(ret->entries, ret->n, &ret->cap, sizeof(*ret->entries));
	ret->entries[ret->n++] = a;
	return 0;
}

int attrs_parse(const char *text, size_t len, const char *file, struct attrs *ret, struct err *e)
{
	auto_attrs parsed = {0};
	int number = 1;
	for (const char *end = text + len; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		if (memchr(text, '\0', n))
			return err_set(e, ERR_PROFILE, "%s:%d: holds a NUL byte; it has to be text",
				       file, number);
		autofree char *line = xstrndup(text, n);
		if (parse_line(line, number, file, &parsed, e) < 0)
			return -1;
		text += n + 1;
	}
	*ret = parsed;
	parsed = (struct attrs){0};
	return 0;
}

static void print_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c <= ' ' || c == '\\' || c == 127 || c == '*' || c == '#')
			str_printf(out, "\\%03o", c);
		else
			str_add(out, text, 1);
	}
}

void attrs_print(struct str *out, const struct attrs_entry *a)
{
	bool root_below = a->below && strcmp(a->path, "/") == 0;
	print_escaped(out, root_below ? "" : a->path);
	str_printf(out, "%s %04o %s %s%s%s%s\n", a->below ? BELOW : "", a->mode, a->owner, a->group,
		   a->is_template ? " template" : "", a->node ? " " : "", a->node ? a->node : "");
}

static bool covers(const struct attrs_entry *a, const char *path)
{
	if (!a->below)
		return strcmp(a->path, path) == 0;
	size_t len = strlen(a->path);
	if (len == 1)
		return path[1] != '\0';
	return strncmp(path, a->path, len) == 0 && path[len] == '/';
}

const struct attrs_entry *attrs_find(const struct attrs *a, const char *path)
{
	for (size_t i = a->n; i > 0; i--) {
		if (covers(&a->entries[i - 1], path))
			return &a->entries[i - 1];
	}
	return NULL;
}
