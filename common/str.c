/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "str.h"

static void erase(struct str *s)
{
	if (s->secret && s->data)
		explicit_bzero(s->data, s->cap);
}

static void grow(struct str *s, size_t want)
{
	size_t cap = s->cap * 2 > want ? s->cap * 2 : want;
	if (!s->secret) {
		s->data = xrealloc(s->data, cap, 1);
	} else {
		/* realloc would leave what was there where it was. */
		char *larger = xmalloc(cap);
		if (s->data)
			memcpy(larger, s->data, s->len);
		erase(s);
		free(s->data);
		s->data = larger;
	}
	s->cap = cap;
}

void str_add(struct str *s, const void *data, size_t len)
{
	if (len >= s->cap - s->len || !s->data)
		grow(s, s->len + len + 1);
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void str_puts(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	size_t room = s->cap - s->len;
	int len = vsnprintf(s->data ? s->data + s->len : NULL, room, fmt, ap);
	if (len >= 0 && (size_t)len >= room) {
		grow(s, s->len + (size_t)len + 1);
		len = vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	va_end(ap);
	if (len < 0)
		abort(); /* a format that this program has wrong */
	s->len += (size_t)len;
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_steal(struct str *s)
{
	char *text = s->data ? s->data : xstrdup("");
	*s = (struct str)STR_INIT;
	return text;
}

void str_done(struct str *s)
{
	erase(s);
	free(s->data);
	*s = (struct str)STR_INIT;
}

void strv_add_owned(struct strv *s, char *text)
{
	if (s->n + 2 > s->cap) {
		s->cap = s->cap ? s->cap * 2 : 8;
		s->v = xrealloc(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = text;
	s->v[s->n] = NULL;
}

void strv_add(struct strv *s, const char *text)
{
	strv_add_owned(s, xstrdup(text));
}

void strv_printf(struct strv *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	strv_add_owned(s, xvasprintf(fmt, ap));
	va_end(ap);
}

char *strv_join(const struct strv *s, const char *separator)
{
	auto_str out = STR_INIT;
	for (size_t i = 0; i < s->n; i++)
		str_printf(&out, "%s%s", i ? separator : "", s->v[i]);
	return str_steal(&out);
}

bool strv_has(const struct strv *s, const char *text)
{
	strv_foreach (item, s) {
		if (strcmp(*item, text) == 0)
			return true;
	}
	return false;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare_strings);
}

void strv_clear(struct strv *s)
{
	strv_foreach (item, s)
		free(*item);
	s->n = 0;
	if (s->v)
		s->v[0] = NULL;
}

void strv_done(struct strv *s)
{
	strv_clear(s);
	free(s->v);
	*s = (struct strv){0};
}

void strv_split(struct strv *s, const char *text, const char *seps)
{
	while (*text) {
		size_t len = strcspn(text, seps);
		if (len)
			strv_add_owned(s, xstrndup(text, len));
		text += len;
		if (*text)
			text++;
	}
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

char *path_join(const char *dir, const char *name)
{
	while (*name == '/' || str_starts(name, "./"))
		name += *name == '/' ? 1 : 2;
	return xasprintf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, slash - path);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool parse_number(const char *text, long long min, long long max, long long *ret)
{
	const char *digits = text + (*text == '-' && min < 0);
	if (!isdigit((unsigned char)*digits))
		return false;
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

bool parse_octal(const char *text, size_t digits, uint32_t max, uint32_t *ret)
{
	size_t len = strspn(text, "01234567");
	if (!len || len > digits || text[len])
		return false;
	uint32_t value = 0;
	for (; *text; text++)
		value = value * 8 + (uint32_t)(*text - '0');
	if (value > max)
		return false;
	*ret = value;
	return true;
}

bool parse_size(const char *text, unsigned long long *ret)
{
	static const char suffixes[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *suffix = text[digits] ? strchr(suffixes, text[digits]) : NULL;
	if (!digits || (text[digits] && (!suffix || text[digits + 1])))
		return false;
	autofree char *number = xstrndup(text, digits);
	unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
	long long value;
	if (!parse_number(number, 0, LLONG_MAX >> shift, &value))
		return false;
	*ret = (unsigned long long)value << shift;
	return true;
}

char *format_size(unsigned long long bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		unit++;
	}
	return xasprintf("%.*f %s", unit && value < 10 ? 1 : 0, value, units[unit]);
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	autofree size_t *row = xcalloc(m + 1, sizeof(*row));
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[m];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t n)
{
	const char *nearest = NULL;
	size_t best = strlen(word) / 3 + 2;
	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, candidates[i]);
		if (distance < best) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}
