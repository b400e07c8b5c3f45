/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a hostile board says.  A line that is accepted becomes a ready node, and each output has as
 * many lines as it would have for a harmless one, and no byte that no text file has.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "registry/render.h"
#include "protocol/request.h"

#define HOST_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA5qO9wNj9kHahMGtEZ7YEhPC0Ze+m08BRGs6lNWtXpJ"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* It goes to a log and to a terminal. */
static void check_reason(const char *reason)
{
	expect(reason && strlen(reason) < 256);
	for (const char *c = reason; *c; c++)
		expect(*c >= ' ' && *c < 0x7f);
}

/* A cluster of one ready node, that came with a join card: so its host key is written, too. */
static void make_view(struct view *v, struct facts *facts)
{
	struct record r = {.id = 1,
			   .state = STATE_READY,
			   .role = xstrdup("worker"),
			   .number = 1,
			   .plan_name = xstrdup("worker001"),
			   .name = xstrdup("worker001"),
			   .address = xstrdup("10.0.0.11/24"),
			   .facts = *facts};
	*facts = (struct facts){0};
	v->cluster = xstrdup("beowulf");
	v->master = xstrdup("master");
	v->slurm = true;
	strv_add(&v->exports, "/srv/cluster rw");
	records_add(&v->all, &r);
}

static size_t lines_of(const struct output *o, const struct view *v)
{
	auto_str text = STR_INIT;
	size_t n = 0;
	o->render(v, &text);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		expect(c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f));
		n += c == '\n';
	}
	expect(!strstr(str_text(&text), "@cert-authority"));
	return n;
}

static void check_outputs(struct facts *facts)
{
	auto_view hostile = {0}, harmless = {0};
	struct facts little = {.host_key = xstrdup(HOST_KEY), .cpus = facts->cpus};
	make_view(&hostile, facts);
	make_view(&harmless, &little);
	for (const struct output *o = outputs; o->name; o++)
		expect(o->secret || lines_of(o, &hostile) == lines_of(o, &harmless));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	if (request_parse((const char *)data, size, &r, &e) < 0)
		check_reason(e.msg);
	else
		check_outputs(&r.facts);
	return 0;
}
