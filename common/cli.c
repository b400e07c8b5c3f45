/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "utf8.h"

#define MAX_OPTIONS 32
#define FIELD(o, row, type) ((type *)((char *)(o) + (row)->offset))

static const struct command *find_command(const struct program *p, const char *name)
{
	for (const struct command *c = p->commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* The command's rows, then the common ones; returns how many. */
static size_t collect_rows(const struct program *p, const struct command *c,
			   const struct option_row **rows)
{
	size_t n = 0;
	for (const struct option_row *r = c->options; r && r->name && n < MAX_OPTIONS; r++)
		rows[n++] = r;
	for (const struct option_row *r = p->options; r->name && n < MAX_OPTIONS; r++)
		rows[n++] = r;
	return n;
}

static int set_value(const struct option_row *row, const char *text, struct cli *o, struct err *e)
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

static int parse_all(const struct option_row **rows, size_t n, int argc, char **argv, struct cli *o,
		     struct err *e)
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

static const char *nearest_command(const struct program *p, const char *word)
{
	const char *names[MAX_OPTIONS];
	size_t n = 0;
	for (const struct command *c = p->commands; c->name && n < MAX_OPTIONS; c++)
		names[n++] = c->name;
	return str_nearest(word, names, n);
}

static int judge_operands(const struct program *p, const struct command *c, const struct cli *o,
			  struct err *e)
{
	if (o->operands.n > c->max_operands) {
		const char *extra = o->operands.v[c->max_operands];
		const char *near = c->max_operands ? NULL : nearest_command(p, extra);
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

static int parse(const struct program *p, const struct command *c, int argc, char **argv,
		 struct cli *o, struct err *e)
{
	const struct option_row *rows[MAX_OPTIONS];
	size_t n = collect_rows(p, c, rows);
	if (parse_all(rows, n, argc, argv, o, e) < 0)
		return -1;
	return o->help || o->version ? 0 : judge_operands(p, c, o, e);
}

/* What parsing may have allocated, in the program's own options too. */
static void options_done(const struct program *p, struct cli *o)
{
	for (const struct command *c = p->commands; c->name; c++) {
		for (const struct option_row *r = c->options; r && r->name; r++) {
			if (r->type == OPTION_LIST)
				strv_done(FIELD(o, r, struct strv));
		}
	}
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

static void help_command(const struct program *p, const struct command *c, FILE *out)
{
	bool is_default = p->has_default && c == p->commands;
	fprintf(out, "usage: %s %s%s%s %s%s[options]\n\n%s\n\noptions:\n", p->name,
		is_default ? "[" : "", c->name, is_default ? "]" : "", c->operands,
		*c->operands ? " " : "", c->help);
	const struct option_row *rows[MAX_OPTIONS];
	size_t n = collect_rows(p, c, rows);
	for (size_t i = 0; i < n; i++)
		help_row(rows[i], out);
}

static void help_program(const struct program *p, FILE *out)
{
	const struct command *c = p->commands;
	if (p->has_default) {
		help_command(p, c++, out);
		fputs("\nother commands", out);
	} else {
		fprintf(out, "usage: %s COMMAND [options]\n\ncommands", p->name);
	}
	fprintf(out, " (%s COMMAND --help):\n", p->name);
	for (; c->name; c++)
		fprintf(out, "  %-12s %s\n", c->name, c->help);
	fputs("\nexit codes:\n", out);
	for (const struct err_code_help *h = p->codes; h->help; h++)
		fprintf(out, "  %3d  %s\n", h->code, h->help);
}

static void print_error(const struct program *p, const struct cli *o, const struct err *e)
{
	auto_str line = STR_INIT;
	if (!o->json) {
		/* Names that others chose are in it. */
		utf8_visible(&line, e->msg, strlen(e->msg), true);
		fprintf(stderr, "%s: %s\n", p->name, str_text(&line));
		return;
	}
	str_puts(&line, "{");
	json_field(&line, "error", e->msg);
	fprintf(stderr, "%s,\"code\":%d}\n", str_text(&line), e->code);
}

/* The command that word names. */
static int pick_command(const struct program *p, const char *word, const struct command **ret,
			struct err *e)
{
	const struct command *c = find_command(p, word);
	if (!c) {
		const char *near = nearest_command(p, word);
		return err_set(e, ERR_USAGE, "unknown command '%s'%s%s%s; see --help", word,
			       near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
	}
	*ret = c;
	return 0;
}

/* The word `help`, in place of a command; word: the one that is asked about, or NULL. */
static int help(const struct program *p, const char *word, struct err *e)
{
	const struct command *c = NULL;
	if (word && pick_command(p, word, &c, e) < 0)
		return -1;
	if (word)
		help_command(p, c, stdout);
	else
		help_program(p, stdout);
	return 0;
}

static int run_command(const struct program *p, int argc, char **argv, struct cli *o, struct err *e)
{
	bool named = argc > 1 && argv[1][0] != '-';
	const struct command *c = p->commands;
	if (named && strcmp(argv[1], "help") == 0)
		return help(p, argc > 2 ? argv[2] : NULL, e);
	if (named && pick_command(p, argv[1], &c, e) < 0)
		return -1;
	if (parse(p, c, argc - named, argv + named, o, e) < 0)
		return -1;
	log_set_debug(o->debug || getenv("CARDSTOCK_DEBUG"));
	if (o->help) {
		if (named)
			help_command(p, c, stdout);
		else
			help_program(p, stdout);
		return 0;
	}
	if (o->version) {
		printf("%s " CARDSTOCK_VERSION "\n", p->name);
		return 0;
	}
	if (!named && !p->has_default)
		return err_set(e, ERR_USAGE, "a command is missing; see --help");
	return c->run((const struct options *)o, e);
}

/* `mkimage plan | head`: who reads no more wants no message about it. */
static bool reader_left(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int cli_main(const struct program *p, int argc, char **argv, struct cli *o)
{
	auto_err e = ERR_INIT;
	int result = run_command(p, argc, argv, o, &e);
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		result = err_errno(&e, ERR_FAILED, "standard output");
	if (result < 0 && !reader_left())
		print_error(p, o, &e);
	options_done(p, o);
	return result < 0 ? (int)e.code : 0;
}
