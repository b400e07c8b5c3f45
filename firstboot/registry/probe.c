/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "probe.h"

/* Settings of the registry: "ID MISSES" of nodes that are ready, and the probes that reached
 * nobody. */
#define MISSES "probe-misses"
#define SILENCE "probe-silence"

/* ---- ask ---- */

void probe_list(const struct view *v, struct probe *ret)
{
	ret->v = xcalloc(v->all.n + 1, sizeof(*ret->v));
	view_foreach(r, v, node_is_live)
	{
		autofree char *ip = record_ip(r);
		struct probe_node node = {.id = r->id, .name = r->name, .state = r->state};
		if (r->state != STATE_REGISTERED && ip &&
		    inet_pton(AF_INET, ip, &node.target.address) == 1)
			ret->v[ret->n++] = node;
	}
}

void probe_done(struct probe *p)
{
	free(p->v);
	*p = (struct probe){0};
}

int probe_ask(struct probe *p, int port, struct err *e)
{
	autofree struct reach_target *targets = xcalloc(p->n + 1, sizeof(*targets));
	for (size_t i = 0; i < p->n; i++)
		targets[i] = p->v[i].target;
	if (reach_all(targets, p->n, port, PROBE_MS, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		p->v[i].target = targets[i];
	return 0;
}

/* A node without sshd is of no use to anybody. */
static bool is_reached(const struct probe_node *n)
{
	return n->target.answer == REACH_OPEN;
}

/*
 * Nobody is there who should be.  A refusal came over the network, too; and that all were switched
 * off is no news.
 */
static bool is_silent(const struct probe *p, bool before)
{
	bool expected = before;
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].target.answer == REACH_OPEN || p->v[i].target.answer == REACH_REFUSED)
			return false;
		expected |= p->v[i].state == STATE_READY;
	}
	return expected && p->n;
}

/* ---- what is remembered ---- */

int probe_silence(struct store *s, long long *ret, struct err *e)
{
	autofree char *text = NULL;
	long long n = 0;
	if (store_setting_text(s, SILENCE, &text, e) < 0)
		return -1;
	if (text && !parse_number(text, 0, PROBE_SILENCES, &n))
		return err_set(e, ERR_IMAGE, "registry: its " SILENCE " is '%s'", text);
	*ret = n;
	return 0;
}

/* How often in a row the node was missed before. */
static long long misses_of(const struct strv *before, long long id)
{
	strv_foreach (row, before) {
		auto_strv words = {0};
		long long number, misses;
		strv_split(&words, *row, " ");
		if (words.n == 2 && parse_number(words.v[0], 1, LLONG_MAX, &number) &&
		    parse_number(words.v[1], 1, PROBE_MISSES, &misses) && number == id)
			return misses;
	}
	return 0;
}

struct memory {
	struct strv misses;
	long long silence;
};

static void memory_done(struct memory *m)
{
	strv_done(&m->misses);
}
#define auto_memory __attribute__((cleanup(memory_done))) struct memory

static int memory_read(struct store *s, struct memory *ret, struct err *e)
{
	if (store_setting(s, MISSES, &ret->misses, e) < 0)
		return -1;
	return probe_silence(s, &ret->silence, e);
}

static int memory_write(struct store *s, const struct memory *m, struct err *e)
{
	autofree char *silence = m->silence ? xasprintf("%lld", m->silence) : NULL;
	if (store_setting_put(s, MISSES, &m->misses, e) < 0)
		return -1;
	return store_setting_text_put(s, SILENCE, silence, e);
}

static bool is_same(const struct memory *a, const struct memory *b)
{
	autofree char *one = strv_join(&a->misses, ","), *other = strv_join(&b->misses, ",");
	return a->silence == b->silence && strcmp(one, other) == 0;
}

/* ---- what follows ---- */

/* The state that a node has after this probe; what is remembered of it goes to *now. */
static enum state judge(const struct probe_node *n, const struct memory *before, struct memory *now)
{
	if (is_reached(n))
		return STATE_READY;
	if (n->state == STATE_STALE)
		return STATE_STALE;
	bool silence = now->silence > 0;
	long long misses = misses_of(&before->misses, n->id) + !silence;
	if (misses >= PROBE_MISSES || now->silence >= PROBE_SILENCES)
		return STATE_STALE;
	if (misses)
		strv_printf(&now->misses, "%lld %lld", n->id, misses);
	return STATE_READY;
}

/* Returns 1 when it has another state now; 0 when somebody else was faster. */
static int turn(struct store *s, long long id, enum state from, enum state to, const char *why,
		struct err *e)
{
	auto_record r = {0};
	int there = store_by_id(s, id, &r, e);
	if (there <= 0 || r.state != from)
		return there < 0 ? -1 : 0;
	r.state = to;
	if (store_save(s, &r, e) < 0 || store_event(s, id, states[to].name, why, e) < 0)
		return -1;
	return 1;
}

static int judge_all(struct store *s, const struct probe *p, const struct memory *before,
		     struct memory *now, bool *turned, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct probe_node *n = &p->v[i];
		enum state state = judge(n, before, now);
		if (state == n->state)
			continue;
		int r = turn(s, n->id, n->state, state,
			     state == STATE_READY ? "is reached again" : "is not reached", e);
		if (r < 0)
			return -1;
		turned[i] = r > 0;
	}
	return 0;
}

/*
 * Nobody comes again for what was changed here, so it is announced before the commit, too: who is
 * killed between the two has said it, and render waits a moment before it reads.
 */
static int finish(struct store *s, bool changed, struct err *e)
{
	if (changed && (store_generation_next(s, e) < 0 || store_announce(s, e) < 0))
		return -1;
	if (store_commit(s, e) < 0)
		return -1;
	return changed ? store_announce(s, e) : 0;
}

/* Is there anything to write?  turned[] has who has another state. */
static int take(struct store *s, const struct probe *p, bool *turned, struct err *e)
{
	auto_memory before = {0}, now = {0};
	bool changed = false;
	if (store_begin(s, e) < 0 || memory_read(s, &before, e) < 0)
		return -1;
	now.silence = !is_silent(p, before.silence > 0) ? 0
		      : before.silence < PROBE_SILENCES ? before.silence + 1
							: PROBE_SILENCES;
	if (judge_all(s, p, &before, &now, turned, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		changed |= turned[i];
	if (!is_same(&before, &now) && memory_write(s, &now, e) < 0)
		return -1;
	return finish(s, changed, e);
}

int probe_take(struct store *s, const struct probe *p, probe_fn *say, void *ctx, struct err *e)
{
	autofree bool *turned = xcalloc(p->n + 1, sizeof(*turned));
	if (take(s, p, turned, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (turned[i])
			say(ctx, p->v[i].name,
			    p->v[i].state == STATE_READY ? STATE_STALE : STATE_READY);
	}
	return 0;
}

int probe_take_power(struct store *s, const char *const *names, size_t n, bool back, struct err *e)
{
	enum state from = back ? STATE_STALE : STATE_READY, to = back ? STATE_READY : STATE_STALE;
	const char *why = back ? "is back" : "was switched off";
	bool changed = false;
	if (store_begin(s, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		auto_record r = {0};
		int there = store_by_text(s, BY_NAME, names[i], &r, e);
		if (there > 0)
			there = turn(s, r.id, from, to, why, e);
		if (there < 0)
			return -1;
		changed |= there > 0;
	}
	return finish(s, changed, e);
}
