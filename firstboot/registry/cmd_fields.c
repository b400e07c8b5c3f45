/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "json.h"
#include "mem.h"
#include "options.h"
#include "protocol/request.h"

static void show(const struct field *f, bool json)
{
	autofree char *path = field_path(f), *grammar = field_grammar(f);
	auto_str line = STR_INIT;
	if (!json) {
		printf("%-13s %s; %s%s\n", path, f->help, grammar, f->optional ? "; optional" : "");
		return;
	}
	str_puts(&line, "{");
	json_field(&line, "field", path);
	json_field(&line, "grammar", grammar);
	str_printf(&line, ",\"optional\":%s", f->optional ? "true" : "false");
	json_field(&line, "help", f->help);
	printf("%s}\n", str_text(&line));
}

int cmd_fields(const struct options *o, struct err *e)
{
	(void)e;
	for (const struct field *f = request_fields; f->name; f++)
		show(f, o->cli.json);
	for (const struct field *f = nic_fields; f->name; f++)
		show(f, o->cli.json);
	return 0;
}
