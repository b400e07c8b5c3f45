/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "completion.h"
#include "mem.h"

/* No compgen -W for names that the program lists: it expands its words. */
static const char head[] = "# bash completion for @, made by `@ completion bash`\n"
			   "_@_list() # LIST WORD PROGRAM, what stands before the name\n"
			   "{\n"
			   "\tlocal name\n"
			   "\t\"$3\" completion \"$1\" 2>/dev/null | while read -r name; do\n"
			   "\t\t[[ $4$name != \"$2\"* ]] || printf '%s\\n' \"$4$name\"\n"
			   "\tdone\n"
			   "}\n"
			   "\n"
			   "_@_value() # KIND WORD PROGRAM\n"
			   "{\n"
			   "\tlocal before=''\n"
			   "\t[[ $1 != *,... || $2 != *,* ]] || before=${2%,*},\n"
			   "\tcase $1 in\n";

static const char value_tail[] =
	"\tDIR) compgen -d -- \"$2\" ;;\n"
	"\tFILE | IMG* | DEV* | SRC | BASE) compgen -f -- \"$2\" ;;\n"
	"\tCOMMAND) compgen -c -- \"$2\" ;;\n"
	"\t*[a-z]*) compgen -W \"${1//|/ }\" -- \"$2\" ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_@()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal first=1 options='' values='' operands='' kind='' ended='' i n=0\n"
	"\t# bash takes --profile=x for three words\n"
	"\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\t[ \"$cur\" != = ] || cur=''\n";

static const char choose[] =
	"\tesac\n"
	"\tfor ((i = first; i < COMP_CWORD; i++)); do\n"
	"\t\tif [ -n \"$ended\" ]; then\n"
	"\t\t\tn=$((n + 1))\n"
	"\t\telif [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
	"\t\t\tended=1\n"
	"\t\telif [[ \" $values \" == *\" ${COMP_WORDS[i]}:\"* ]]; then\n"
	"\t\t\t[ \"${COMP_WORDS[i + 1]}\" != = ] || i=$((i + 1))\n"
	"\t\t\ti=$((i + 1))\n"
	"\t\telif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	"\t\t\tn=$((n + 1))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [ -z \"$ended\" ] && [[ \" $values \" == *\" $prev:\"* ]]; then\n"
	"\t\tkind=\" $values \"\n"
	"\t\tkind=${kind##* \"$prev\":}\n"
	"\t\tkind=${kind%% *}\n"
	"\telif [ -z \"$ended\" ] && [[ $cur == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\telse\n"
	"\t\tread -ra operands <<<\"$operands\"\n"
	"\t\tkind=${operands[n]-}\n"
	"\t\t[ -n \"$kind\" ] || [[ ${operands[*]: -1} != *... ]] || kind=${operands[*]: -1}\n"
	"\t\tkind=${kind%...}\n"
	"\t\t[ \"$COMP_CWORD\" != 1 ] || kind=$commands\n"
	"\tfi\n"
	"\tcase $kind in\n"
	"\tDIR | FILE | IMG* | DEV* | SRC | BASE";

static const char tail[] =
	") compopt -o filenames 2>/dev/null ;;\n"
	"\tesac\n"
	"\tmapfile -t COMPREPLY < <(_@_value \"$kind\" \"$cur\" \"$1\" | sort -u)\n"
	"}\n"
	"complete -F _@ @\n";

static void add_options(struct str *out, const struct option_row *rows)
{
	for (const struct option_row *r = rows; r && r->name; r++) {
		str_printf(out, " --%s", r->name);
		if (r->letter)
			str_printf(out, " -%c", r->letter);
	}
}

/* "--profile:PROFILE -p:PROFILE": the options that take a value, and what it is. */
static void add_values(struct str *out, const struct option_row *rows)
{
	for (const struct option_row *r = rows; r && r->name; r++) {
		if (!r->argument)
			continue;
		str_printf(out, " --%s:%s", r->name, r->argument);
		if (r->letter)
			str_printf(out, " -%c:%s", r->letter, r->argument);
	}
}

/* The options of a command, and of all commands. */
static void add_rows(struct str *out, const struct program *p, const struct option_row *rows)
{
	str_puts(out, "\t\toptions='");
	add_options(out, rows);
	add_options(out, p->options);
	str_puts(out, "'\n\t\tvalues='");
	add_values(out, rows);
	add_values(out, p->options);
	str_puts(out, "'\n");
}

static void add_command(struct str *out, const struct program *p, const struct command *c)
{
	auto_strv operands = {0};
	completion_operands(c, &operands);
	autofree char *words = strv_join(&operands, " ");
	str_printf(out, "\t%s)\n", c->name);
	add_rows(out, p, c->options);
	str_printf(out, "\t\toperands='%s'\n\t\t;;\n", words);
}

static void add_list(struct str *out, const struct program *p, const struct completion_list *list)
{
	str_printf(out, "\t'%s')\n\t\t_%s_list %s \"$2\" \"$3\" \"$before\"\n", list->kind, p->name,
		   list->name);
	if (list->files)
		str_printf(out,
			   "\t\tcompgen -f -X '!%s' -- \"$2\"\n"
			   "\t\tcompgen -d -- \"$2\"\n",
			   list->files);
	str_puts(out, "\t\t;;\n");
}

/* What the first word may be, and which command it is. */
static void add_commands(struct str *out, const struct program *p)
{
	str_puts(out, "\tlocal commands='help");
	for (const struct command *c = p->commands; c->name; c++)
		str_printf(out, "|%s", c->name);
	str_printf(out, "' command='%s'\n", p->has_default ? p->commands->name : "");
	str_puts(out, "\tif [ \"$COMP_CWORD\" -gt 1 ] && [[ \"|$commands|\" == "
		      "*\"|${COMP_WORDS[1]}|\"* ]]; then\n"
		      "\t\tcommand=${COMP_WORDS[1]} first=2\n\tfi\n\tcase $command in\n");
	for (const struct command *c = p->commands; c->name; c++)
		add_command(out, p, c);
	str_puts(out, "\thelp) operands=$commands ;;\n\t*)\n");
	add_rows(out, p, NULL);
	str_puts(out, "\t\t;;\n");
}

void completion_bash(const struct program *p, const struct completion_list *lists, struct str *out)
{
	completion_add(out, head, p);
	for (const struct completion_list *list = lists; list->kind; list++)
		add_list(out, p, list);
	completion_add(out, value_tail, p);
	add_commands(out, p);
	str_puts(out, choose);
	for (const struct completion_list *list = lists; list->kind; list++) {
		if (list->files)
			str_printf(out, " | '%s'", list->kind);
	}
	completion_add(out, tail, p);
}
