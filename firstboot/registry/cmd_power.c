/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shutdown and reboot: which nodes, whether one is sure, and this machine as the last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "find.h"
#include "fleet.h"
#include "interrupt.h"
#include "json.h"
#include "mem.h"
#include "options.h"
#include "power.h"
#include "probe.h"
#include "run.h"

#define TIMEOUT "3m"

/* What is the same about both, and how it is said. */
struct deed {
	const char *word;   /* of the node's ops and of systemctl */
	const char *what;   /* "switch off" */
	const char *done;   /* "off" */
	const char *advice; /* what to do about a node that is not */
	bool back;
};

static const struct deed off = {
	.word = "poweroff",
	.what = "switch off",
	.done = "off",
	.advice = "log in there and look, or cut its power",
};

static const struct deed again = {
	.word = "reboot",
	.what = "reboot",
	.done = "back",
	.advice = "log in there and look, or cut its power for a moment",
	.back = true,
};

/* Names and records are the view's. */
struct choice {
	struct power_node *nodes;
	size_t n;
	long long seconds;	      /* how long they are waited for */
	const char *master;	      /* this machine, too; NULL: it is left alone */
	const struct record **others; /* left alone, though a board may be on */
	size_t n_others;
};

static void choice_done(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		power_node_done(&c->nodes[i]);
	free(c->nodes);
	free(c->others);
}
#define auto_choice __attribute__((cleanup(choice_done))) struct choice

/* ---- which ---- */

static void choose(struct choice *c, const struct view *v, const struct record *r)
{
	autofree char *ip = record_ip(r);
	if (node_is_master(v, r)) {
		c->master = r->name;
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->nodes[i].name == r->name)
			return; /* named twice */
	}
	struct power_node *n = &c->nodes[c->n++];
	*n = (struct power_node){.name = r->name};
	n->known = ip && reach_resolve(ip, &n->target.address);
}

static void choose_all(struct choice *c, const struct view *v)
{
	view_foreach(r, v, node_is_there)
	{
		if (node_is_master(v, r) || states[r->state].usable)
			choose(c, v, r);
		else if (states[r->state].live || r->state == STATE_QUARANTINED)
			c->others[c->n_others++] = r;
	}
}

static int choose_named(struct choice *c, const struct view *v, const char *query, struct err *e)
{
	const struct record *r;
	if (find_one(v, query, &r, e) < 0)
		return -1;
	if (!record_is_node(r) || !states[r->state].live) {
		autofree char *label = record_label(r);
		return err_set(e, ERR_FAILED,
			       "'%s' is %s: it has no board that this master may give orders",
			       label, states[r->state].name);
	}
	choose(c, v, r);
	return 0;
}

static int choose_nodes(const struct options *o, const struct view *v, struct choice *c,
			struct err *e)
{
	c->nodes = xcalloc(v->all.n + 1, sizeof(*c->nodes));
	c->others = xcalloc(v->all.n + 1, sizeof(*c->others));
	if (!o->cli.operands.n)
		choose_all(c, v);
	strv_foreach (query, &o->cli.operands) {
		if (choose_named(c, v, *query, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- what is said ---- */

/* "3 nodes and then this machine" */
static char *describe(const struct choice *c)
{
	autofree char *one = c->n == 1 ? xasprintf("'%s'", c->nodes[0].name)
				       : xasprintf("%zu nodes", c->n);
	if (!c->n)
		return xstrdup("this machine");
	return xasprintf("%s%s", one, c->master ? " and then this machine" : "");
}

static void say_json(const char *name, const char *word, const char *why)
{
	auto_str line = STR_INIT;
	str_puts(&line, "{");
	json_field(&line, "node", name);
	json_field(&line, "state", word);
	if (why)
		json_field(&line, "reason", why);
	printf("%s}\n", str_text(&line));
}

static const char *when(const struct options *o, const struct deed *d, const struct choice *c)
{
	if (!c->n || o->force)
		return "";
	return o->no_wait ? ", when all have taken the order"
	       : d->back  ? ", when all are back"
			  : ", when all are off";
}

static void say_plan(const struct options *o, const struct deed *d, const struct choice *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *name = c->nodes[i].name;
		if (o->cli.json)
			say_json(name, "planned", NULL);
		else
			printf("%s: ssh %s@%s %s\n", name, FLEET_USER, name, d->word);
	}
	if (c->master && o->cli.json)
		say_json(c->master, "planned", NULL);
	else if (c->master)
		printf("%s, this machine: systemctl %s%s\n", c->master, d->word, when(o, d, c));
}

static void say_others(const struct options *o, const struct choice *c)
{
	for (size_t i = 0; i < c->n_others; i++) {
		const char *name = c->others[i]->name;
		enum state state = c->others[i]->state;
		if (o->cli.json)
			say_json(name, "left alone", states[state].name);
		else
			printf("%s (%s): left alone: %s; it may be on%s\n", name,
			       states[state].name, states[state].help,
			       states[state].live ? ", and is asked when it is named" : "");
	}
}

struct talk {
	const struct deed *deed;
	bool json;
};

static const char *state_word(const struct deed *d, enum power_state state)
{
	return state == POWER_ORDERED ? "ordered" : state == POWER_DONE ? d->done : "failed";
}

static void say_state(void *ctx, const struct power_node *n, long long seconds)
{
	const struct talk *t = ctx;
	const char *word = state_word(t->deed, n->state);
	if (t->json)
		say_json(n->name, word, n->state == POWER_FAILED ? n->why : NULL);
	else if (n->state == POWER_FAILED)
		printf("%s: NOT %s: %s\n", n->name, t->deed->done, n->why);
	else if (n->state == POWER_ORDERED)
		printf("%s: %s ordered\n", n->name, t->deed->word);
	else
		printf("%s: %s after %lld s\n", n->name, word, seconds);
	fflush(stdout);
}

/* Only a person at a terminal is asked. */
static int confirm(const struct options *o, const struct deed *d, const struct choice *c,
		   struct err *e)
{
	char answer[16] = "";
	autofree char *all = describe(c);
	if (o->yes || !isatty(STDIN_FILENO))
		return 0;
	fprintf(stderr, "%s %s? [y/N] ", d->what, all);
	if (fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y'))
		return 0;
	return err_set(e, ERR_FAILED, "nothing was done");
}

/* ---- the deed ---- */

/* Of nodes that have no planned address, DNS may tell it, in its own time. */
static int resolve(struct choice *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		struct power_node *n = &c->nodes[i];
		if (interrupt_check(e) < 0)
			return -1;
		n->known = n->known || reach_resolve(n->name, &n->target.address);
	}
	return 0;
}

static int order_nodes(const struct options *o, const struct deed *d, struct choice *c,
		       struct err *e)
{
	struct talk talk = {d, o->cli.json};
	if (!o->no_wait && resolve(c, e) < 0)
		return -1;
	const struct power_order order = {
		.word = d->word,
		.wait = !o->no_wait,
		.back = d->back,
		.port = o->port ? (int)o->port : REACH_PORT,
		.seconds = c->seconds,
		.say = say_state,
		.ctx = &talk,
	};
	return power_run(c->nodes, c->n, &order, e);
}

static int order_this_machine(const struct options *o, const struct deed *d, const char *name,
			      struct err *e)
{
	if (o->cli.json)
		say_json(name, "ordered", NULL);
	else
		printf("%s, this machine: %s\n", name, d->word);
	fflush(stdout);
	return run_argv(e, "systemctl", d->word, NULL);
}

static int complain(const struct options *o, const struct deed *d, const struct choice *c,
		    struct err *e)
{
	auto_strv names = {0};
	for (size_t i = 0; i < c->n; i++) {
		if (c->nodes[i].state == POWER_FAILED)
			strv_add(&names, c->nodes[i].name);
	}
	autofree char *list = strv_join(&names, ", ");
	return err_set(e, ERR_FAILED, "not %s: %s; %s%s", d->done, list, d->advice,
		       !c->master ? ""
		       : o->force ? ". This machine goes all the same"
				  : ". This machine stays as it is; --force takes it, too");
}

/*
 * No work is for nodes that were switched off under a master that stays on; one that was seen back
 * need not wait for the next probe.
 */
static int remember(const struct options *o, const struct deed *d, const struct choice *c,
		    struct err *e)
{
	auto_store *s = NULL;
	autofree const char **names = xcalloc(c->n + 1, sizeof(*names));
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (c->nodes[i].state == POWER_DONE)
			names[n++] = c->nodes[i].name;
	}
	if (!n)
		return 0;
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0)
		return -1;
	return probe_take_power(s, names, n, d->back, e);
}

static int act(const struct options *o, const struct deed *d, struct choice *c, struct err *e)
{
	int failed = c->n ? order_nodes(o, d, c, e) : 0;
	bool goes = c->master && (!failed || o->force);
	if (failed < 0 || ((d->back || !goes) && remember(o, d, c, e) < 0))
		return -1;
	if (goes && order_this_machine(o, d, c->master, e) < 0)
		return -1;
	return failed ? complain(o, d, c, e) : 0;
}

static int power(const struct options *o, const struct deed *d, struct err *e)
{
	auto_store *s = NULL;
	auto_view v = {0};
	auto_choice c = {0};
	interrupt_init();
	if (duration_parse("timeout", o->timeout ? o->timeout : TIMEOUT, &c.seconds, e) < 0 ||
	    store_open(registry_dir(o), STORE_READ, &s, e) < 0 || view_load(s, &v, e) < 0 ||
	    choose_nodes(o, &v, &c, e) < 0)
		return -1;
	say_others(o, &c);
	if (o->dry_run) {
		say_plan(o, d, &c);
		return 0;
	}
	return confirm(o, d, &c, e) < 0 ? -1 : act(o, d, &c, e);
}

int cmd_shutdown(const struct options *o, struct err *e)
{
	return power(o, &off, e);
}

int cmd_reboot(const struct options *o, struct err *e)
{
	return power(o, &again, e);
}
