/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "mem.h"

/* Other names would be quoted, or worse expanded, by the shell that gets them. */
#define OFFERED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const struct {
	const char *name;
	void (*add)(const struct program *p, const struct completion_list *lists, struct str *out);
} shells[] = {
	{"bash", completion_bash},
	{"zsh", completion_zsh},
};

void completion_add(struct str *out, const char *text, const struct program *p)
{
	for (; *text; text++) {
		if (*text == '@')
			str_puts(out, p->name);
		else
			str_add(out, text, 1);
	}
}

/* "[NODE...]" is NODE..., and the "--" before a command is no operand. */
void completion_operands(const struct command *c, struct strv *ret)
{
	auto_strv words = {0};
	strv_split(&words, c->operands, " ");
	strv_foreach (word, &words) {
		char *start = *word + (**word == '[');
		if (str_ends(start, "]"))
			start[strlen(start) - 1] = '\0';
		if (strcmp(start, "--") != 0)
			strv_add(ret, start);
	}
}

const struct completion_list *completion_list_of(const struct completion_list *lists,
						 const char *kind)
{
	for (; lists->kind; lists++) {
		if (strcmp(lists->kind, kind) == 0)
			return lists;
	}
	return NULL;
}

static void print_list(const struct completion_list *list, const struct options *o)
{
	auto_strv names = {0};
	list->add(o, &names);
	strv_sort(&names);
	strv_foreach (name, &names) {
		if (!(*name)[strspn(*name, OFFERED)])
			puts(*name);
	}
}

static int refuse(const struct completion_list *lists, const char *asked, struct err *e)
{
	auto_strv names = {0};
	for (; lists->kind; lists++)
		strv_add(&names, lists->name);
	autofree char *known = strv_join(&names, ", ");
	return err_set(e, ERR_USAGE,
		       "completion: '%s' is not known; bash and zsh have a script, and these are "
		       "lists of names: %s",
		       asked, known);
}

int completion_print(const struct program *p, const struct completion_list *lists,
		     const struct options *o, const char *asked, struct err *e)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(asked, shells[i].name) != 0)
			continue;
		auto_str out = STR_INIT;
		shells[i].add(p, lists, &out);
		fputs(str_text(&out), stdout);
		return 0;
	}
	for (const struct completion_list *list = lists; list->kind; list++) {
		if (strcmp(asked, list->name) != 0)
			continue;
		print_list(list, o);
		return 0;
	}
	return refuse(lists, asked, e);
}
