/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node says of itself: whatever it is, what people are shown of it has no byte that a
 * terminal would act on, and no command to copy has a character that a shell would.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "registry/doctor.h"
#include "registry/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_shown(const struct str *out)
{
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] != '\n' && (out->data[i] < ' ' || out->data[i] > '~'))
			abort();
	}
}

static void check_commands(const struct doctor *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		const char *todo = d->findings.v[i].todo;
		if (todo && todo[strcspn(todo, ";|&<>()$`\\\"'*?[]{}!#~\n")])
			abort();
	}
}

static void check_doctor(const struct view *v, const struct survey *s)
{
	auto_doctor d = {.view = v, .survey = s};
	auto_str text = STR_INIT, json = STR_INIT;
	doctor_run(&d);
	check_commands(&d);
	doctor_text(&d, &text);
	doctor_json(&d, &json);
	check_shown(&text);
	check_shown(&json);
}

static void check_health(const struct survey *s)
{
	auto_str text = STR_INIT;
	health_table(s, &text);
	for (size_t i = 0; i < s->n; i++)
		health_json(&s->v[i], &text);
	check_shown(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record nodes[] = {{.plan_name = "master", .name = "master", .role = "master"},
				 {.plan_name = "worker001",
				  .name = "worker001",
				  .role = "worker",
				  .number = 1,
				  .address = "10.0.0.11/24"}};
	struct view view = {.master = "master", .host_ca = "ssh-ed25519 AAAA"};
	struct answer answers[] = {{.record = &nodes[0]}, {.record = &nodes[1]}};
	struct survey survey = {answers, 2};
	static const char well[] = "facts 1\nuser mpi 2000 2000\nsudoer mpi\nend\n";
	auto_err e = ERR_INIT;
	if (vitals_parse(well, sizeof(well) - 1, &answers[0].vitals, &e) < 0)
		abort();
	if (vitals_parse((const char *)data, size, &answers[1].vitals, &e) == 0) {
		check_doctor(&view, &survey);
		check_health(&survey);
	}
	vitals_done(&answers[0].vitals);
	vitals_done(&answers[1].vitals);
	return 0;
}
