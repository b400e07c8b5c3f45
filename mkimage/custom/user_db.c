/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "text.h"
#include "user_db.h"

int user_db_write(struct plan_ctx *ctx, const char *path, const struct str *text, const char *why,
		  struct err *e)
{
	bool secret = strcmp(path, SHADOW) == 0 || strcmp(path, GSHADOW) == 0;
	return (secret ? plan_write_secret : plan_write)(ctx, path, str_text(text), text->len,
							 ATTR_KEEP, why, e);
}

int user_db_put(struct plan_ctx *ctx, const char *path, const char *line, const char *why,
		struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	if (text_read(ctx, path, &old, e) < 0)
		return -1;
	db_set(&text, str_text(&old), line);
	return user_db_write(ctx, path, &text, why, e);
}

int user_db_get(struct plan_ctx *ctx, const char *path, const char *name, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, path, &text, e) < 0)
		return -1;
	*ret = db_get(str_text(&text), name);
	return 0;
}

int user_db_owner(struct plan_ctx *ctx, const char *path, uint32_t id, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, path, &text, e) < 0)
		return -1;
	*ret = db_find_id(str_text(&text), 2, id);
	return 0;
}

static char *line_with(const char *line, size_t i, const char *value)
{
	auto_str out = STR_INIT;
	const char *at = line;
	for (size_t n = 0; n < i; n++) {
		size_t len = strcspn(at, ":");
		str_add(&out, at, len);
		str_puts(&out, ":");
		at += len + (at[len] == ':');
	}
	str_puts(&out, value);
	str_puts(&out, at + strcspn(at, ":"));
	return str_steal(&out);
}

void user_db_set_field(char **line, size_t i, const char *value)
{
	char *changed = line_with(*line, i, value);
	free(*line);
	*line = changed;
}

bool user_db_number(const char *line, size_t i, uint32_t *ret)
{
	autofree char *text = db_field(line, i);
	long long number;
	if (!text || !parse_number(text, 0, UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}
