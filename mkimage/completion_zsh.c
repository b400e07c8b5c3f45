/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "completion.h"
#include "mem.h"
#include "options.h"

static const char head[] =
	"#compdef mkimage\n"
	"# zsh completion for mkimage, made by `mkimage completion zsh`\n"
	"_mkimage_profiles() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$($mkimage_program completion profiles 2>/dev/null)\"})\n"
	"\t_alternative 'profiles:profile:compadd -a names' 'files:file:_files -g \"*.conf\"'\n"
	"}\n"
	"\n"
	"_mkimage() {\n"
	"\tlocal mkimage_program=$words[1] command=build\n"
	"\tlocal -a commands\n";

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
			   "_mkimage \"$@\"\n";

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

/* How zsh completes what --help calls by this name; "" for what it cannot know. */
static void add_action(struct str *out, const char *kind)
{
	if (strcmp(kind, "PROFILE") == 0)
		str_puts(out, "_mkimage_profiles");
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
static void add_value(struct str *out, const char *kind)
{
	str_puts(out, ":");
	add_escaped(out, kind);
	str_puts(out, ":");
	add_action(out, kind);
}

static void add_option(struct str *out, const struct option_row *r)
{
	if (r->letter)
		str_printf(out, " \\\n\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", r->letter, r->name,
			   r->letter, r->argument ? "+" : "", r->name, r->argument ? "=" : "");
	else
		str_printf(out, " \\\n\t\t\t'--%s%s[", r->name, r->argument ? "=" : "");
	add_escaped(out, r->help);
	str_puts(out, "]");
	if (r->argument)
		add_value(out, r->argument);
	str_puts(out, "'");
}

static void add_command(struct str *out, const struct command *c)
{
	auto_strv operands = {0};
	strv_split(&operands, c->operands, " ");
	str_printf(out, "\t%s)\n\t\t_arguments -s", c->name);
	for (const struct option_row *r = c->options; r && r->name; r++)
		add_option(out, r);
	for (const struct option_row *r = mkimage_program.options; r->name; r++)
		add_option(out, r);
	for (size_t i = 0; i < operands.n; i++) {
		bool rest = i + 1 == operands.n && str_ends(operands.v[i], "...");
		if (rest)
			str_puts(out, " \\\n\t\t\t'*");
		else
			str_printf(out, " \\\n\t\t\t'%zu", i + 1);
		add_value(out, operands.v[i]);
		str_puts(out, "'");
	}
	str_puts(out, "\n\t\t;;\n");
}

void completion_zsh(struct str *out)
{
	str_puts(out, head);
	str_puts(out, "\tcommands=(\n");
	for (const struct command *c = mkimage_program.commands; c->name; c++) {
		str_printf(out, "\t\t'%s:", c->name);
		add_escaped(out, c->help);
		str_puts(out, "'\n");
	}
	str_puts(out, "\t)\n");
	str_puts(out, choose);
	for (const struct command *c = mkimage_program.commands; c->name; c++)
		add_command(out, c);
	str_puts(out, tail);
}
