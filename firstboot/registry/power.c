/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "mem.h"
#include "pace.h"
#include "power.h"

#define TRY_MS 2000   /* long enough for a SYN that is sent a second time */
#define ROUND_MS 1000 /* from the start of a try to that of the next, at least */
#define SLOW_ROUND_MS 5000
#define AGAIN_MS 15000 /* until a node that may not have heard the order gets it again */
#define AWAY_TRIES 2

struct power {
	const struct power_order *order;
	struct power_node *nodes;
	size_t n;
	uint64_t began_ms, looked_ms, told_ms;
};

static void turn(const struct power *p, struct power_node *n, enum power_state state)
{
	n->state = state;
	p->order->say(p->order->ctx, n, (long long)(pace_now_ms() - p->began_ms) / 1000);
}

static void fail(const struct power *p, struct power_node *n, char *why)
{
	free(n->why);
	n->why = why;
	turn(p, n, POWER_FAILED);
}

/* ---- the order ---- */

/*
 * A node that goes may take the connection with it: ssh then says that it was closed, or hears
 * nothing any more.  What became of it is seen at its port.
 */
static bool may_have_taken(const struct fleet_task *t)
{
	return t->end == FLEET_TIMEOUT || (t->end == FLEET_UNREACHABLE &&
					   strstr(str_text(&t->messages), "closed by remote host"));
}

static void take_answer(void *ctx, const struct fleet_task *t)
{
	const struct power *p = ctx;
	struct power_node *n = p->nodes;
	while (n->name != t->name)
		n++;
	if (n->state == POWER_DONE)
		return; /* it went while it was told again */
	bool again = n->state == POWER_ORDERED;
	if (!fleet_task_ok(t) && !again && !(p->order->wait && may_have_taken(t))) {
		fail(p, n, fleet_task_reason(t));
		return;
	}
	free(n->why);
	n->why = fleet_task_ok(t) ? NULL : fleet_task_reason(t);
	if (!again)
		turn(p, n, POWER_ORDERED);
}

/* It was not told yet, or nobody knows whether it heard, and its sshd is there as before. */
static bool is_untold(const struct power_node *n)
{
	return n->state == POWER_WAITS ||
	       (n->state == POWER_ORDERED && n->why && !n->away && n->target.answer == REACH_OPEN);
}

/* ---- what became of it ---- */

static bool is_off(struct power_node *n)
{
	n->silent = n->target.answer == REACH_SILENT ? n->silent + 1 : 0;
	return n->silent >= POWER_TRIES;
}

static bool is_back(struct power_node *n)
{
	n->silent = n->target.answer == REACH_SILENT ? n->silent + 1 : 0;
	n->away |= n->target.answer == REACH_REFUSED || n->silent >= AWAY_TRIES;
	return n->away && n->target.answer == REACH_OPEN;
}

/* Ask all that are waited for once; returns how many still are. */
static int look(struct power *p, struct err *e)
{
	autofree struct reach_target *targets = xcalloc(p->n + 1, sizeof(*targets));
	size_t n = 0;
	int left = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (p->nodes[i].state == POWER_ORDERED)
			targets[n++] = p->nodes[i].target;
	}
	if (reach_all(targets, n, p->order->port, TRY_MS, e) < 0)
		return -1;
	n = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct power_node *node = &p->nodes[i];
		if (node->state != POWER_ORDERED)
			continue;
		node->target.answer = targets[n++].answer;
		if (p->order->back ? is_back(node) : is_off(node))
			turn(p, node, POWER_DONE);
		else
			left++;
	}
	return left;
}

static char *why_not(const struct power_order *o, const struct power_node *n)
{
	static const char *const answers[] = {
		[REACH_SILENT] = "does not answer",
		[REACH_OPEN] = "still answers",
		[REACH_REFUSED] = "still runs, without sshd",
		[REACH_NO_NETWORK] = "this machine has no way to it",
	};
	const char *said = o->back && n->away && n->target.answer == REACH_REFUSED
				   ? "is up again, without sshd"
				   : answers[n->target.answer];
	return xasprintf("%s after %lld s%s%s%s", said, o->seconds, n->why ? " (the order: " : "",
			 n->why ? n->why : "", n->why ? ")" : "");
}

/* A node that was told first may be back before the last one was told. */
static int look_meanwhile(void *ctx, struct err *e)
{
	struct power *p = ctx;
	if (pace_now_ms() - p->looked_ms < ROUND_MS)
		return 0;
	int left = look(p, e);
	p->looked_ms = pace_now_ms();
	return left < 0 ? -1 : 0;
}

/* Each ssh may take so long. */
static int give_order(struct power *p, unsigned seconds, struct err *e)
{
	const char *words[] = {p->order->word, NULL};
	const struct fleet_order order = {
		.words = words,
		.user = FLEET_USER,
		.options = FLEET_USER_OPTIONS,
		.seconds = seconds,
		.done = take_answer,
		.meanwhile = p->order->wait ? look_meanwhile : NULL,
		.ctx = p,
	};
	autofree struct fleet_task *tasks = xcalloc(p->n + 1, sizeof(*tasks));
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!is_untold(&p->nodes[i]))
			continue;
		if (p->nodes[i].known || !p->order->wait)
			tasks[n++] = (struct fleet_task){.name = p->nodes[i].name,
							 .host = p->nodes[i].name};
		else
			fail(p, &p->nodes[i], xstrdup("nobody knows its address"));
	}
	if (!n)
		return 0;
	int r = fleet_run(tasks, n, &order, e);
	p->told_ms = pace_now_ms();
	for (size_t i = 0; i < n; i++)
		fleet_task_done(&tasks[i]);
	return r;
}

/* What is left until end, for as many turns of ssh as the nodes take that are told again. */
static int repeat_order(struct power *p, uint64_t end, struct err *e)
{
	uint64_t now = pace_now_ms(), left = now < end ? end - now : 0;
	size_t untold = 0;
	for (size_t i = 0; i < p->n; i++)
		untold += is_untold(&p->nodes[i]);
	uint64_t seconds = left / 1000 / (untold / FLEET_JOBS + 1);
	if (now - p->told_ms < AGAIN_MS || !seconds)
		return 0;
	return give_order(
		p, seconds < POWER_ORDER_SECONDS ? (unsigned)seconds : POWER_ORDER_SECONDS, e);
}

/* A look has sshd begin a session, which is much for a small board that is busy with its end. */
static uint64_t round_ms(const struct power *p, uint64_t now)
{
	uint64_t slower = ROUND_MS + (now - p->told_ms) / 16;
	return slower < SLOW_ROUND_MS ? slower : SLOW_ROUND_MS;
}

static int wait_for_all(struct power *p, struct err *e)
{
	const uint64_t end = pace_now_ms() + (uint64_t)p->order->seconds * 1000;
	for (;;) {
		uint64_t began = pace_now_ms();
		int left = look(p, e);
		uint64_t now = pace_now_ms(), next = began + round_ms(p, now);
		if (left <= 0)
			return left;
		if (now >= end)
			break;
		if (now < next && pace_wait_ms((unsigned)(next - now), e) < 0)
			return -1;
		if (repeat_order(p, end, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (p->nodes[i].state == POWER_ORDERED)
			fail(p, &p->nodes[i], why_not(p->order, &p->nodes[i]));
	}
	return 0;
}

int power_run(struct power_node *nodes, size_t n, const struct power_order *o, struct err *e)
{
	struct power p = {o, nodes, n, pace_now_ms(), pace_now_ms(), 0};
	int failed = 0;
	if (give_order(&p, POWER_ORDER_SECONDS, e) < 0 || (o->wait && wait_for_all(&p, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++)
		failed += nodes[i].state == POWER_FAILED;
	return failed;
}

void power_node_done(struct power_node *n)
{
	free(n->why);
	*n = (struct power_node){0};
}
