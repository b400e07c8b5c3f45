/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "apply.h"
#include "apply_private.h"
#include "json.h"
#include "mem.h"
#include "utf8.h"

static void add_visible(struct str *out, const char *text)
{
	utf8_visible(out, text, strlen(text), false);
}

/* "  0644 → 0600, 0:0 → 1000:1000"; of what is new, as it will be. */
static void add_attr(struct str *out, const struct shown *s)
{
	const struct fs_stat *from = &s->from, *to = &s->to;
	bool is_new = from->type != to->type;
	const char *sep = "  ";
	if (!s->has_attr)
		return;
	if (is_new) {
		str_printf(out, "  %04o %u:%u", to->mode, to->uid, to->gid);
		return;
	}
	if (from->mode != to->mode) {
		str_printf(out, "%s%04o → %04o", sep, from->mode, to->mode);
		sep = ", ";
	}
	if (from->uid != to->uid || from->gid != to->gid)
		str_printf(out, "%s%u:%u → %u:%u", sep, from->uid, from->gid, to->uid, to->gid);
}

/* "~ /etc/hostname  (hostname: the node's name)" */
static void add_header(struct str *out, const struct shown *s)
{
	const struct change *c = s->change;
	str_printf(out, "%c ", s->symbol);
	add_visible(out, c->path);
	if (c->kind == CHANGE_MKDIR || (c->kind == CHANGE_REMOVE && s->from.type == FILE_DIR))
		str_puts(out, "/");
	if (c->target) {
		str_puts(out, " → ");
		add_visible(out, c->target);
	}
	if (s->was) {
		str_puts(out, "  was → ");
		add_visible(out, s->was);
	} else if (s->symbol == '~' && s->from.type != s->to.type) {
		str_puts(out, s->from.type == FILE_DIR ? "  was a directory" : "  was a file");
	}
	add_attr(out, s);
	str_puts(out, "  (");
	add_visible(out, c->custom);
	str_puts(out, ": ");
	add_visible(out, c->why);
	str_puts(out, ")\n");
}

static void add_text(struct str *out, const struct shown *s)
{
	add_header(out, s);
	if (s->summary)
		str_printf(out, "  %s\n", s->summary);
	if (s->diff && *s->diff) {
		utf8_visible(out, s->diff, strlen(s->diff), true);
		str_puts(out, "\n");
	}
}

static const char *word_of(char symbol)
{
	switch (symbol) {
	case '+':
		return "new";
	case '-':
		return "removed";
	case '@':
		return "attributes";
	default:
		return "changed";
	}
}

static void add_json(struct str *out, const struct shown *s)
{
	static const char *const kinds[] = {[CHANGE_WRITE] = "write",
					    [CHANGE_MKDIR] = "mkdir",
					    [CHANGE_SYMLINK] = "symlink",
					    [CHANGE_REMOVE] = "remove",
					    [CHANGE_ATTR] = "attr"};
	const struct change *c = s->change;
	str_printf(out, "{\"kind\":\"%s\",\"change\":\"%s\"", kinds[c->kind], word_of(s->symbol));
	json_field(out, "path", c->path);
	if (c->target)
		json_field(out, "target", c->target);
	if (s->has_attr)
		str_printf(out, ",\"mode\":\"%04o\",\"owner\":\"%u:%u\"", s->to.mode, s->to.uid,
			   s->to.gid);
	json_field(out, "custom", c->custom);
	json_field(out, "why", c->why);
	if (c->secret)
		str_puts(out, ",\"secret\":true");
	if (s->summary)
		json_field(out, "summary", s->summary);
	if (s->diff && *s->diff)
		json_field(out, "diff", s->diff);
	str_puts(out, "}");
}

struct printer {
	FILE *out;
	bool as_json;
	bool first; /* nothing is in the array yet */
	size_t added, changed, removed, attributes;
};

static int put(struct printer *p, const struct str *text, struct err *e)
{
	if (fwrite(str_text(text), 1, text->len, p->out) != text->len)
		return err_errno(e, ERR_FAILED, "cannot print the plan");
	return 0;
}

/* One element of the array; the first is not preceded by a comma. */
static int put_element(struct printer *p, const struct str *element, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, p->first ? "\n" : ",\n");
	str_add(&text, str_text(element), element->len);
	p->first = false;
	return put(p, &text, e);
}

static void count(struct printer *p, char symbol)
{
	p->added += symbol == '+';
	p->changed += symbol == '~';
	p->removed += symbol == '-';
	p->attributes += symbol == '@';
}

static int print_change(struct printer *p, const struct change *c, const struct plan *plan,
			const struct view *v, struct err *e)
{
	__attribute__((cleanup(shown_done))) struct shown s = {0};
	auto_str text = STR_INIT;
	if (shown_init(&s, c, plan, v, e) < 0)
		return err_wrap(e, "%s", c->path);
	count(p, s.symbol);
	if (p->as_json) {
		add_json(&text, &s);
		return put_element(p, &text, e);
	}
	add_text(&text, &s);
	return put(p, &text, e);
}

static int print_note(struct printer *p, const char *note, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, "note: ");
	add_visible(&text, note);
	str_puts(&text, "\n");
	return put(p, &text, e);
}

static int print_end(struct printer *p, struct err *e)
{
	auto_str text = STR_INIT;
	if (p->as_json)
		str_puts(&text, p->first ? "]\n" : "\n]\n");
	else if (p->added + p->changed + p->removed + p->attributes == 0)
		str_puts(&text, "nothing to change\n");
	else
		str_printf(&text,
			   "%zu new, %zu changed, %zu removed, %zu with other owner or mode\n",
			   p->added, p->changed, p->removed, p->attributes);
	if (put(p, &text, e) < 0)
		return -1;
	if (fflush(p->out) != 0)
		return err_errno(e, ERR_FAILED, "cannot print the plan");
	return 0;
}

int plan_print(const struct plan *p, struct tree *t, FILE *out, bool as_json, struct err *e)
{
	const struct view image = {.plan = p->below, .tree = t};
	struct printer printer = {.out = out, .as_json = as_json, .first = true};
	auto_str start = STR_INIT;
	str_puts(&start, as_json ? "[" : "");
	if (put(&printer, &start, e) < 0)
		return -1;
	for (size_t i = 0; i < plan_count(p); i++) {
		if (print_change(&printer, plan_get(p, i), p, &image, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->notes.n && !as_json; i++) {
		if (print_note(&printer, p->notes.v[i], e) < 0)
			return -1;
	}
	return print_end(&printer, e);
}
