/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "apt_private.h"
#include "control.h"
#include "hash.h"
#include "mem.h"

/* ---- 'URI' FILE BYTES SHA256:HEX ---- */

/* A part of a file's name, in which apt writes some characters as %3a; owned. */
static char *decode(const char *text, size_t len)
{
	auto_str out = STR_INIT;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
		    hex_digit(text[i + 2]) >= 0) {
			c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
			i += 2;
		}
		str_add(&out, &c, 1);
	}
	return str_steal(&out);
}

/* NAME_VERSION_ARCHITECTURE.deb */
static bool read_name(const char *file, struct apt_package *p)
{
	const char *version = strchr(file, '_');
	const char *arch = version ? strchr(version + 1, '_') : NULL;
	if (!arch || strchr(file, '/') || *file == '.' || !str_ends(arch, ".deb"))
		return false;
	p->file = xstrdup(file);
	p->name = decode(file, (size_t)(version - file));
	p->version = decode(version + 1, (size_t)(arch - version - 1));
	p->architecture = decode(arch + 1, strlen(arch + 1) - strlen(".deb"));
	return true;
}

static void package_done(struct apt_package *p)
{
	free(p->file);
	free(p->name);
	free(p->version);
	free(p->architecture);
	free(p->sha256);
	free(p->path);
	*p = (struct apt_package){0};
}

/* The three words behind the URI. */
static int read_words(const char *line, struct apt_package *p, struct err *e)
{
	auto_strv words = {0};
	long long bytes;
	strv_split(&words, line, " ");
	if (words.n != 3 || !str_starts(words.v[2], "SHA256:") ||
	    !parse_number(words.v[1], 1, INT64_MAX, &bytes) || !read_name(words.v[0], p))
		return err_set(e, ERR_FAILED,
			       "apt-get --print-uris: '%s' is not a file, its size and its SHA256",
			       line);
	p->bytes = (uint64_t)bytes;
	return hash_parse(words.v[2] + strlen("SHA256:"), p->file, &p->sha256, e);
}

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct apt_package *)a)->file, ((const struct apt_package *)b)->file);
}

int apt_read_uris(const char *text, struct apt_set *ret, struct err *e)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		const char *end = **line == '\'' ? strrchr(*line, '\'') : NULL;
		if (!end)
			continue;
		ret->v = array_reserve(ret->v, ret->n, &ret->cap, sizeof(*ret->v));
		ret->v[ret->n] = (struct apt_package){0};
		if (read_words(end + 1, &ret->v[ret->n++], e) < 0)
			return -1;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_file);
	return 0;
}

void apt_set_done(struct apt_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		package_done(&s->v[i]);
	free(s->v);
	*s = (struct apt_set){0};
}

/* ---- stanzas ---- */

static void read_size(const struct stanza *s, struct apt_package *p)
{
	autofree char *size = stanza_get(s, "Installed-Size");
	long long kib;
	if (size && parse_number(size, 0, INT64_MAX / 1024, &kib))
		p->installed = (uint64_t)kib * 1024;
}

void apt_read_sizes(const char *text, struct apt_set *set)
{
	struct stanza s;
	while (stanza_next(&text, &s)) {
		for (size_t i = 0; i < set->n; i++) {
			struct apt_package *p = &set->v[i];
			if (stanza_is(&s, "Package", p->name) &&
			    stanza_is(&s, "Version", p->version) &&
			    stanza_is(&s, "Architecture", p->architecture))
				read_size(&s, p);
		}
	}
}

/* ---- for people ---- */

char *apt_said(const char *text, const char *heading)
{
	auto_strv lines = {0}, said = {0};
	bool inside = false;
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		const char *words = *line + strspn(*line, " ");
		if (inside && words > *line)
			strv_add(&said, words);
		inside = words > *line ? inside : strcmp(*line, heading) == 0;
	}
	return said.n ? strv_join(&said, "; ") : NULL;
}

char *apt_reason(const char *messages, const char *const *marks)
{
	auto_strv lines = {0};
	strv_split(&lines, messages, "\n");
	for (; *marks; marks++) {
		strv_foreach (line, &lines) {
			if (!str_starts(*line, *marks))
				continue;
			const char *rest = *line + strlen(*marks);
			return xstrndup(rest, strlen(rest) - str_ends(rest, "."));
		}
	}
	return NULL;
}
