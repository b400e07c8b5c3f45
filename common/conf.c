/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "line.h"
#include "mem.h"

#define KEYS_MAX 64
#define FIELD(filled, key, type) ((type *)((char *)(filled) + (key)->offset))

/* A file while it is read. */
struct reader {
	const struct conf_key *keys;
	const char *what;
	size_t line;
	size_t seen[KEYS_MAX]; /* how often each key came so far */
	void *filled;
};

static int unknown_key(const struct reader *r, const char *name, struct err *e)
{
	const char *names[KEYS_MAX];
	size_t n = 0;
	for (; r->keys[n].name; n++)
		names[n] = r->keys[n].name;
	const char *near = str_nearest(name, names, n);
	return err_set(e, ERR_PROFILE, "%s:%zu: unknown key '%s'%s%s%s", r->what, r->line, name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int set_bool(const char *value, bool *ret, struct err *e)
{
	*ret = strcmp(value, "yes") == 0;
	if (*ret || strcmp(value, "no") == 0)
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is neither yes nor no", value);
}

static int set_version(const struct conf_key *k, const char *value, long *ret, struct err *e)
{
	long long number;
	if (!parse_number(value, 1, 1000000, &number))
		return err_set(e, ERR_PROFILE, "'%s' is not a number from 1 to 1000000", value);
	if (number != k->version)
		return err_set(e, ERR_PROFILE,
			       "'%s' is not what this program knows, which is %ld; write the file "
			       "with mkimage of the same release",
			       value, k->version);
	*ret = (long)number;
	return 0;
}

static int set_value(const struct conf_key *k, const char *value, void *filled, struct err *e)
{
	if (k->check && k->check(value, e) < 0)
		return -1;
	switch (k->type) {
	case CONF_VERSION:
		return set_version(k, value, FIELD(filled, k, long), e);
	case CONF_BOOL:
		return set_bool(value, FIELD(filled, k, bool), e);
	case CONF_TEXT:
		*FIELD(filled, k, char *) = xstrdup(value);
		return 0;
	case CONF_LIST:
		strv_add(FIELD(filled, k, struct strv), value);
		return 0;
	}
	return 0;
}

static int set_key(struct reader *r, const char *name, const char *value, struct err *e)
{
	size_t i = 0;
	while (r->keys[i].name && strcmp(r->keys[i].name, name) != 0)
		i++;
	const struct conf_key *k = &r->keys[i];
	if (!k->name)
		return unknown_key(r, name, e);
	if (r->seen[i]++ && k->type != CONF_LIST)
		return err_set(e, ERR_PROFILE, "%s:%zu: '%s' is there twice; leave one", r->what,
			       r->line, name);
	if (set_value(k, value, r->filled, e) < 0)
		return err_wrap(e, "%s:%zu: %s", r->what, r->line, name);
	return 0;
}

static void trim(char *text)
{
	size_t len = strlen(text), skip = strspn(text, " \t");
	while (len > skip && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	memmove(text, text + skip, len - skip);
	text[len - skip] = '\0';
}

static int parse_line(struct reader *r, char *text, struct err *e)
{
	trim(text);
	if (!*text || *text == '#')
		return 0;
	char *value = strchr(text, '=');
	if (!value)
		return err_set(e, ERR_PROFILE, "%s:%zu: no '=': a line is 'key = value'", r->what,
			       r->line);
	*value++ = '\0';
	trim(text);
	trim(value);
	return set_key(r, text, value, e);
}

static int check_version(const struct reader *r, struct err *e)
{
	for (size_t i = 0; r->keys[i].name; i++) {
		if (r->keys[i].type == CONF_VERSION && !r->seen[i])
			return err_set(e, ERR_PROFILE, "%s: no '%s'; it begins with '%s = %ld'",
				       r->what, r->keys[i].name, r->keys[i].name,
				       r->keys[i].version);
	}
	return 0;
}

int conf_parse(const struct conf_key *keys, const char *text, size_t len, const char *what,
	       void *ret, struct err *e)
{
	struct reader r = {.keys = keys, .what = what, .line = 1, .filled = ret};
	struct line l;
	if (len > CONF_MAX || strlen(text) != len)
		return err_set(e, ERR_PROFILE, "%s: %s", what,
			       len > CONF_MAX ? "larger than 1 MiB"
					      : "has a NUL byte, so it is not text");
	for (; line_next(&text, &l); r.line++) {
		autofree char *one = xstrndup(l.text, l.len);
		if (parse_line(&r, one, e) < 0)
			return -1;
	}
	return check_version(&r, e);
}

void conf_done(const struct conf_key *keys, void *filled)
{
	for (; keys->name; keys++) {
		if (keys->type == CONF_TEXT) {
			free(*FIELD(filled, keys, char *));
			*FIELD(filled, keys, char *) = NULL;
		} else if (keys->type == CONF_LIST) {
			strv_done(FIELD(filled, keys, struct strv));
		}
	}
}
