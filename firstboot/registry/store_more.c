/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "mem.h"
#include "store_private.h"

#define RATE_SECONDS 60
#define ARRIVAL_SECONDS 10
#define GENERATION "generation"

/* ---- replies ---- */

void reply_row_done(struct reply_row *r)
{
	free(r->request_id);
	free(r->second_key);
	free(r->text);
	*r = (struct reply_row){0};
}

int store_reply(struct store *s, long long record, struct reply_row *ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e,
		      "SELECT request_id, second_key, text FROM reply WHERE record = ?", "i",
		      record) < 0)
		return -1;
	int there = stmt_next(t, e);
	if (there > 0)
		*ret = (struct reply_row){xstrdup(stmt_text(t, 0)), xstrdup(stmt_text(t, 1)),
					  xstrdup(stmt_text(t, 2))};
	return there;
}

int store_reply_put(struct store *s, long long record, const struct reply_row *row, struct err *e)
{
	return sql_run(s->sql, e,
		       "INSERT OR REPLACE INTO reply (record, request_id, second_key, text) "
		       "VALUES (?, ?, ?, ?)",
		       "ittt", record, row->request_id, row->second_key, row->text) < 0
		       ? -1
		       : 0;
}

int store_replies_drop(struct store *s, long long record, struct err *e)
{
	return sql_run(s->sql, e, "DELETE FROM reply WHERE record = ? OR ? = 0", "ii", record,
		       record) < 0
		       ? -1
		       : 0;
}

/* ---- rates ---- */

int store_rate_peek(struct store *s, const char *key, long long now, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e,
		      "SELECT count FROM rate WHERE key = ? AND since <= ? AND since > ?", "tii",
		      key, now, now - RATE_SECONDS) < 0)
		return -1;
	int there = stmt_next(t, e);
	return there > 0 ? (int)stmt_int(t, 0) : there;
}

int store_rate(struct store *s, const char *key, long long now, struct err *e)
{
	int before = store_rate_peek(s, key, now, e);
	if (before < 0)
		return -1;
	if (!before && sql_run(s->sql, e, "DELETE FROM rate WHERE since > ? OR since <= ?", "ii",
			       now, now - RATE_SECONDS) < 0)
		return -1;
	const char *text =
		before ? "UPDATE rate SET count = count + 1 WHERE key = ? AND ? >= since"
		       : "INSERT OR REPLACE INTO rate (key, since, count) VALUES (?, ?, 1)";
	return sql_run(s->sql, e, text, "ti", key, now) < 0 ? -1 : before + 1;
}

/* Who is known already is counted as "node ID"; the others, who have a certificate, by their key.
 */
int store_arrivals(struct store *s, long long now, struct store_arrivals *ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e,
		      "SELECT count(*), min(since) FROM rate WHERE key >= 'ssh-' AND key < 'ssh.' "
		      "AND since > ? AND since <= ?",
		      "ii", now - ARRIVAL_SECONDS, now) < 0 ||
	    stmt_next(t, e) < 0)
		return -1;
	long long boards = stmt_int(t, 0);
	*ret = (struct store_arrivals){boards, boards ? now - stmt_int(t, 1) + 1 : 0};
	return 0;
}

/* ---- events ---- */

int store_event(struct store *s, long long record, const char *word, const char *text,
		struct err *e)
{
	if (sql_run(s->sql, e, "INSERT INTO event (at, record, word, text) VALUES (?, ?, ?, ?)",
		    "iitt", (long long)time(NULL), record, word, text) < 0)
		return -1;
	return sql_run(s->sql, e,
		       "DELETE FROM event WHERE record = ? AND id <= (SELECT id FROM event "
		       "WHERE record = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
		       "iii", record, record, (long long)EVENTS_KEPT) < 0
		       ? -1
		       : 0;
}

int store_events(struct store *s, long long record, struct events *ret, struct err *e)
{
	auto_stmt *t = NULL;
	int there;
	if (sql_query(s->sql, &t, e,
		      "SELECT at, record, word, text FROM event WHERE record = ? ORDER BY id", "i",
		      record) < 0)
		return -1;
	while ((there = stmt_next(t, e)) > 0) {
		ret->v = array_reserve(ret->v, ret->n, &ret->cap, sizeof(*ret->v));
		ret->v[ret->n++] = (struct event){stmt_int(t, 0), stmt_int(t, 1),
						  xstrdup(stmt_text(t, 2)),
						  xstrdup(stmt_text(t, 3))};
	}
	return there;
}

void events_done(struct events *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].word);
		free(l->v[i].text);
	}
	free(l->v);
	*l = (struct events){0};
}

/* ---- settings ---- */

int store_setting(struct store *s, const char *name, struct strv *ret, struct err *e)
{
	auto_stmt *t = NULL;
	int there;
	if (sql_query(s->sql, &t, e, "SELECT value FROM setting WHERE name = ? ORDER BY place", "t",
		      name) < 0)
		return -1;
	while ((there = stmt_next(t, e)) > 0)
		strv_add(ret, stmt_text(t, 0));
	return there;
}

int store_setting_put(struct store *s, const char *name, const struct strv *values, struct err *e)
{
	if (sql_run(s->sql, e, "DELETE FROM setting WHERE name = ?", "t", name) < 0)
		return -1;
	for (size_t i = 0; i < values->n; i++) {
		if (sql_run(s->sql, e, "INSERT INTO setting (name, place, value) VALUES (?, ?, ?)",
			    "tit", name, (long long)i, values->v[i]) < 0)
			return -1;
	}
	return 0;
}

int store_setting_text(struct store *s, const char *name, char **ret, struct err *e)
{
	auto_strv values = {0};
	if (store_setting(s, name, &values, e) < 0)
		return -1;
	*ret = values.n ? xstrdup(values.v[0]) : NULL;
	return 0;
}

int store_setting_text_put(struct store *s, const char *name, const char *value, struct err *e)
{
	auto_strv values = {0};
	if (value)
		strv_add(&values, value);
	return store_setting_put(s, name, &values, e);
}

int store_generation(struct store *s, long long *ret, struct err *e)
{
	autofree char *text = NULL;
	long long generation = 0;
	if (store_setting_text(s, GENERATION, &text, e) < 0)
		return -1;
	if (text && !parse_number(text, 0, LLONG_MAX, &generation))
		return err_set(e, ERR_IMAGE, "registry: its generation is '%s'", text);
	*ret = generation;
	return 0;
}

int store_generation_next(struct store *s, struct err *e)
{
	long long generation;
	if (store_generation(s, &generation, e) < 0)
		return -1;
	autofree char *text = xasprintf("%lld", generation + 1);
	return store_setting_text_put(s, GENERATION, text, e);
}
