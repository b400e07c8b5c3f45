/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_read.h"

#include <string.h>

#include "mem.h"
#include "str.h"
#include "utf8.h"

struct reader {
	const char *begin, *at, *end;
	json_fn *fn;
	void *arg;
	struct str path;
	int depth;
};

static int read_value(struct reader *r, struct err *e);

static int wrong(const struct reader *r, struct err *e)
{
	return err_set(e, ERR_FAILED, "no JSON at byte %zu", (size_t)(r->at - r->begin));
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* ---- strings ---- */

/* Four hexadecimal digits; -1: they are none. */
static long read_hex(struct reader *r)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	long value = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		const char *d = r->at < r->end && *r->at ? strchr(digits, *r->at) : NULL;
		d = d ? d : r->at < r->end && *r->at ? strchr(digits + 16, *r->at) : NULL;
		if (!d)
			return -1;
		value = value << 4 | ((d - digits) & 15);
	}
	return value;
}

static void add_utf8(struct str *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(n == 1 ? c : (uint32_t)(0xf00 >> n & 0xff) | c);
	str_add(out, b, n);
}

/* What follows \u, the second half of a pair included. */
static bool read_unicode(struct reader *r, struct str *out)
{
	long high = read_hex(r);
	if (high <= 0 || (high >= 0xdc00 && high < 0xe000))
		return false;
	if (high < 0xd800 || high >= 0xe000) {
		add_utf8(out, (uint32_t)high);
		return true;
	}
	if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
		return false;
	r->at += 2;
	long low = read_hex(r);
	if (low < 0xdc00 || low >= 0xe000)
		return false;
	add_utf8(out, 0x10000u + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
	return true;
}

static bool read_escape(struct reader *r, struct str *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	if (r->at == r->end || !*r->at)
		return false;
	if (*r->at == 'u') {
		r->at++;
		return read_unicode(r, out);
	}
	const char *name = strchr(names, *r->at);
	if (!name)
		return false;
	str_add(out, &values[name - names], 1);
	r->at++;
	return true;
}

static bool read_char(struct reader *r, struct str *out)
{
	uint32_t c;
	if (*r->at == '\\') {
		r->at++;
		return read_escape(r, out);
	}
	size_t n = utf8_decode(r->at, (size_t)(r->end - r->at), &c);
	if (!n || c < ' ')
		return false;
	str_add(out, r->at, n);
	r->at += n;
	return true;
}

static int read_string(struct reader *r, struct str *out, struct err *e)
{
	if (!take(r, '"'))
		return wrong(r, e);
	while (r->at < r->end && *r->at != '"') {
		if (!read_char(r, out))
			return wrong(r, e);
	}
	return take(r, '"') ? 0 : wrong(r, e);
}

/* ---- values ---- */

static int hand_on(const struct reader *r, enum json_type type, const char *text, struct err *e)
{
	const struct json_value v = {r->path.len ? r->path.data : "", type, text};
	return r->fn(r->arg, &v, e);
}

static int read_text(struct reader *r, struct err *e)
{
	auto_str text = STR_SECRET;
	if (read_string(r, &text, e) < 0)
		return -1;
	return hand_on(r, JSON_STRING, str_text(&text), e);
}

static size_t skip_digits(const char **c)
{
	size_t n = strspn(*c, "0123456789");
	*c += n;
	return n;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *c)
{
	c += *c == '-';
	bool zero = *c == '0';
	size_t whole = skip_digits(&c);
	if (!whole || (zero && whole > 1) || (*c == '.' && (c++, !skip_digits(&c))))
		return false;
	if (*c == 'e' || *c == 'E') {
		c++;
		c += *c == '+' || *c == '-';
		if (!skip_digits(&c))
			return false;
	}
	return !*c;
}

/* A number or one of the three words. */
static int read_word(struct reader *r, struct err *e)
{
	static const char *const words[] = {"true", "false", "null"};
	static const enum json_type types[] = {JSON_TRUE, JSON_FALSE, JSON_NULL};
	size_t n = 0, left = (size_t)(r->end - r->at);
	while (n < left && r->at[n] && !strchr(" \t\r\n,]}", r->at[n]))
		n++;
	autofree char *word = xstrndup(r->at, n);
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(word, words[i]) == 0) {
			r->at += n;
			return hand_on(r, types[i], NULL, e);
		}
	}
	if (!is_number(word))
		return wrong(r, e);
	r->at += n;
	return hand_on(r, JSON_NUMBER, word, e);
}

static void cut_path(struct reader *r, size_t len)
{
	r->path.len = len;
	if (r->path.data)
		r->path.data[len] = '\0';
}

static int read_member(struct reader *r, struct err *e)
{
	auto_str name = STR_INIT;
	size_t before = r->path.len;
	if (read_string(r, &name, e) < 0)
		return -1;
	if (!take(r, ':'))
		return wrong(r, e);
	for (char *c = name.data; c && *c; c++)
		*c = strchr(".[]", *c) ? '?' : *c;
	str_printf(&r->path, "%s%s", before ? "." : "", str_text(&name));
	int done = read_value(r, e);
	cut_path(r, before);
	return done;
}

static int read_item(struct reader *r, struct err *e)
{
	size_t before = r->path.len;
	str_puts(&r->path, "[]");
	int done = read_value(r, e);
	cut_path(r, before);
	return done;
}

/* What one() reads, with commas between, up to the bracket. */
static int read_several(struct reader *r, char bracket, int (*one)(struct reader *, struct err *),
			struct err *e)
{
	if (++r->depth > JSON_DEPTH_MAX)
		return wrong(r, e);
	r->at++;
	bool more = !take(r, bracket);
	while (more) {
		if (one(r, e) < 0)
			return -1;
		more = take(r, ',');
		if (!more && !take(r, bracket))
			return wrong(r, e);
	}
	r->depth--;
	return 0;
}

static int read_value(struct reader *r, struct err *e)
{
	skip_blanks(r);
	if (r->at == r->end)
		return wrong(r, e);
	switch (*r->at) {
	case '{':
		return read_several(r, '}', read_member, e);
	case '[':
		return read_several(r, ']', read_item, e);
	case '"':
		return read_text(r, e);
	default:
		return read_word(r, e);
	}
}

int json_read(const char *text, size_t len, json_fn *fn, void *arg, struct err *e)
{
	struct reader r = {.begin = text, .at = text, .end = text + len, .fn = fn, .arg = arg};
	int done = read_value(&r, e);
	skip_blanks(&r);
	if (done == 0 && r.at != r.end)
		done = wrong(&r, e);
	str_done(&r.path);
	return done;
}
