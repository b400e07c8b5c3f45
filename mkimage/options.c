/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <string.h>

#include "mem.h"
#include "options.h"

#define MAX_OPTIONS 32
#define FIELD(o, row, type) ((type *)((char *)(o) + (row)->offset))

const struct option_row common_options[] = {
	{"quiet", 'q', OPTION_FLAG, NULL, offsetof(struct options, quiet), 0, 0,
	 "show no progress, only errors and what was asked for"},
	{"json", 0, OPTION_FLAG, NULL, offsetof(struct options, json), 0, 0,
	 "results and progress as JSON, one object a line"},
	{"debug", 0, OPTION_FLAG, NULL, offsetof(struct options, debug), 0, 0,
	 "say on stderr what is done and which programs run"},
	{"help", 'h', OPTION_FLAG, NULL, offsetof(struct options, help), 0, 0, "this text"},
	{"version", 0, OPTION_FLAG, NULL, offsetof(struct options, version), 0, 0,
	 "print the version"},
	{0},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* The command's rows, then the common ones; returns how many. */
static size_t collect_rows(const struct command *c, const struct option_row **rows)
{
	size_t n = 0;
	for (const struct option_row *r = c->options; r && r->name && n < MAX_OPTIONS; r++)
		rows[n++] = r;
	for (const struct option_row *r = common_options; r->name && n < MAX_OPTIONS; r++)
		rows[n++] = r;
	return n;
}

static int set_value(const struct option_row *row, const char *text, struct options *o,
		     struct err *e)
{
	long long number;
	switch (row->type) {
	case OPTION_FLAG:
		*FIELD(o, row, bool) = true;
		return 0;
	case OPTION_TEXT:
		*FIELD(o, row, const char *) = text;
		return 0;
	case OPTION_NUMBER:
		if (!parse_number(text, row->min, row->max, &number))
			return err_set(e, ERR_USAGE, "--%s: '%s' is not a number from %ld to %ld",
				       row->name, text, row->min, row->max);
		*FIELD(o, row, long) = (long)number;
		return 0;
	case OPTION_LIST:
		strv_add(FIELD(o, row, struct strv), text);
		return 0;
	}
	return 0;
}

static int unknown_option(const struct option_row **rows, size_t n, const char *word, struct err *e)
{
	const char *names[MAX_OPTIONS];
	for (size_t i = 0; i < n; i++)
		names[i] = rows[i]->name;
	word += strspn(word, "-");
	autofree char *bare = xstrndup(word, strcspn(word, "="));
	const char *near = str_nearest(bare, names, n);
	if (near)
		return err_set(e, ERR_USAGE, "unknown option '%s'; did you mean '--%s'?", bare,
			       near);
	return err_set(e, ERR_USAGE, "unknown option '%s'; see --help", bare);
}

/* getopt's own tables, made from ours. */
struct getopt_tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 2];
};

static void make_tables(const struct option_row **rows, size_t n, struct getopt_tables *t)
{
	size_t s = 0;
	memset(t, 0, sizeof(*t));
	t->shorts[s++] = ':';
	for (size_t i = 0; i < n; i++) {
		t->longs[i] = (struct option){rows[i]->name, rows[i]->type != OPTION_FLAG, NULL,
					      256 + (int)i};
		if (!rows[i]->letter)
			continue;
		t->shorts[s++] = rows[i]->letter;
		if (rows[i]->type != OPTION_FLAG)
			t->shorts[s++] = ':';
	}
}

static const struct option_row *row_of(const struct option_row **rows, size_t n, int found)
{
	if (found >= 256)
		return rows[found - 256];
	for (size_t i = 0; i < n; i++) {
		if (rows[i]->letter == found)
			return rows[i];
	}
	return NULL;
}

static int parse_all(const struct option_row **rows, size_t n, int argc, char **argv,
		     struct options *o, struct err *e)
{
	struct getopt_tables tables;
	make_tables(rows, n, &tables);
	opterr = 0;
	optind = 1;
	int found;
	while ((found = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (found == ':')
			return err_set(e, ERR_USAGE, "option '%s' needs a value; see --help",
				       argv[optind - 1]);
		const struct option_row *row = row_of(rows, n, found);
		if (!row)
			return unknown_option(rows, n, argv[optind - 1], e);
		if (set_value(row, optarg, o, e) < 0)
			return -1;
	}
	for (int i = optind; i < argc; i++)
		strv_add(&o->operands, argv[i]);
	return 0;
}

const char *command_nearest(const char *word)
{
	const char *names[MAX_OPTIONS];
	size_t n = 0;
	for (const struct command *c = commands; c->name && n < MAX_OPTIONS; c++)
		names[n++] = c->name;
	return str_nearest(word, names, n);
}

static int judge_operands(const struct command *c, const struct options *o, struct err *e)
{
	if (o->operands.n > c->max_operands) {
		const char *extra = o->operands.v[c->max_operands];
		const char *near = c->max_operands ? NULL : command_nearest(extra);
		if (near)
			return err_set(e, ERR_USAGE,
				       "%s: unexpected '%s'; did you mean '%s'? A command comes "
				       "before its options",
				       c->name, extra, near);
		return err_set(e, ERR_USAGE, "%s: unexpected '%s'; see --help", c->name, extra);
	}
	if (o->operands.n < c->min_operands)
		return err_set(e, ERR_USAGE, "%s: needs %s; see --help", c->name, c->operands);
	return 0;
}

int options_parse(const struct command *c, int argc, char **argv, struct options *ret,
		  struct err *e)
{
	const struct option_row *rows[MAX_OPTIONS];
	size_t n = collect_rows(c, rows);
	if (parse_all(rows, n, argc, argv, ret, e) < 0)
		return -1;
	return ret->help || ret->version ? 0 : judge_operands(c, ret, e);
}

void options_done(struct options *o)
{
	strv_done(&o->force);
	strv_done(&o->operands);
}

static void help_row(const struct option_row *r, FILE *out)
{
	autofree char *left = r->letter ? xasprintf("-%c, --%s%s%s", r->letter, r->name,
						    r->argument ? " " : "",
						    r->argument ? r->argument : "")
					: xasprintf("    --%s%s%s", r->name, r->argument ? " " : "",
						    r->argument ? r->argument : "");
	fprintf(out, "  %-26s %s\n", left, r->help);
}

static void help_command(const struct command *c, FILE *out)
{
	bool is_default = strcmp(c->name, "build") == 0;
	fprintf(out, "usage: mkimage %s%s%s%s[options]\n\n%s\n\noptions:\n",
		is_default ? "[build] " : c->name, is_default ? "" : " ", c->operands,
		*c->operands ? " " : "", c->help);
	const struct option_row *rows[MAX_OPTIONS];
	size_t n = collect_rows(c, rows);
	for (size_t i = 0; i < n; i++)
		help_row(rows[i], out);
}

void options_help(const struct command *c, FILE *out)
{
	if (c) {
		help_command(c, out);
		return;
	}
	help_command(commands, out);
	fputs("\nother commands (mkimage COMMAND --help):\n", out);
	for (c = commands + 1; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->help);
	fputs("\nexit codes:\n", out);
	for (const struct err_code_help *h = err_codes; h->help; h++)
		fprintf(out, "  %3d  %s\n", h->code, h->help);
}
