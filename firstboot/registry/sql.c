/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>

#include "mem.h"
#include "sql.h"
#include "str.h"

/* How long a writer waits for the others: none keeps the lock for a flush of what it wrote. */
#define BUSY_MS 20000

struct sql {
	sqlite3 *db;
	char *path;
};

struct stmt {
	sqlite3_stmt *handle;
	struct sql *sql;
};

static enum err_code code_of(int status)
{
	switch (status & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_FULL:
		return ERR_SPACE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_IMAGE;
	default:
		return ERR_FAILED;
	}
}

static const char *advice_for(enum err_code code)
{
	switch (code) {
	case ERR_BUSY:
		return "; others are writing, try again";
	case ERR_SPACE:
		return "; make room on that disk";
	case ERR_IMAGE:
		return "; restore the file from a backup; without one, remove it and make the "
		       "cards anew (mkimage --new-card)";
	default:
		return "";
	}
}

static int fail(const struct sql *s, struct err *e)
{
	enum err_code code = code_of(sqlite3_extended_errcode(s->db));
	return err_set(e, code, "registry '%s': %s%s", s->path, sqlite3_errmsg(s->db),
		       advice_for(code));
}

/*
 * The process that closes last must not tidy the log: that is three more fsyncs for each
 * registration.  Instead, a commit does when the log has 250 pages: 1 MiB is read by who opens
 * next.
 */
static void tune(struct sql *s)
{
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
}

static int prepare_file(struct sql *s, enum sql_mode mode, struct err *e)
{
	tune(s);
	if (mode == SQL_CREATE && sql_exec(s, "PRAGMA journal_mode = WAL", e) < 0)
		return -1;
	return sql_exec(
		s,
		"PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 250;"
		"PRAGMA secure_delete = ON", /* of a secret that was replaced nothing stays */
		e);
}

int sql_open(const char *path, enum sql_mode mode, struct sql **ret, struct err *e)
{
	static const int flags[] = {
		[SQL_READ] = SQLITE_OPEN_READONLY,
		[SQL_WRITE] = SQLITE_OPEN_READWRITE,
		[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	};
	struct sql *s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(path);
	int status = sqlite3_open_v2(path, &s->db, flags[mode] | SQLITE_OPEN_NOFOLLOW, NULL);
	if (!s->db)
		abort(); /* no memory, as everywhere */
	if ((status != SQLITE_OK ? fail(s, e) : prepare_file(s, mode, e)) < 0) {
		sql_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void sql_close(struct sql *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

int sql_exec(struct sql *s, const char *text, struct err *e)
{
	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(s, e);
}

/*
 * Not by SQLite within the COMMIT (synchronous = FULL), which keeps the writers' lock until the
 * disk is done: a hundred boards would wait for a hundred flushes.  After it they wait side by
 * side, and one flush is for all whose commits came before.
 */
static int flush_log(struct sql *s, struct err *e)
{
	sqlite3_file *log = NULL;
	int found = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (found == SQLITE_OK && log && log->pMethods &&
	    log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK)
		return 0;
	return err_set(e, ERR_FAILED,
		       "registry '%s': its log cannot be flushed; is the disk damaged?", s->path);
}

int sql_commit(struct sql *s, struct err *e)
{
	if (sql_exec(s, "COMMIT", e) < 0)
		return -1;
	return sqlite3_db_readonly(s->db, "main") ? 0 : flush_log(s, e);
}

static void bind_all(struct stmt *t, const char *types, va_list ap)
{
	for (int i = 1; *types; types++, i++) {
		if (*types == 't')
			stmt_bind_text(t, i, va_arg(ap, const char *));
		else
			stmt_bind_int(t, i, va_arg(ap, long long));
	}
}

static struct stmt *prepare(struct sql *s, const char *text, struct err *e)
{
	struct stmt *t = xcalloc(1, sizeof(*t));
	t->sql = s;
	if (sqlite3_prepare_v2(s->db, text, -1, &t->handle, NULL) == SQLITE_OK)
		return t;
	fail(s, e);
	stmt_done(t);
	return NULL;
}

int sql_query(struct sql *s, struct stmt **ret, struct err *e, const char *text, const char *types,
	      ...)
{
	struct stmt *t = prepare(s, text, e);
	if (!t)
		return -1;
	va_list ap;
	va_start(ap, types);
	bind_all(t, types, ap);
	va_end(ap);
	*ret = t;
	return 0;
}

int sql_run(struct sql *s, struct err *e, const char *text, const char *types, ...)
{
	auto_stmt *t = prepare(s, text, e);
	if (!t)
		return -1;
	va_list ap;
	va_start(ap, types);
	bind_all(t, types, ap);
	va_end(ap);
	return stmt_next(t, e) < 0 ? -1 : sqlite3_changes(s->db);
}

long long sql_last_id(const struct sql *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

int stmt_next(struct stmt *t, struct err *e)
{
	int status = sqlite3_step(t->handle);
	if (status == SQLITE_ROW)
		return 1;
	return status == SQLITE_DONE ? 0 : fail(t->sql, e);
}

/* The value has to live until the last row, as SQLITE_STATIC says. */
void stmt_bind_text(struct stmt *t, int index, const char *value)
{
	sqlite3_bind_text(t->handle, index, value, -1, SQLITE_STATIC);
}

void stmt_bind_int(struct stmt *t, int index, long long value)
{
	sqlite3_bind_int64(t->handle, index, value);
}

const char *stmt_text(struct stmt *t, int column)
{
	return (const char *)sqlite3_column_text(t->handle, column);
}

long long stmt_int(struct stmt *t, int column)
{
	return sqlite3_column_int64(t->handle, column);
}

void stmt_done(struct stmt *t)
{
	if (!t)
		return;
	sqlite3_finalize(t->handle);
	free(t);
}
