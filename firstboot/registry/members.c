/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "json_read.h"
#include "members.h"
#include "mem.h"
#include "record.h"

#define FILE_MAX (64u << 20)
#define PATH "/etc/cardstock/nodes.json"

struct member {
	char *name, *planned_name, *state, *role, *mac; /* NULL: null; one of its MACs */
};

struct members {
	char *master; /* what the plan calls it */
	struct member *v;
	size_t n, cap;
};

static void members_done(struct members *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].planned_name);
		free(l->v[i].state);
		free(l->v[i].role);
		free(l->v[i].mac);
	}
	free(l->v);
	free(l->master);
}
#define auto_members __attribute__((cleanup(members_done))) struct members

/* ---- the file ---- */

static void set(char **field, const struct json_value *v)
{
	free(*field);
	*field = v->type == JSON_STRING ? xstrdup(v->text) : NULL;
}

/* A record begins with its id. */
static int take(void *arg, const struct json_value *v, struct err *e)
{
	static const struct {
		const char *path;
		size_t offset;
	} fields[] = {
		{"records[].name", offsetof(struct member, name)},
		{"records[].planned_name", offsetof(struct member, planned_name)},
		{"records[].state", offsetof(struct member, state)},
		{"records[].role", offsetof(struct member, role)},
		{"records[].nics[].mac", offsetof(struct member, mac)},
	};
	struct members *l = arg;
	(void)e;
	if (strcmp(v->path, "master") == 0)
		set(&l->master, v);
	if (strcmp(v->path, "records[].id") == 0) {
		l->v = array_reserve(l->v, l->n, &l->cap, sizeof(*l->v));
		l->v[l->n++] = (struct member){0};
	}
	for (size_t i = 0; l->n && i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(v->path, fields[i].path) == 0)
			set((char **)(void *)((char *)&l->v[l->n - 1] + fields[i].offset), v);
	}
	return 0;
}

static int read_members(const char *root, struct members *ret, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *path = xasprintf("%s" PATH, root);
	if (io_read_file(path, FILE_MAX, &text, e) < 0)
		return err_wrap(e,
				"the list of nodes, which 'nodectl render' writes on the master");
	if (json_read(str_text(&text), text.len, take, ret, e) < 0)
		return err_wrap(e, "%s: run 'nodectl render' to write it anew", path);
	return 0;
}

/* ---- who is meant ---- */

static bool is(const char *field, const char *word)
{
	return field && strcmp(field, word) == 0;
}

static bool is_master(const struct members *l, const struct member *m)
{
	return l->master && is(m->planned_name, l->master);
}

static bool is_in_group(const struct members *l, const struct member *m, const char *word)
{
	if (!m->name || is_master(l, m))
		return false;
	return is(m->state, word) || (is(m->role, word) && is(m->state, states[STATE_READY].name));
}

static void add(struct strv *ret, const char *name)
{
	if (!strv_has(ret, name))
		strv_add(ret, name);
}

static int find(const struct members *l, const char *word, struct strv *ret, struct err *e)
{
	bool known = state_find(word) != STATES;
	for (size_t i = 0; i < l->n; i++) {
		if (is(l->v[i].name, word)) {
			add(ret, word);
			return 0;
		}
		known |= is(l->v[i].role, word);
	}
	if (!known)
		return err_set(e, ERR_FAILED,
			       "--on: '%s' is no node, role or state; " PATH " has all of them",
			       word);
	for (size_t i = 0; i < l->n; i++) {
		if (is_in_group(l, &l->v[i], word))
			add(ret, l->v[i].name);
	}
	return 0;
}

int members_find(const char *root, const char *on, struct strv *ret, struct err *e)
{
	auto_members l = {0};
	auto_strv words = {0};
	strv_split(&words, on ? on : states[STATE_READY].name, ",");
	if (read_members(root, &l, e) < 0)
		return -1;
	strv_foreach (word, &words) {
		if (find(&l, *word, ret, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of them ---- */

/* "dc:a6:32:01:02:03" without what shells take for the end of a word. */
static void add_mac(struct strv *ret, const char *mac)
{
	auto_str hex = STR_INIT;
	for (; *mac; mac++) {
		if (*mac != ':')
			str_add(&hex, mac, 1);
	}
	add(ret, str_text(&hex));
}

int members_list(const char *root, enum members_kind kind, struct strv *ret, struct err *e)
{
	auto_members l = {0};
	if (read_members(root, &l, e) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		const struct member *m = &l.v[i];
		if (m->name)
			add(ret, m->name);
		else if (kind == MEMBERS_BOARDS && m->mac)
			add_mac(ret, m->mac);
		if (kind == MEMBERS_GROUPS && m->role)
			add(ret, m->role);
	}
	for (size_t i = 0; kind == MEMBERS_GROUPS && i < STATES; i++)
		add(ret, states[i].name);
	return 0;
}
