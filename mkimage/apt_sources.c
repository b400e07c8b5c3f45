/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "apt_sources.h"

#include <string.h>
#include <strings.h>

#include "line.h"
#include "mem.h"

#define BLANKS " \t\r"

/* A file on its way. */
struct reading {
	struct apt_sources *sources;
	const char *keys;
	struct str *out;
	/* *.sources: the field and the stanza that the line is in. */
	enum { FIELD_OTHER, FIELD_URIS, FIELD_KEYS } field;
	struct strv uris;
	bool off;
};

/* ---- what both formats have ---- */

static size_t add_once(struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], text) == 0)
			return i;
	}
	strv_add(list, text);
	return list->n - 1;
}

char *apt_keyring_name(const struct apt_sources *s, size_t i)
{
	return xasprintf("%zu.%s", i, str_ends(s->keyrings.v[i], ".asc") ? "asc" : "gpg");
}

static void put(struct reading *r, const char *text, size_t len)
{
	if (r->out)
		str_add(r->out, text, len);
}

static void put_keyring(struct reading *r, const char *path, size_t len)
{
	autofree char *text = xstrndup(path, len);
	size_t i = add_once(&r->sources->keyrings, text);
	autofree char *name = apt_keyring_name(r->sources, i);
	if (r->out)
		str_printf(r->out, "%s/%s", r->keys, name);
}

/* Words between separators; those that are paths are keyrings, others fingerprints or a key. */
static void put_keyrings(struct reading *r, const char *text, size_t len, const char *separators)
{
	const char *end = text + len;
	while (text < end) {
		size_t gap = strspn(text, separators), word = strcspn(text + gap, separators);
		gap = gap < (size_t)(end - text) ? gap : (size_t)(end - text);
		put(r, text, gap);
		text += gap;
		word = word < (size_t)(end - text) ? word : (size_t)(end - text);
		if (word && *text == '/')
			put_keyring(r, text, word);
		else
			put(r, text, word);
		text += word;
	}
}

/* ---- lines of *.list: deb [OPTION=VALUE …] URI SUITE COMPONENT… ---- */

static void put_options(struct reading *r, const char *text, size_t len)
{
	static const char name[] = "signed-by=";
	const char *end = text + len;
	while (text < end) {
		size_t word = strcspn(text, BLANKS "[]");
		word = word ? word : 1;
		word = word < (size_t)(end - text) ? word : (size_t)(end - text);
		if (word > strlen(name) && strncasecmp(text, name, strlen(name)) == 0) {
			put(r, text, strlen(name));
			put_keyrings(r, text + strlen(name), word - strlen(name), ",");
		} else {
			put(r, text, word);
		}
		text += word;
	}
}

static void read_line(struct reading *r, const char *line, size_t len)
{
	autofree char *text = xstrndup(line, len);
	const char *at = text + strspn(text, BLANKS);
	if (!str_starts(at, "deb") || !strchr(BLANKS, at[3]) || !at[3])
		return;
	const char *options = at + 3 + strspn(at + 3, BLANKS), *uri = options;
	if (*options == '[') {
		uri += strcspn(uri, "]");
		uri += *uri == ']';
	}
	put(r, "deb ", 4);
	put_options(r, options, (size_t)(uri - options));
	uri += strspn(uri, BLANKS);
	autofree char *name = xstrndup(uri, strcspn(uri, BLANKS));
	if (*name && *name != '#')
		add_once(&r->sources->uris, name);
	put(r, " ", 1);
	put(r, uri, strlen(uri));
	put(r, "\n", 1);
}

/* ---- stanzas of *.sources ---- */

static void end_stanza(struct reading *r)
{
	strv_foreach (uri, &r->uris) {
		if (!r->off)
			add_once(&r->sources->uris, *uri);
	}
	strv_clear(&r->uris);
	r->field = FIELD_OTHER;
	r->off = false;
}

static bool is_field(const char *line, const char *name)
{
	size_t len = strlen(name);
	return strncasecmp(line, name, len) == 0 && line[len + strspn(line + len, BLANKS)] == ':';
}

static bool says(const char *value, const char *word)
{
	auto_strv words = {0};
	strv_split(&words, value, BLANKS);
	return strv_has(&words, word);
}

/* As apt has it, in any case. */
static bool is_no(const char *value)
{
	static const char *const words[] = {"no", "false", "without", "off", "disable", "0"};
	auto_strv said = {0};
	strv_split(&said, value, BLANKS);
	for (size_t i = 0; said.n && i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(said.v[0], words[i]) == 0)
			return true;
	}
	return false;
}

/* Where the value begins. */
static const char *begin_field(struct reading *r, const char *line)
{
	const char *colon = strchr(line, ':');
	const char *value = colon ? colon + 1 : line + strlen(line);
	r->field = FIELD_OTHER;
	if (is_field(line, "URIs") || is_field(line, "URI"))
		r->field = FIELD_URIS;
	if (is_field(line, "Signed-By"))
		r->field = FIELD_KEYS;
	if ((is_field(line, "Enabled") && is_no(value)) ||
	    (is_field(line, "Types") && !says(value, "deb")))
		r->off = true;
	return value;
}

static void read_field_line(struct reading *r, const char *line, size_t len)
{
	autofree char *text = xstrndup(line, len);
	const char *value = text;
	if (!text[strspn(text, BLANKS)])
		end_stanza(r);
	else if (*text != '#' && !strchr(BLANKS, *text))
		value = begin_field(r, text);
	put(r, text, (size_t)(value - text));
	if (r->field == FIELD_URIS && *text != '#')
		strv_split(&r->uris, value, BLANKS);
	/* A whole key instead of a file's name: its lines may begin with a slash. */
	if (r->field == FIELD_KEYS && str_starts(value + strspn(value, BLANKS), "-----BEGIN"))
		r->field = FIELD_OTHER;
	if (r->field == FIELD_KEYS && *text != '#')
		put_keyrings(r, value, strlen(value), BLANKS ",");
	else
		put(r, value, strlen(value));
	put(r, "\n", 1);
}

void apt_sources_read(const char *text, bool deb822, const char *keys, struct apt_sources *s,
		      struct str *out)
{
	struct reading r = {.sources = s, .keys = keys, .out = out};
	for (struct line line; line_next(&text, &line);)
		(deb822 ? read_field_line : read_line)(&r, line.text, line.len);
	end_stanza(&r);
	strv_done(&r.uris);
}

void apt_sources_done(struct apt_sources *s)
{
	strv_done(&s->uris);
	strv_done(&s->keyrings);
}
