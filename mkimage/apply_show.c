/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "apply_private.h"
#include "io.h"
#include "mem.h"
#include "run.h"
#include "utf8.h"

/* A file that diff can open by name while we hold it. */
struct held {
	int fd;
	char *name;
};

static void held_done(struct held *h)
{
	cleanup_close(&h->fd);
	free(h->name);
}

#define auto_held __attribute__((cleanup(held_done))) struct held

static int hold(struct held *h, const struct str *text, struct err *e)
{
	h->fd = io_memfd("plan", str_text(text), text->len, e);
	if (h->fd < 0)
		return -1;
	h->name = xasprintf("/proc/%ld/fd/%d", (long)getpid(), h->fd);
	return 0;
}

static int run_diff(const char *path, const struct str *from, const struct str *to, struct str *out,
		    struct err *e)
{
	auto_held a = {.fd = -1}, b = {.fd = -1};
	auto_str name = STR_INIT;
	utf8_visible(&name, path + 1, strlen(path + 1), false);
	autofree char *label_a = xasprintf("a/%s", str_text(&name));
	autofree char *label_b = xasprintf("b/%s", str_text(&name));
	if (hold(&a, from, e) < 0 || hold(&b, to, e) < 0)
		return -1;
	const char *argv[] = {"diff",	 "--text", "-u",   "--label", label_a,
			      "--label", label_b,  a.name, b.name,    NULL};
	return run(&(struct run){.argv = argv, .output = out, .ok_status = 1 << 1}, e) < 0 ? -1 : 0;
}

/* What diff would say of a new file, without a process for each of an overlay's thousands. */
static void show_new(const char *path, const struct str *to, struct str *out)
{
	size_t lines = 0;
	for (size_t i = 0; i < to->len; i++)
		lines += to->data[i] == '\n' || i + 1 == to->len;
	if (!lines)
		return;
	str_puts(out, "--- /dev/null\n+++ b/");
	utf8_visible(out, path + 1, strlen(path + 1), false);
	str_puts(out, "\n@@ -0,0 +1");
	if (lines > 1)
		str_printf(out, ",%zu", lines);
	str_puts(out, " @@\n");
	for (const char *line = to->data, *end = line + to->len; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *next = newline ? newline + 1 : end;
		str_puts(out, "+");
		str_add(out, line, (size_t)(next - line));
		if (!newline)
			str_puts(out, "\n\\ No newline at end of file\n");
		line = next;
	}
}

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
		show_new(path, to, &diff);
	else if ((from->len != to->len || memcmp(str_text(from), str_text(to), to->len) != 0) &&
		 run_diff(path, from, to, &diff, e) < 0)
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
