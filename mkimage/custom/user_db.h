/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_USER_DB_H
#define MKIMAGE_CUSTOM_USER_DB_H

/* passwd(5), shadow(5), group(5), gshadow(5), subuid(5), subgid(5) of the image, line by line. */

#include "plan.h"

#define PASSWD "/etc/passwd"
#define GROUP "/etc/group"
#define SHADOW "/etc/shadow"
#define GSHADOW "/etc/gshadow"
#define SUBUID "/etc/subuid"
#define SUBGID "/etc/subgid"

#define UID_PEOPLE 1000u /* where login.defs begins to count people */
#define UID_PEOPLE_MAX 59999u

/* Write a whole file; what is in shadow and gshadow is never shown. */
int user_db_write(struct plan_ctx *ctx, const char *path, const struct str *text, const char *why,
		  struct err *e) must_check;
/* Replace or add the line of line's name in a file that the image has. */
int user_db_put(struct plan_ctx *ctx, const char *path, const char *line, const char *why,
		struct err *e) must_check;
/* The line of that name, owned; *ret NULL when the file or the line is absent. */
int user_db_get(struct plan_ctx *ctx, const char *path, const char *name, char **ret,
		struct err *e) must_check;
/* Whose number it is, owned; *ret NULL: nobody's. */
int user_db_owner(struct plan_ctx *ctx, const char *path, uint32_t id, char **ret,
		  struct err *e) must_check;
/* Replace field i of an owned line; missing fields before it become empty. */
void user_db_set_field(char **line, size_t i, const char *value);
/* The number in field i; false when there is none. */
bool user_db_number(const char *line, size_t i, uint32_t *ret);

#endif
