/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"
#include "store_private.h"

/*
 * Each release's changes, in order; user_version counts those that were made.  What a migration
 * says is never changed once it was released.
 */
static const char *const migrations[] = {
	/* 1 */
	"CREATE TABLE setting ("
	"  name TEXT NOT NULL, place INTEGER NOT NULL, value TEXT NOT NULL,"
	"  PRIMARY KEY (name, place)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE record ("
	"  id INTEGER PRIMARY KEY,"
	"  state TEXT NOT NULL CHECK (state IN ('planned', 'pending', 'registered', 'ready',"
	"    'stale', 'quarantined', 'retired')),"
	"  claim INTEGER REFERENCES record (id) ON DELETE CASCADE,"
	"  role TEXT, number INTEGER NOT NULL,"
	"  plan_name TEXT UNIQUE, name TEXT UNIQUE, address TEXT UNIQUE,"
	"  issue INTEGER NOT NULL, revoked INTEGER NOT NULL, key TEXT,"
	"  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	"  card_id TEXT, build_id TEXT, model TEXT, serial TEXT, cid TEXT, host_key TEXT,"
	"  kernel TEXT, os TEXT, firstboot TEXT,"
	"  cpus INTEGER NOT NULL, memory INTEGER NOT NULL, clock INTEGER NOT NULL,"
	"  CHECK ((plan_name IS NULL) = (name IS NULL)),"
	"  CHECK (plan_name IS NULL OR key IS NULL)) STRICT;"
	"CREATE UNIQUE INDEX record_place ON record (role, number) WHERE plan_name IS NOT NULL;"
	"CREATE UNIQUE INDEX record_newcomer ON record (key, COALESCE(claim, 0))"
	"  WHERE key IS NOT NULL;"
	"CREATE TABLE nic ("
	"  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
	"  place INTEGER NOT NULL, name TEXT NOT NULL, mac TEXT NOT NULL,"
	"  PRIMARY KEY (record, place)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE key ("
	"  key TEXT PRIMARY KEY,"
	"  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
	"  state TEXT NOT NULL CHECK (state IN ('current', 'next', 'retired', 'revoked')))"
	"  STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX key_in_use ON key (record, state)"
	"  WHERE state IN ('current', 'next');"
	"CREATE INDEX key_record ON key (record);"
	"CREATE TABLE reply ("
	"  record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,"
	"  request_id TEXT NOT NULL, second_key TEXT, text TEXT NOT NULL) STRICT;"
	"CREATE TABLE rate ("
	"  key TEXT PRIMARY KEY, since INTEGER NOT NULL, count INTEGER NOT NULL)"
	"  STRICT, WITHOUT ROWID;"
	"CREATE TABLE event ("
	"  id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	"  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
	"  word TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
	"CREATE INDEX event_record ON event (record, id);",
	/* 2 */
	"ALTER TABLE key ADD COLUMN turned INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE record DROP COLUMN card_id;"
	"CREATE TABLE revoked_host ("
	"  record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
	"  host_key TEXT NOT NULL, PRIMARY KEY (record, host_key)) STRICT, WITHOUT ROWID;"
	"INSERT INTO revoked_host SELECT id, host_key FROM record"
	"  WHERE state = 'retired' AND host_key IS NOT NULL;",
};

#define VERSION (long long)(sizeof(migrations) / sizeof(*migrations))

static int read_version(struct sql *sql, long long *ret, struct err *e)
{
	auto_stmt *t = NULL;
	if (sql_query(sql, &t, e, "PRAGMA user_version", "") < 0 || stmt_next(t, e) < 0)
		return -1;
	*ret = stmt_int(t, 0);
	return 0;
}

static int refuse_newer(long long version, struct err *e)
{
	return err_set(e, ERR_FAILED,
		       "the registry has format %lld, this nodectl knows %lld; install the release "
		       "of nodectl that wrote it, or a later one",
		       version, VERSION);
}

/* Another process may be at it, too: look again once nobody else can write. */
static int migrate_locked(struct sql *sql, struct err *e)
{
	long long version;
	if (read_version(sql, &version, e) < 0)
		return -1;
	for (; version < VERSION; version++) {
		if (sql_exec(sql, migrations[version], e) < 0)
			return err_wrap(e, "to format %lld", version + 1);
	}
	autofree char *done = xasprintf("PRAGMA user_version = %lld", VERSION);
	return sql_exec(sql, done, e);
}

int schema_migrate(struct sql *sql, struct err *e)
{
	long long version;
	if (read_version(sql, &version, e) < 0)
		return -1;
	if (version > VERSION)
		return refuse_newer(version, e);
	if (version == VERSION)
		return 0;
	if (sql_exec(sql, "BEGIN IMMEDIATE", e) < 0 || migrate_locked(sql, e) < 0)
		return -1;
	return sql_commit(sql, e);
}

int schema_check(struct sql *sql, struct err *e)
{
	long long version;
	if (read_version(sql, &version, e) < 0)
		return -1;
	if (version > VERSION)
		return refuse_newer(version, e);
	if (version < VERSION)
		return err_set(e, ERR_FAILED,
			       "the registry has the older format %lld; run 'nodectl import' once",
			       version);
	return 0;
}
