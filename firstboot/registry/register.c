/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "mem.h"
#include "register.h"

#define TOO_MANY "too many requests; wait a minute"
#define NOT_YOURS "host_key: is the master's, or its CA's"

static void visit_done(struct visit *v)
{
	request_done(&v->request);
	record_done(&v->node);
	str_done(&v->reply);
}
#define auto_visit __attribute__((cleanup(visit_done))) struct visit

static long long seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec;
}

/*
 * Whose requests are counted together; owned.  A certificate's key is one that mkimage made.  Of
 * the others a board makes as many as it likes, so they are counted by their node: those that it
 * uses, and apart from them those of before, or a copy of its card could have it wait.  All join
 * cards have one key: *ret is NULL, for they are limited in number instead.
 */
static int find_counted(struct store *s, const struct auth *a, char **ret, struct err *e)
{
	struct key_row row;
	int known = a->kind == AUTH_KEY ? store_key(s, a->public, &row, e) : 0;
	if (known < 0)
		return -1;
	*ret = a->kind == AUTH_JOIN ? NULL
	       : !known		    ? xstrdup(a->public)
			: xasprintf("%s %lld", row.state == KEY_RETIRED ? "retired" : "node",
				    row.record);
	return 0;
}

/* 1: too many came. */
static int is_limited(struct store *s, const char *counted, struct err *e)
{
	int n = counted ? store_rate_peek(s, counted, seconds(CLOCK_BOOTTIME), e) : 0;
	return n < 0 ? -1 : n >= REGISTER_RATE;
}

static int count(struct store *s, const char *counted, struct err *e)
{
	return counted && store_rate(s, counted, seconds(CLOCK_BOOTTIME), e) < 0 ? -1 : 0;
}

/* A line that is no request costs its sender as much as one that is. */
static int refuse_line(struct store *s, const char *counted, const char *reason, struct str *reply,
		       struct err *e)
{
	reply_other(REPLY_REFUSED, NULL, reason, reply);
	if (store_begin(s, e) < 0 || count(s, counted, e) < 0)
		return -1;
	return store_commit(s, e);
}

static int is_setting(struct visit *v, const char *name, const char *value, struct err *e)
{
	autofree char *has = NULL;
	if (store_setting_text(v->store, name, &has, e) < 0)
		return -1;
	return has && strcmp(has, value) == 0;
}

/*
 * 1: the board names the CA's key, or the master's, as its own: with the board they would be
 * revoked.
 */
static int is_impostor(struct visit *v, struct err *e)
{
	const char *key = v->request.facts.host_key;
	int ca = is_setting(v, "host-ca", key, e);
	return ca ? ca : is_setting(v, STORE_HOST_KEY, key, e);
}

static int judge(struct visit *v, struct err *e)
{
	int impostor = is_impostor(v, e);
	if (impostor > 0)
		reply_other(REPLY_REFUSED, NULL, NOT_YOURS, &v->reply);
	if (impostor)
		return impostor < 0 ? -1 : 0;
	return v->auth->kind == AUTH_JOIN ? register_join(v, e) : register_node(v, e);
}

static int answer(struct visit *v, const char *counted, struct err *e)
{
	if (store_begin(v->store, e) < 0 || count(v->store, counted, e) < 0)
		return -1;
	if (judge(v, e) < 0 || store_commit(v->store, e) < 0)
		return -1;
	return v->changed ? store_announce(v->store, e) : 0;
}

int register_line(struct store *s, const struct auth *a, const struct str *line, struct str *reply,
		  struct err *e)
{
	auto_visit v = {.store = s,
			.auth = a,
			.now = seconds(CLOCK_REALTIME),
			.uptime = seconds(CLOCK_BOOTTIME),
			.reply = STR_SECRET};
	auto_err judged = ERR_INIT;
	autofree char *counted = NULL;
	int limited = find_counted(s, a, &counted, e) < 0 ? -1 : is_limited(s, counted, e);
	if (limited < 0)
		return -1;
	if (limited) {
		reply_other(REPLY_BUSY, NULL, TOO_MANY, reply);
		return 0;
	}
	if (request_parse(str_text(line), line->len, &v.request, &judged) < 0)
		return refuse_line(s, counted, judged.msg, reply, e);
	if (answer(&v, counted, e) < 0)
		return -1;
	autofree char *label = record_label(&v.node);
	if (v.alarm)
		syslog(LOG_ALERT, "%s: %s", label, v.alarm);
	str_add(reply, str_text(&v.reply), v.reply.len);
	return 0;
}
