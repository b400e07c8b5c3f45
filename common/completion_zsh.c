/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "completion.h"
#include "mem.h"

static const char head[] = "#compdef @\n"
			   "# zsh completion for @, made by `@ completion zsh`\n";

static const char begin[] = "_@() {\n"
			    "\tlocal cardstock_program=$words[1]\n"
			    "\tlocal -a commands\n"
			    "\tcommands=(\n";

static const char choose[] = "\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
			     "\t\t_describe command commands\n"
			     "\t\treturn\n"
			     "\tfi\n"
			     "\tif (( ${commands[(I)$words[2]:*]} )); then\n"
			     "\t\tcommand=$words[2]\n"
			     "\t\tshift words\n"
			     "\t\t(( CURRENT-- ))\n"
			     "\tfi\n"
			     "\tcase $command in\n";

static const char tail[] = "\tesac\n"
			   "}\n"
			   "\n"
			   "_@ \"$@\"\n";

/* Text inside single quotes, where _arguments and _describe take ':', '[' and ']' for their own. */
static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			str_puts(out, "'\\''");
		else if (strchr(":[]\\", *text))
			str_printf(out, "\\%c", *text);
		else
			str_add(out, text, 1);
	}
}

/* What all parts of a script are made from. */
struct source {
	const struct program *program;
	const struct completion_list *lists;
};

/* How zsh completes what --help calls by this name; nothing for what it cannot know. */
static void add_action(struct str *out, const struct source *s, const char *kind)
{
	autofree char *one = xstrndup(kind, strlen(kind) - (str_ends(kind, "...") ? 3 : 0));
	const struct completion_list *list = completion_list_of(s->lists, kind);
	if (!list)
		list = completion_list_of(s->lists, one);
	if (list)
		str_printf(out, "_%s_%s", s->program->name, list->name);
	else if (strcmp(one, "COMMAND") == 0)
		str_puts(out, "_command_names -e");
	else if (strcmp(kind, "DIR") == 0)
		str_puts(out, "_files -/");
	else if (strcmp(kind, "FILE") == 0 || strcmp(kind, "BASE") == 0 ||
		 str_starts(kind, "IMG") || str_starts(kind, "DEV") || strcmp(kind, "SRC") == 0)
		str_puts(out, "_files");
	else if (strpbrk(kind, "abcdefghijklmnopqrstuvwxyz")) {
		auto_strv words = {0};
		strv_split(&words, kind, "|");
		str_puts(out, "(");
		strv_foreach (word, &words)
			str_printf(out, "%s%s", word == words.v ? "" : " ", *word);
		str_puts(out, ")");
	}
}

/* ":PROFILE:_mkimage_profiles" */
static void add_value(struct str *out, const struct source *s, const char *kind)
{
	str_puts(out, ":");
	add_escaped(out, kind);
	str_puts(out, ":");
	add_action(out, s, kind);
}

static void add_option(struct str *out, const struct source *s, const struct option_row *r)
{
	if (r->letter)
		str_printf(out, " \\\n\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", r->letter, r->name,
			   r->letter, r->argument ? "+" : "", r->name, r->argument ? "=" : "");
	else
		str_printf(out, " \\\n\t\t\t'--%s%s[", r->name, r->argument ? "=" : "");
	add_escaped(out, r->help);
	str_puts(out, "]");
	if (r->argument)
		add_value(out, s, r->argument);
	str_puts(out, "'");
}

/* -S: what follows "--" are no options. */
static void add_arguments(struct str *out, const struct source *s, const struct option_row *rows)
{
	str_puts(out, "\t\t_arguments -s -S");
	for (const struct option_row *r = rows; r && r->name; r++)
		add_option(out, s, r);
	for (const struct option_row *r = s->program->options; r->name; r++)
		add_option(out, s, r);
}

static void add_command(struct str *out, const struct source *s, const struct command *c)
{
	auto_strv operands = {0};
	completion_operands(c, &operands);
	str_printf(out, "\t%s)\n", c->name);
	add_arguments(out, s, c->options);
	for (size_t i = 0; i < operands.n; i++) {
		bool rest = i + 1 == operands.n && str_ends(operands.v[i], "...");
		if (rest)
			str_puts(out, " \\\n\t\t\t'*");
		else
			str_printf(out, " \\\n\t\t\t'%zu", i + 1);
		add_value(out, s, operands.v[i]);
		str_puts(out, "'");
	}
	str_puts(out, "\n\t\t;;\n");
}

static void add_list(struct str *out, const struct source *s, const struct completion_list *list)
{
	str_printf(out,
		   "_%s_%s() {\n"
		   "\tlocal -a names\n"
		   "\tnames=(${(f)\"$($cardstock_program completion %s 2>/dev/null)\"})\n",
		   s->program->name, list->name, list->name);
	if (str_ends(list->kind, ",..."))
		str_puts(out, "\tcompset -P '*,'\n");
	if (list->files)
		str_printf(out,
			   "\t_alternative 'names:name:compadd -a names' 'files:file:_files -g "
			   "\"%s\"'\n}\n\n",
			   list->files);
	else
		str_puts(out, "\tcompadd -a names\n}\n\n");
}

static void add_names(struct str *out, const struct program *p)
{
	for (const struct command *c = p->commands; c->name; c++) {
		str_printf(out, "\t\t'%s:", c->name);
		add_escaped(out, c->help);
		str_puts(out, "'\n");
	}
	str_printf(out, "\t)\n\tlocal command='%s'\n", p->has_default ? p->commands->name : "");
}

void completion_zsh(const struct program *p, const struct completion_list *lists, struct str *out)
{
	const struct source s = {p, lists};
	completion_add(out, head, p);
	for (const struct completion_list *list = lists; list->kind; list++)
		add_list(out, &s, list);
	completion_add(out, begin, p);
	add_names(out, p);
	str_puts(out, choose);
	for (const struct command *c = p->commands; c->name; c++)
		add_command(out, &s, c);
	str_puts(out, "\t*)\n");
	add_arguments(out, &s, NULL);
	str_puts(out, "\n\t\t;;\n");
	completion_add(out, tail, p);
}
