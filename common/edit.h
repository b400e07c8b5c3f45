/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_EDIT_H
#define COMMON_EDIT_H

/*
 * Edits of text files as pure functions: text in, text out.  Lines that are not concerned stay
 * byte for byte, a missing final newline included where nothing is appended.
 */

#include <stdbool.h>
#include <stdint.h>

#include "block.h"
#include "str.h"

/* passwd, group, shadow, gshadow: a line is colon-separated fields, the first is the name. */

/* The line of that name without its newline, owned; NULL when there is none. */
char *db_get(const char *text, const char *name);
/* Field i (from 0) of a line, owned; NULL when the line has fewer. */
char *db_field(const char *line, size_t i);
/*
 * Replace the line of line's name (the first; others of that name go), or add it at the end
 * (before NIS's "+" and "-" lines).
 */
void db_set(struct str *out, const char *text, const char *line);
/* Without the lines of that name. */
void db_remove(struct str *out, const char *text, const char *name);
/* Name whose numeric field i equals id; owned, NULL when none. */
char *db_find_id(const char *text, size_t i, uint32_t id);
/* Add a user to the members, the fourth field of a group line; owned. */
char *group_line_with(const char *line, const char *user);

/* /etc/hosts: drop every line (outside blocks) that maps hostname to 127.0.1.1. */
void hosts_set_self(struct str *out, const char *text, const char *hostname);
/*
 * A node's name, which was another before.  One whose address is planned is not also 127.0.1.1: MPI
 * and Slurm would tell the others to reach it there.  One without an address (alone) needs that
 * line to know itself.
 */
void hosts_rename_self(struct str *out, const char *text, const char *from, const char *to,
		       bool alone);
/*
 * Files of shell variables (/etc/default/locale): replace the first line that sets name, others go,
 * or add one at the end.  value NULL: no line sets it any more.
 */
void var_set(struct str *out, const char *text, const char *name, const char *value);

#endif
