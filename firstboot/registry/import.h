/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_IMPORT_H
#define REGISTRY_IMPORT_H

#include "roster.h"
#include "store.h"

/*
 * Take the plan into the registry, between begin and commit: settings are replaced, nodes that are
 * new are added, those that no board ever used follow the plan or go.  A node that has a board
 * keeps name and address; a plan that gives it others is refused.  Returns 1 when anything changed.
 */
int plan_import(struct store *s, const struct roster *p, struct err *e) must_check;

#endif
