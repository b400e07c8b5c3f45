/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "health.h"
#include "mem.h"
#include "options.h"

static int judge_all(const struct survey *s, struct err *e)
{
	auto_strv nodes = {0};
	for (size_t i = 0; i < s->n; i++) {
		auto_strv reasons = {0};
		health_reasons(&s->v[i], &reasons);
		if (reasons.n)
			strv_add(&nodes, s->v[i].record->name);
	}
	autofree char *names = strv_join(&nodes, ", ");
	if (!nodes.n)
		return 0;
	return err_set(e, ERR_FAILED, "%zu of %zu nodes need a person: %s", nodes.n, s->n, names);
}

int cmd_health(const struct options *o, struct err *e)
{
	auto_view v = {0};
	auto_survey s = {0};
	auto_str out = STR_INIT;
	if (view_open(registry_dir(o), &v, e) < 0 ||
	    survey_run(&v, &o->cli.operands, o->timeout, &s, e) < 0)
		return -1;
	if (!o->cli.json)
		health_table(&s, &out);
	for (size_t i = 0; o->cli.json && i < s.n; i++)
		health_json(&s.v[i], &out);
	fputs(str_text(&out), stdout);
	return judge_all(&s, e);
}
