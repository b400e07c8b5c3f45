/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_STORE_PRIVATE_H
#define REGISTRY_STORE_PRIVATE_H

#include "sql.h"
#include "store.h"

struct store {
	char *dir;
	struct sql *sql;
};

/* store_schema.c: make the tables, or bring older ones up to date. */
int schema_migrate(struct sql *sql, struct err *e) must_check;
/* Refuse a registry of a newer or older release. */
int schema_check(struct sql *sql, struct err *e) must_check;

#endif
