/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "duration.h"
#include "find.h"
#include "fleet.h"
#include "interrupt.h"
#include "mem.h"
#include "survey.h"

#define TIMEOUT "45s" /* a node has three programs that may take ten each */
#define NANO 1000000000LL

/* ---- which nodes ---- */

static void add(struct survey *s, const struct record *r)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].record == r)
			return;
	}
	s->v[s->n++].record = r;
}

static bool is_asked(const struct view *v, const struct record *r)
{
	return node_is_master(v, r) || node_is_live(v, r);
}

static int add_named(const struct view *v, const char *name, struct survey *s, struct err *e)
{
	const struct record *r;
	if (find_one(v, name, &r, e) < 0)
		return -1;
	if (!record_is_node(r) || !is_asked(v, r))
		return err_set(e, ERR_FAILED,
			       "'%s' is %s: there is no board of the cluster to ask; 'nodectl "
			       "status' has all of them",
			       name, states[r->state].name);
	add(s, r);
	return 0;
}

static int pick(const struct view *v, const struct strv *names, struct survey *s, struct err *e)
{
	s->v = xcalloc(v->all.n + 1, sizeof(*s->v));
	for (size_t i = 0; i < names->n; i++) {
		if (add_named(v, names->v[i], s, e) < 0)
			return -1;
	}
	if (names->n)
		return 0;
	view_foreach(r, v, is_asked) add(s, r);
	return 0;
}

/* ---- what they say ---- */

struct listener {
	const struct fleet_task *tasks;
	struct survey *survey;
};

static void note_time(void *ctx, const struct fleet_task *t)
{
	const struct listener *l = ctx;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	l->survey->v[t - l->tasks].heard_ns = now.tv_sec * NANO + now.tv_nsec;
}

static void hear(struct answer *v, const struct fleet_task *t)
{
	auto_err e = ERR_INIT;
	if (!fleet_task_ok(t))
		v->reason = fleet_task_reason(t);
	else if (vitals_parse(str_text(&t->output), t->output.len, &v->vitals, &e) < 0)
		v->reason = xstrdup(e.msg);
}

static int ask(struct survey *s, long long seconds, struct err *e)
{
	static const char *const words[] = {"facts", NULL};
	autofree struct fleet_task *tasks = xcalloc(s->n + 1, sizeof(*tasks));
	struct listener l = {tasks, s};
	const struct fleet_order order = {.words = words,
					  .user = FLEET_USER,
					  .options = FLEET_USER_OPTIONS,
					  .seconds = (unsigned)seconds,
					  .done = note_time,
					  .ctx = &l};
	for (size_t i = 0; i < s->n; i++)
		tasks[i].name = tasks[i].host = s->v[i].record->name;
	interrupt_init();
	int r = fleet_run(tasks, s->n, &order, e);
	for (size_t i = 0; i < s->n; i++) {
		hear(&s->v[i], &tasks[i]);
		fleet_task_done(&tasks[i]);
	}
	return r;
}

int survey_run(const struct view *v, const struct strv *names, const char *timeout,
	       struct survey *ret, struct err *e)
{
	auto_survey s = {0};
	long long seconds;
	if (duration_parse("timeout", timeout ? timeout : TIMEOUT, &seconds, e) < 0 ||
	    pick(v, names, &s, e) < 0 || ask(&s, seconds, e) < 0)
		return -1;
	*ret = s;
	s = (struct survey){0};
	return 0;
}

void survey_done(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].reason);
		vitals_done(&s->v[i].vitals);
	}
	free(s->v);
	*s = (struct survey){0};
}

bool answer_skew(const struct answer *v, long long *ret)
{
	if (v->reason || v->vitals.clock_ns == VITALS_UNKNOWN)
		return false;
	*ret = (v->vitals.clock_ns - v->heard_ns) / 1000000;
	return true;
}
