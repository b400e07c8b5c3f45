/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "profile.h"

static const char *const type_names[] = {[KEY_STRING] = "string",
					 [KEY_INT] = "number",
					 [KEY_BOOL] = "true|false",
					 [KEY_LIST] = "list",
					 [KEY_SECTION] = "section"};

static void print_json(const struct key *k, const char *section)
{
	auto_str line = STR_INIT;
	str_puts(&line, "{");
	json_field(&line, "section", section);
	json_field(&line, "key", k->name);
	json_field(&line, "type", k->allowed ? k->allowed : type_names[k->type]);
	json_field(&line, "default", k->fallback);
	json_field(&line, "help", k->help);
	printf("%s}\n", str_text(&line));
}

static void print_text(const struct key *k, const char *section)
{
	auto_str name = STR_INIT;
	str_printf(&name, "%s%s", section ? "  " : "", k->name);
	if (k->type == KEY_SECTION)
		str_puts(&name, k->untitled ? " { }" : " \"NAME\" { }");
	auto_str type = STR_INIT;
	str_puts(&type, k->allowed ? k->allowed : type_names[k->type]);
	if (k->fallback)
		str_printf(&type, ", default %s", *k->fallback ? k->fallback : "\"\"");
	printf("%-24s %-34s %s\n", str_text(&name), str_text(&type), k->help);
}

static void print_table(const struct key *keys, const char *section, bool as_json)
{
	for (const struct key *k = keys; k && k->name; k++) {
		if (as_json)
			print_json(k, section);
		else
			print_text(k, section);
		if (k->type == KEY_SECTION)
			print_table(k->keys, k->name, as_json);
	}
}

int cmd_keys(const struct options *o, struct err *e)
{
	(void)e;
	for (const struct key *const *t = profile_key_tables(); *t; t++)
		print_table(*t, NULL, o->cli.json);
	return 0;
}
