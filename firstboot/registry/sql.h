/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_SQL_H
#define REGISTRY_SQL_H

/*
 * SQLite, and the only place that knows it.  Values are bound by a string of types, one letter a
 * value: 't' const char * (NULL is null), 'i' long long.
 */

#include <stdbool.h>

#include "err.h"

struct sql;
struct stmt;

/* Open the database at path; SQL_CREATE makes it when it is missing. */
enum sql_mode { SQL_READ, SQL_WRITE, SQL_CREATE };
int sql_open(const char *path, enum sql_mode mode, struct sql **ret, struct err *e) must_check;
void sql_close(struct sql *s);

/* Several statements without values. */
int sql_exec(struct sql *s, const char *text, struct err *e) must_check;
/*
 * Commit; what was written, and what was read, is on the disk when this returns.  Others see it
 * before: none of them is to tell it to anybody without a commit of his own.
 */
int sql_commit(struct sql *s, struct err *e) must_check;
/* One statement that gives no rows; returns how many it changed. */
int sql_run(struct sql *s, struct err *e, const char *text, const char *types, ...) must_check;
/* The id of the row that was inserted last. */
long long sql_last_id(const struct sql *s);

/* One statement whose rows are fetched by stmt_next; release with stmt_done. */
int sql_query(struct sql *s, struct stmt **ret, struct err *e, const char *text, const char *types,
	      ...) must_check;
/* 1: a row is there, 0: there are no more. */
int stmt_next(struct stmt *t, struct err *e) must_check;
/* Bind one more value, for statements whose columns come from a table. */
void stmt_bind_text(struct stmt *t, int index, const char *value);
void stmt_bind_int(struct stmt *t, int index, long long value);
/* Of the row; borrowed until the next call, NULL for null. */
const char *stmt_text(struct stmt *t, int column);
long long stmt_int(struct stmt *t, int column);
void stmt_done(struct stmt *t);

static inline void stmt_cleanup(struct stmt **t)
{
	stmt_done(*t);
}
#define auto_stmt __attribute__((cleanup(stmt_cleanup))) struct stmt

#endif
