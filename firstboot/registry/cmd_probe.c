/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "interrupt.h"
#include "json.h"
#include "options.h"
#include "probe.h"

static void say(void *ctx, const char *name, enum state state)
{
	const struct options *o = ctx;
	auto_str line = STR_INIT;
	if (!o->cli.json) {
		printf("%s: %s\n", name, states[state].name);
		return;
	}
	str_puts(&line, "{");
	json_field(&line, "node", name);
	json_field(&line, "state", states[state].name);
	printf("%s}\n", str_text(&line));
}

/* For the journal, each minute that it lasts. */
static int say_silence(struct store *s, struct err *e)
{
	long long silence;
	if (probe_silence(s, &silence, e) < 0)
		return -1;
	if (silence)
		fprintf(stderr, "no node answers: look at this machine's network\n");
	return 0;
}

int cmd_probe(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	auto_view v = {0};
	auto_probe p = {0};
	interrupt_init();
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0 || view_load(s, &v, e) < 0)
		return -1;
	probe_list(&v, &p);
	if (probe_ask(&p, o->port ? (int)o->port : REACH_PORT, e) < 0 ||
	    probe_take(s, &p, say, (void *)o, e) < 0)
		return -1;
	return say_silence(s, e);
}
