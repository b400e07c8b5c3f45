/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "store_private.h"

static const char *const names[KEY_STATES] = {
	[KEY_CURRENT] = "current",
	[KEY_NEXT] = "next",
	[KEY_RETIRED] = "retired",
	[KEY_REVOKED] = "revoked",
};

/* What is not known is as good as revoked. */
static enum key_state find_state(const char *name)
{
	for (size_t i = 0; name && i < KEY_STATES; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum key_state)i;
	}
	return KEY_REVOKED;
}

int store_key(struct store *s, const char *key, struct key_row *ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e, "SELECT record, state FROM key WHERE key = ?", "t", key) < 0)
		return -1;
	int there = stmt_next(t, e);
	if (there > 0)
		*ret = (struct key_row){stmt_int(t, 0), find_state(stmt_text(t, 1))};
	return there;
}

int store_key_put(struct store *s, const char *key, long long record, enum key_state state,
		  struct err *e)
{
	return sql_run(s->sql, e,
		       "INSERT INTO key (key, record, state) VALUES (?, ?, ?) ON CONFLICT (key) "
		       "DO UPDATE SET record = excluded.record, state = excluded.state",
		       "tit", key, record, names[state]) < 0
		       ? -1
		       : 0;
}

/* A board may retire keys as often as it likes. */
static int drop_old(struct store *s, long long record, struct err *e)
{
	return sql_run(s->sql, e,
		       "DELETE FROM key WHERE record = ? AND state = 'retired' AND key NOT IN "
		       "(SELECT key FROM key WHERE record = ? AND state = 'retired' "
		       "ORDER BY turned DESC LIMIT ?)",
		       "iii", record, record, (long long)KEYS_RETIRED_KEPT);
}

int store_keys_turn(struct store *s, long long record, enum key_state from, enum key_state to,
		    struct err *e)
{
	int n = sql_run(s->sql, e,
			"UPDATE key SET state = ?, "
			"turned = (SELECT max(turned) + 1 FROM key WHERE record = ?) "
			"WHERE record = ? AND state = ?",
			"tiit", names[to], record, record, names[from]);
	if (n > 0 && to == KEY_RETIRED && drop_old(s, record, e) < 0)
		return -1;
	return n;
}

int store_key_take(struct store *s, long long record, const char *key, struct err *e)
{
	if (store_keys_turn(s, record, KEY_CURRENT, KEY_RETIRED, e) < 0 ||
	    store_keys_turn(s, record, KEY_NEXT, KEY_RETIRED, e) < 0)
		return -1;
	return store_key_put(s, key, record, KEY_CURRENT, e);
}

int store_key_of(struct store *s, long long record, enum key_state state, char **ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e, "SELECT key FROM key WHERE record = ? AND state = ?", "it",
		      record, names[state]) < 0)
		return -1;
	int there = stmt_next(t, e);
	if (there > 0)
		*ret = xstrdup(stmt_text(t, 0));
	return there;
}

int store_key_drop(struct store *s, const char *key, struct err *e)
{
	return sql_run(s->sql, e, "DELETE FROM key WHERE key = ?", "t", key) < 0 ? -1 : 0;
}

/* ---- host keys ---- */

int store_host_revoke(struct store *s, long long record, const char *host_key, struct err *e)
{
	return sql_run(s->sql, e,
		       "INSERT OR IGNORE INTO revoked_host (record, host_key) VALUES (?, ?)", "it",
		       record, host_key) < 0
		       ? -1
		       : 0;
}

int store_host_is_revoked(struct store *s, long long record, const char *host_key, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(s->sql, &t, e, "SELECT 1 FROM revoked_host WHERE record = ? AND host_key = ?",
		      "it", record, host_key) < 0)
		return -1;
	return stmt_next(t, e);
}

int store_revoked_hosts(struct store *s, struct revoked_hosts *ret, struct err *e)
{
	auto_stmt *t = NULL;
	int there;
	if (sql_query(s->sql, &t, e,
		      "SELECT record, host_key FROM revoked_host ORDER BY record, host_key",
		      "") < 0)
		return -1;
	while ((there = stmt_next(t, e)) > 0) {
		ret->v = array_reserve(ret->v, ret->n, &ret->cap, sizeof(*ret->v));
		ret->v[ret->n++] = (struct revoked_host){stmt_int(t, 0), xstrdup(stmt_text(t, 1))};
	}
	return there;
}

void revoked_hosts_done(struct revoked_hosts *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].host_key);
	free(l->v);
	*l = (struct revoked_hosts){0};
}
