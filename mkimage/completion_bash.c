/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "completion.h"
#include "options.h"

static const char head[] =
	"# bash completion for mkimage, made by `mkimage completion bash`\n"
	"_mkimage_value() # KIND WORD PROGRAM\n"
	"{\n"
	"\tcase $1 in\n"
	"\tPROFILE)\n"
	/* No compgen -W: it expands its words, and these are names of files. */
	"\t\t\"$3\" completion profiles 2>/dev/null | while read -r name; do\n"
	"\t\t\t[[ $name != \"$2\"* ]] || printf '%s\\n' \"$name\"\n"
	"\t\tdone\n"
	"\t\tcompgen -f -X '!*.conf' -- \"$2\"\n"
	"\t\tcompgen -d -- \"$2\"\n"
	"\t\t;;\n"
	"\tDIR) compgen -d -- \"$2\" ;;\n"
	"\tFILE | IMG* | DEV* | SRC | BASE) compgen -f -- \"$2\" ;;\n"
	"\t*[a-z]*) compgen -W \"${1//|/ }\" -- \"$2\" ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_mkimage()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal command=build first=1 options='' values='' operands='' kind='' i n=0\n"
	"\t# bash takes --profile=x for three words\n"
	"\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\t[ \"$cur\" != = ] || cur=''\n";

static const char tail[] =
	"\tesac\n"
	"\tif [[ \" $values \" == *\" $prev:\"* ]]; then\n"
	"\t\tkind=\" $values \"\n"
	"\t\tkind=${kind##* \"$prev\":}\n"
	"\t\tkind=${kind%% *}\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\telse\n"
	"\t\tfor ((i = first; i < COMP_CWORD; i++)); do\n"
	"\t\t\tif [[ \" $values \" == *\" ${COMP_WORDS[i]}:\"* ]]; then\n"
	"\t\t\t\t[ \"${COMP_WORDS[i + 1]}\" != = ] || i=$((i + 1))\n"
	"\t\t\t\ti=$((i + 1))\n"
	"\t\t\telif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	"\t\t\t\tn=$((n + 1))\n"
	"\t\t\tfi\n"
	"\t\tdone\n"
	"\t\tread -ra operands <<<\"$operands\"\n"
	"\t\tkind=${operands[n]-}\n"
	"\t\t[ -n \"$kind\" ] || [[ ${operands[*]: -1} != *... ]] || kind=${operands[*]: -1}\n"
	"\t\t[ \"$COMP_CWORD\" != 1 ] || kind=$commands\n"
	"\tfi\n"
	"\t[[ $kind == *[a-z]* ]] || compopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(_mkimage_value \"$kind\" \"$cur\" \"$1\" | sort -u)\n"
	"}\n"
	"complete -F _mkimage mkimage\n";

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

static void add_command(struct str *out, const struct command *c)
{
	str_printf(out, "\t%s)\n\t\toptions='", c->name);
	add_options(out, c->options);
	add_options(out, mkimage_program.options);
	str_puts(out, "'\n\t\tvalues='");
	add_values(out, c->options);
	add_values(out, mkimage_program.options);
	str_printf(out, "'\n\t\toperands='%s'\n\t\t;;\n", c->operands);
}

void completion_bash(struct str *out)
{
	str_puts(out, head);
	str_puts(out, "\tlocal commands='help");
	for (const struct command *c = mkimage_program.commands; c->name; c++)
		str_printf(out, "|%s", c->name);
	str_puts(out, "'\n\tif [ \"$COMP_CWORD\" -gt 1 ] && [[ \"|$commands|\" == "
		      "*\"|${COMP_WORDS[1]}|\"* ]]; then\n"
		      "\t\tcommand=${COMP_WORDS[1]} first=2\n\tfi\n\tcase $command in\n");
	for (const struct command *c = mkimage_program.commands; c->name; c++)
		add_command(out, c);
	str_puts(out, tail);
}
