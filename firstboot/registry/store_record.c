/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "protocol/request.h"
#include "store_private.h"

#define COLUMNS_MAX 40

/* A column beside those of request_fields[], in struct record. */
struct column {
	const char *name;
	enum { NUMBER, REFERENCE /* 0 is null */, TEXT, STATE } type;
	size_t offset;
};

#define COLUMN(type, field)                                  \
	{                                                    \
#field, type, offsetof(struct record, field) \
	}
static const struct column own_columns[] = {
	COLUMN(STATE, state),	COLUMN(REFERENCE, claim),   COLUMN(TEXT, role),
	COLUMN(NUMBER, number), COLUMN(TEXT, plan_name),    COLUMN(TEXT, name),
	COLUMN(TEXT, address),	COLUMN(NUMBER, issue),	    COLUMN(NUMBER, revoked),
	COLUMN(TEXT, key),	COLUMN(NUMBER, first_seen), COLUMN(NUMBER, last_seen),
};

/* All columns but the id, in the order of every statement here; returns how many. */
static size_t all_columns(struct column *ret)
{
	size_t n = sizeof(own_columns) / sizeof(*own_columns);
	memcpy(ret, own_columns, sizeof(own_columns));
	for (const struct field *f = request_fields; f->name; f++) {
		if (f->keep == FIELD_PASSING)
			continue;
		size_t in_facts = f->offset - offsetof(struct request, facts);
		ret[n++] = (struct column){f->name, f->type == FIELD_NUMBER ? NUMBER : TEXT,
					   offsetof(struct record, facts) + in_facts};
	}
	return n;
}

static void bind(struct stmt *t, int index, const struct column *c, const struct record *r)
{
	const void *field = (const char *)r + c->offset;
	long long number;
	switch (c->type) {
	case TEXT:
		stmt_bind_text(t, index, *(char *const *)field);
		return;
	case STATE:
		stmt_bind_text(t, index, states[*(const enum state *)field].name);
		return;
	default:
		number = *(const long long *)field;
		if (number || c->type == NUMBER)
			stmt_bind_int(t, index, number);
	}
}

static int fetch_state(struct stmt *t, int index, enum state *ret, struct err *e)
{
	const char *text = stmt_text(t, index);
	*ret = state_find(text ? text : "");
	if (*ret != STATES)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "registry: record %lld has a state that there is not; restore a backup",
		       stmt_int(t, 0));
}

static int fetch(struct stmt *t, int index, const struct column *c, struct record *r, struct err *e)
{
	void *field = (char *)r + c->offset;
	switch (c->type) {
	case TEXT:
		*(char **)field = xstrdup(stmt_text(t, index));
		return 0;
	case STATE:
		return fetch_state(t, index, field, e);
	default:
		*(long long *)field = stmt_int(t, index);
		return 0;
	}
}

/* "SELECT id, … FROM record" and the condition; owned. */
static char *select_text(const char *condition)
{
	struct column columns[COLUMNS_MAX];
	size_t n = all_columns(columns);
	auto_str text = STR_INIT;
	str_puts(&text, "SELECT id");
	for (size_t i = 0; i < n; i++)
		str_printf(&text, ", %s", columns[i].name);
	str_printf(&text, " FROM record %s", condition);
	return str_steal(&text);
}

static int fetch_nics(struct store *s, struct record *r, struct err *e)
{
	auto_stmt *t = NULL;
	int there;
	if (sql_query(s->sql, &t, e, "SELECT name, mac FROM nic WHERE record = ? ORDER BY place",
		      "i", r->id) < 0)
		return -1;
	while ((there = stmt_next(t, e)) > 0) {
		const char *name = stmt_text(t, 0), *mac = stmt_text(t, 1);
		facts_add_nic(&r->facts, name ? name : "", mac ? mac : "");
	}
	return there;
}

/* The next row of a statement of select_text. */
static int fetch_record(struct store *s, struct stmt *t, struct record *ret, struct err *e)
{
	struct column columns[COLUMNS_MAX];
	size_t n = all_columns(columns);
	auto_record r = {0};
	int there = stmt_next(t, e);
	if (there <= 0)
		return there;
	r.id = stmt_int(t, 0);
	for (size_t i = 0; i < n; i++) {
		if (fetch(t, (int)i + 1, &columns[i], &r, e) < 0)
			return -1;
	}
	if (fetch_nics(s, &r, e) < 0)
		return -1;
	*ret = r;
	r = (struct record){0};
	return 1;
}

int store_by_id(struct store *s, long long id, struct record *ret, struct err *e)
{
	auto_stmt *t = NULL;
	autofree char *text = select_text("WHERE id = ?");
	return sql_query(s->sql, &t, e, text, "i", id) < 0 ? -1 : fetch_record(s, t, ret, e);
}

int store_by_text(struct store *s, enum store_column column, const char *value, struct record *ret,
		  struct err *e)
{
	static const char *const conditions[] = {
		[BY_NAME] = "WHERE name = ?",
		[BY_PLAN_NAME] = "WHERE plan_name = ?",
		[BY_ADDRESS] = "WHERE address = ?",
	};
	auto_stmt *t = NULL;
	autofree char *text = select_text(conditions[column]);
	return sql_query(s->sql, &t, e, text, "t", value) < 0 ? -1 : fetch_record(s, t, ret, e);
}

int store_by_role(struct store *s, const char *role, long long number, struct record *ret,
		  struct err *e)
{
	auto_stmt *t = NULL;
	autofree char *text =
		select_text("WHERE plan_name IS NOT NULL AND role = ? AND number = ?");
	return sql_query(s->sql, &t, e, text, "ti", role, number) < 0 ? -1
								      : fetch_record(s, t, ret, e);
}

int store_newcomer(struct store *s, const char *key, long long claim, struct record *ret,
		   struct err *e)
{
	auto_stmt *t = NULL;
	autofree char *text = select_text("WHERE key = ? AND COALESCE(claim, 0) = ?");
	return sql_query(s->sql, &t, e, text, "ti", key, claim) < 0 ? -1
								    : fetch_record(s, t, ret, e);
}

int store_free_node(struct store *s, const char *role, struct record *ret, struct err *e)
{
	auto_stmt *t = NULL;
	autofree char *text = select_text(
		"WHERE plan_name IS NOT NULL AND state = 'planned' AND role = ? AND plan_name NOT "
		"IN "
		"(SELECT substr(value, 19) FROM setting WHERE name = 'pin') "
		"ORDER BY number LIMIT 1");
	return sql_query(s->sql, &t, e, text, "t", role) < 0 ? -1 : fetch_record(s, t, ret, e);
}

int store_copies_drop(struct store *s, const struct record *node, long long but, struct err *e)
{
	return sql_run(
		s->sql, e,
		"DELETE FROM record WHERE claim = ? AND state = 'quarantined' AND issue <= ? "
		"AND id <> ?",
		"iii", node->id, node->issue, but);
}

static int count(struct store *s, const char *text, long long *ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e, text, "") < 0 || stmt_next(t, e) < 0)
		return -1;
	*ret = stmt_int(t, 0);
	return 0;
}

int store_count_pending(struct store *s, long long *ret, struct err *e)
{
	return count(s, "SELECT count(*) FROM record WHERE key IS NOT NULL AND claim IS NULL", ret,
		     e);
}

int store_count_unsettled(struct store *s, long long *ret, struct err *e)
{
	return count(s,
		     "SELECT count(*) FROM record WHERE plan_name IS NOT NULL AND state IN "
		     "('planned', 'registered')",
		     ret, e);
}

int store_list(struct store *s, struct records *ret, struct err *e)
{
	auto_stmt *t = NULL;
	auto_record r = {0};
	autofree char *text = select_text("ORDER BY plan_name IS NULL, role, number, id");
	int there;
	if (sql_query(s->sql, &t, e, text, "") < 0)
		return -1;
	while ((there = fetch_record(s, t, &r, e)) > 0)
		records_add(ret, &r);
	return there;
}

static int save_nics(struct store *s, const struct record *r, struct err *e)
{
	if (sql_run(s->sql, e, "DELETE FROM nic WHERE record = ?", "i", r->id) < 0)
		return -1;
	for (size_t i = 0; i < r->facts.n_nics; i++) {
		const struct nic *n = &r->facts.nics[i];
		if (sql_run(s->sql, e,
			    "INSERT INTO nic (record, place, name, mac) VALUES (?, ?, ?, ?)",
			    "iitt", r->id, (long long)i, n->name, n->mac) < 0)
			return -1;
	}
	return 0;
}

/* An INSERT that replaces the row of that id; a REPLACE would delete what refers to it. */
static char *save_text(const struct column *columns, size_t n)
{
	auto_str text = STR_INIT, marks = STR_INIT, sets = STR_INIT;
	str_puts(&text, "INSERT INTO record (id");
	for (size_t i = 0; i < n; i++) {
		str_printf(&text, ", %s", columns[i].name);
		str_puts(&marks, ", ?");
		str_printf(&sets, "%s%s = excluded.%s", i ? ", " : "", columns[i].name,
			   columns[i].name);
	}
	str_printf(&text, ") VALUES (?%s) ON CONFLICT (id) DO UPDATE SET %s", str_text(&marks),
		   str_text(&sets));
	return str_steal(&text);
}

int store_save(struct store *s, struct record *r, struct err *e)
{
	struct column columns[COLUMNS_MAX];
	size_t n = all_columns(columns);
	autofree char *text = save_text(columns, n);
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e, text, "") < 0)
		return -1;
	if (r->id)
		stmt_bind_int(t, 1, r->id);
	for (size_t i = 0; i < n; i++)
		bind(t, (int)i + 2, &columns[i], r);
	if (stmt_next(t, e) < 0)
		return -1;
	if (!r->id)
		r->id = sql_last_id(s->sql);
	return save_nics(s, r, e);
}

int store_newcomers_drop(struct store *s, const char *key, struct err *e)
{
	return sql_run(s->sql, e, "DELETE FROM record WHERE key = ?", "t", key) < 0 ? -1 : 0;
}

int store_delete(struct store *s, long long id, struct err *e)
{
	return sql_run(s->sql, e, "DELETE FROM record WHERE id = ?", "i", id) < 0 ? -1 : 0;
}
