/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "inspect_board.h"
#include "json.h"
#include "utf8.h"

static void add_quoted(struct str *out, const char *value)
{
	if (value)
		json_add_string(out, value, strlen(value));
	else
		str_puts(out, "not known");
}

static void add_fact(struct str *out, const char *name, const char *value)
{
	str_printf(out, "%-13s ", name);
	add_quoted(out, value);
}

/* In a column of that width; what is longer pushes the others. */
static void add_cell(struct str *out, const char *value, int width)
{
	auto_str text = STR_INIT;
	if (value)
		utf8_visible(&text, value, strlen(value), false);
	str_printf(out, "%-*s ", width, str_text(&text));
}

static void add_step(struct str *out, const struct board_step *s)
{
	str_puts(out, "  ");
	add_cell(out, s->name, 12);
	add_cell(out, s->phase, 8);
	add_cell(out, s->result, 10);
	str_printf(out, "%8.3f  ", s->seconds);
	if (s->message)
		utf8_visible(out, s->message, strlen(s->message), false);
	str_puts(out, "\n");
}

void inspect_board_text(struct str *out, const struct board_report *r)
{
	if (!r->where) {
		str_printf(out, "%-13s %s\n", "first boot", "no report");
		return;
	}
	add_fact(out, "first boot", r->result);
	str_puts(out, ", phase ");
	add_quoted(out, r->phase);
	str_printf(out, ", from %s\n", r->where);
	add_fact(out, "board", r->model);
	str_puts(out, ", serial ");
	add_quoted(out, r->serial);
	str_puts(out, ", named ");
	add_quoted(out, r->hostname);
	str_puts(out, "\n");
	for (size_t i = 0; i < r->n_steps; i++)
		add_step(out, &r->steps[i]);
}

static void add_json_step(struct str *out, const struct board_step *s)
{
	str_puts(out, "{");
	json_field(out, "name", s->name);
	json_field(out, "phase", s->phase);
	json_field(out, "result", s->result);
	str_printf(out, ",\"seconds\":%.3f", s->seconds);
	json_field(out, "message", s->message);
	str_puts(out, "}");
}

void inspect_board_json(struct str *out, const struct board_report *r)
{
	if (!r->where) {
		str_puts(out, "null");
		return;
	}
	str_puts(out, "{");
	json_field(out, "where", r->where);
	json_field(out, "hostname", r->hostname);
	json_field(out, "cluster", r->cluster);
	json_field(out, "role", r->role);
	json_field(out, "model", r->model);
	json_field(out, "serial", r->serial);
	json_field(out, "build", r->build);
	json_field(out, "firstboot", r->firstboot);
	json_field(out, "phase", r->phase);
	json_field(out, "result", r->result);
	str_puts(out, ",\"steps\":[");
	for (size_t i = 0; i < r->n_steps; i++) {
		str_puts(out, i ? "," : "");
		add_json_step(out, &r->steps[i]);
	}
	str_puts(out, "]}");
}
