/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "doctor.h"
#include "mem.h"
#include "options.h"

/* Nodes that were named are compared with the master, too. */
static void add_master(const struct view *v, const struct strv *names, struct strv *ret)
{
	for (size_t i = 0; i < names->n; i++)
		strv_add(ret, names->v[i]);
	if (names->n)
		strv_add(ret, v->master);
}

int cmd_doctor(const struct options *o, struct err *e)
{
	auto_view v = {0};
	auto_survey s = {0};
	auto_strv names = {0};
	auto_str out = STR_INIT;
	if (view_open(registry_dir(o), &v, e) < 0)
		return -1;
	add_master(&v, &o->cli.operands, &names);
	if (survey_run(&v, &names, o->timeout, &s, e) < 0)
		return -1;
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	if (o->cli.json)
		doctor_json(&d, &out);
	else
		doctor_text(&d, &out);
	fputs(str_text(&out), stdout);
	return d.findings.n ? err_set(e, ERR_FAILED, "%zu findings", d.findings.n) : 0;
}
