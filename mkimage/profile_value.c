/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "profile_private.h"

static bool has_range(const struct key *k)
{
	return k->min || k->max;
}

static int set_number(struct value *v, const char *text, struct loc loc, struct err *e)
{
	const struct key *k = v->key;
	long long min = has_range(k) ? k->min : LONG_MIN, max = has_range(k) ? k->max : LONG_MAX;
	long long number;
	if (parse_number(text, min, max, &number)) {
		v->num = (long)number;
		return 0;
	}
	if (has_range(k))
		return err_at(e, loc, "%s: '%s' is not a number from %ld to %ld", k->name, text,
			      k->min, k->max);
	return err_at(e, loc, "%s: '%s' is not a number", k->name, text);
}

static int set_bool(struct value *v, const char *text, struct loc loc, struct err *e)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(text, words[i]) == 0) {
			v->on = i % 2;
			return 0;
		}
	}
	return err_at(e, loc, "%s: '%s' is neither true nor false", v->key->name, text);
}

static void add_item(struct value *v, const char *text, struct loc loc)
{
	strv_add(&v->list, text);
	v->list_loc = xrealloc(v->list_loc, v->list.n, sizeof(*v->list_loc));
	v->list_loc[v->list.n - 1] = loc;
}

static int set_typed(struct value *v, const char *text, struct loc loc, struct err *e)
{
	switch (v->key->type) {
	case KEY_INT:
		return set_number(v, text, loc, e);
	case KEY_BOOL:
		return set_bool(v, text, loc, e);
	case KEY_LIST:
		add_item(v, text, loc);
		return 0;
	case KEY_STRING:
		free((char *)v->str);
		v->str = xstrdup(text);
		return 0;
	case KEY_SECTION:
		break;
	}
	return err_at(e, loc, "'%s' is a section", v->key->name);
}

int value_set(struct value *v, const char *text, struct loc loc, struct err *e)
{
	if (key_check(v->key, text, loc, e) < 0 || set_typed(v, text, loc, e) < 0)
		return -1;
	v->loc = loc;
	v->set = true;
	return 0;
}

void value_clear_list(struct value *v)
{
	strv_clear(&v->list);
	free(v->list_loc);
	v->list_loc = NULL;
}

static void value_init(struct value *v, const struct key *k, struct loc loc)
{
	*v = (struct value){.key = k};
	auto_err e = ERR_INIT;
	if (k->fallback && value_set(v, k->fallback, loc, &e) < 0) {
		fprintf(stderr, "default of key '%s': %s\n", k->name, e.msg);
		abort();
	}
	v->set = false;
	v->loc = (struct loc){loc.file, 0};
}

void section_init(struct section *s, const struct key *keys, const char *name, const char *title,
		  struct loc loc)
{
	size_t n = 0;
	while (keys[n].name)
		n++;
	*s = (struct section){.keys = keys, .name = name, .title = xstrdup(title), .loc = loc};
	s->values = xcalloc(n + 1, sizeof(*s->values));
	for (size_t i = 0; i < n; i++)
		value_init(&s->values[i], &keys[i], loc);
}

void section_done(struct section *s)
{
	for (struct value *v = s->values; v && v->key; v++) {
		free((char *)v->str);
		strv_done(&v->list);
		free(v->list_loc);
	}
	free(s->values);
	free((char *)s->title);
	for (size_t i = 0; i < s->n_sections; i++)
		section_done(&s->sections[i]);
	free(s->sections);
	*s = (struct section){0};
}

static bool is_titled(const struct section *s, const char *title)
{
	return s->title && title ? strcmp(s->title, title) == 0 : s->title == title;
}

struct section *section_open(struct section *s, const struct key *k, const char *title,
			     struct loc loc)
{
	for (size_t i = 0; i < s->n_sections; i++) {
		struct section *sub = &s->sections[i];
		if (strcmp(sub->name, k->name) == 0 && is_titled(sub, title))
			return sub;
	}
	s->sections = xrealloc(s->sections, s->n_sections + 1, sizeof(*s->sections));
	section_init(&s->sections[s->n_sections], k->keys, k->name, title, loc);
	return &s->sections[s->n_sections++];
}

struct value *section_find(const struct section *s, const char *key)
{
	for (struct value *v = s->values; v->key; v++) {
		if (strcmp(v->key->name, key) == 0)
			return v;
	}
	return NULL;
}

static const struct value *get_typed(const struct section *s, const char *key, enum key_type type)
{
	const struct value *v = section_get(s, key);
	if (v->key->type != type) {
		fprintf(stderr, "key '%s' has another type than the program asks for\n", key);
		abort();
	}
	return v;
}

const struct value *section_get(const struct section *s, const char *key)
{
	const struct value *v = section_find(s, key);
	if (!v) {
		fprintf(stderr, "key '%s' is in no table of section '%s'\n", key, s->name);
		abort();
	}
	return v;
}

const char *section_str(const struct section *s, const char *key)
{
	return get_typed(s, key, KEY_STRING)->str;
}

long section_int(const struct section *s, const char *key)
{
	return get_typed(s, key, KEY_INT)->num;
}

bool section_bool(const struct section *s, const char *key)
{
	return get_typed(s, key, KEY_BOOL)->on;
}

const struct strv *section_list(const struct section *s, const char *key)
{
	return &get_typed(s, key, KEY_LIST)->list;
}

const struct value *profile_get(const struct profile *p, const char *key)
{
	return section_get(&p->top, key);
}

const char *profile_str(const struct profile *p, const char *key)
{
	return section_str(&p->top, key);
}

long profile_int(const struct profile *p, const char *key)
{
	return section_int(&p->top, key);
}

bool profile_bool(const struct profile *p, const char *key)
{
	return section_bool(&p->top, key);
}

const struct section *profile_next(const struct profile *p, const char *name,
				   const struct section *previous)
{
	size_t i = previous ? (size_t)(previous - p->top.sections) + 1 : 0;
	for (; i < p->top.n_sections; i++) {
		if (strcmp(p->top.sections[i].name, name) == 0)
			return &p->top.sections[i];
	}
	return NULL;
}
