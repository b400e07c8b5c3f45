/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "apply_private.h"
#include "diff.h"
#include "mem.h"

static bool is_binary(const struct str *text)
{
	return text->len && memchr(text->data, '\0', text->len);
}

/* Read what v has at path: 1, or 0 when that is too large to be shown. */
static int read_side(const struct view *v, const char *path, const struct fs_stat *st,
		     struct str *out, struct err *e)
{
	if (st->type != FILE_REGULAR)
		return 1;
	if (st->size > SHOWN_MAX)
		return 0;
	return view_read(v, path, SHOWN_MAX, out, e) < 0 ? -1 : 1;
}

static int show_text(struct shown *s, const struct str *from, const struct str *to, struct err *e)
{
	const char *path = s->change->path;
	auto_str diff = STR_INIT;
	if (s->from.type != FILE_REGULAR)
		diff_new(path, to, &diff);
	else if ((from->len != to->len || memcmp(str_text(from), str_text(to), to->len) != 0) &&
		 diff_texts(path, from, to, &diff, e) < 0)
		return -1;
	s->diff = str_steal(&diff);
	return 0;
}

static bool is_secret(const struct change *c, const struct view *before)
{
	const struct change *below = view_written(before, c->path);
	return c->secret || (below && below->secret);
}

static int show_content(struct shown *s, const struct view *before, const struct view *after,
			struct err *e)
{
	auto_str from = STR_INIT, to = STR_INIT;
	if (is_secret(s->change, before)) {
		s->summary = xstrdup("‹secret›");
		return 0;
	}
	int small = read_side(before, s->change->path, &s->from, &from, e);
	if (small > 0)
		small = read_side(after, s->change->path, &s->to, &to, e);
	if (small < 0)
		return -1;
	if (!small || is_binary(&from) || is_binary(&to)) {
		s->summary = xasprintf("%s%llu bytes", small ? "binary, " : "too large to show, ",
				       (unsigned long long)s->to.size);
		return 0;
	}
	return show_text(s, &from, &to, e);
}

static char symbol_of(const struct shown *s)
{
	switch (s->change->kind) {
	case CHANGE_REMOVE:
		return '-';
	case CHANGE_ATTR:
		return '@';
	case CHANGE_MKDIR:
		if (s->from.type == FILE_DIR)
			return '@';
		break;
	default:
		break;
	}
	return s->from.type == FILE_NONE ? '+' : '~';
}

int shown_init(struct shown *s, const struct change *c, const struct plan *p, const struct view *v,
	       struct err *e)
{
	const struct view after = {.plan = p, .tree = v->tree};
	*s = (struct shown){.change = c};
	if (view_stat(v, c->path, &s->from, e) < 0 || view_stat(&after, c->path, &s->to, e) < 0)
		return -1;
	s->symbol = symbol_of(s);
	s->has_attr = c->kind != CHANGE_REMOVE && c->kind != CHANGE_SYMLINK &&
		      !tree_is_fat(v->tree, c->path);
	if (s->from.type == FILE_SYMLINK && view_readlink(v, c->path, &s->was, e) < 0)
		return -1;
	return c->kind == CHANGE_WRITE ? show_content(s, v, &after, e) : 0;
}

void shown_done(struct shown *s)
{
	free(s->was);
	free(s->diff);
	free(s->summary);
	*s = (struct shown){0};
}
