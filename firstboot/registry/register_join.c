/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A board with a join card: it is known by the key that it announces, and gets nothing but a name
 * until it comes with that key.
 */
#include <limits.h>
#include <string.h>

#include "mem.h"
#include "register.h"
#include "window.h"

static int tell(struct visit *v, enum reply_result result, const char *name, const char *reason)
{
	reply_other(result, name, reason, &v->reply);
	return 0;
}

/*
 * 1: a card with a larger serial was used since, so that this one lets nobody new in.  Else it is
 * remembered as the newest.
 */
static int is_replaced(struct visit *v, struct err *e)
{
	autofree char *setting = xasprintf("join-serial %s", v->auth->name), *seen = NULL;
	long long newest = 0;
	if (store_setting_text(v->store, setting, &seen, e) < 0)
		return -1;
	if (seen && !parse_number(seen, 0, LLONG_MAX, &newest))
		return err_set(e, ERR_FAILED, "%s: '%s' is no number", setting, seen);
	if (v->auth->serial <= newest)
		return v->auth->serial < newest;
	autofree char *text = xasprintf("%lld", v->auth->serial);
	return store_setting_text_put(v->store, setting, text, e);
}

/* The key is one that v->node came with, in another board and on another card. */
static bool is_copy(const struct visit *v)
{
	const struct facts *known = &v->node.facts, *seen = &v->request.facts;
	return !facts_same_board(known, seen) && !facts_same_card(known, seen);
}

static int shut_out(struct visit *v, struct err *e)
{
	if (newcomer_copy(v, v->request.second_key, e) < 0)
		return -1;
	return tell(v, REPLY_QUARANTINED, NULL, NEWCOMER_COPY);
}

/* A board that has its place, but asks with the join card: our reply was lost. */
static int join_again(struct visit *v, const struct key_row *row, struct err *e)
{
	if (store_by_id(v->store, row->record, &v->node, e) < 0)
		return -1;
	if (row->state != KEY_CURRENT)
		return tell(v, REPLY_REFUSED, NULL, "second_key: is known already; make a new one");
	if (is_copy(v))
		return shut_out(v, e);
	return states[v->node.state].live
		       ? tell(v, REPLY_CONFIRM, v->node.name, "come with your own key")
		       : tell(v, REPLY_QUARANTINED, NULL, "this node is in quarantine");
}

/* 1: there is room for one more that waits. */
static int may_wait(struct visit *v, struct err *e)
{
	long long n;
	return store_count_pending(v->store, &n, e) < 0 ? -1 : n < REGISTER_PENDING;
}

static int wait_for(struct visit *v, bool there, const struct record *place)
{
	return tell(v, REPLY_PENDING, NULL,
		    !there ? "no name is free"
		    : place->state != STATE_PLANNED
			    ? "the name that is pinned to this board is taken"
			    : "a person has to approve this board");
}

static int join_new(struct visit *v, struct err *e)
{
	auto_record newcomer = {0}, place = {0};
	if (newcomer_keep(v, STATE_PENDING, v->request.second_key, 0, &newcomer, e) < 0)
		return -1;
	if (newcomer.state == STATE_QUARANTINED)
		return tell(v, REPLY_QUARANTINED, NULL, "this board is in quarantine");
	int there = newcomer_find_place(v->store, &newcomer, &place, e);
	bool is_free = there > 0 && place.state == STATE_PLANNED;
	int open = is_free ? window_take(v->store, v->auth->name, e) : 0;
	if (there < 0 || open < 0)
		return -1;
	if (!open)
		return wait_for(v, there, &place);
	if (newcomer_place(v->store, &newcomer, &place, e) < 0)
		return -1;
	v->changed = true;
	return tell(v, REPLY_CONFIRM, place.name, "come with your own key");
}

int register_join(struct visit *v, struct err *e)
{
	autofree char *role = NULL;
	struct key_row row;
	if (store_setting_text(v->store, "join", &role, e) < 0)
		return -1;
	if (!role || strcmp(role, v->auth->name) != 0)
		return tell(v, REPLY_REFUSED, NULL, "boards of this role may not join");
	if (!v->request.second_key)
		return tell(v, REPLY_REFUSED, NULL, "second_key: is missing");
	int known = store_key(v->store, v->request.second_key, &row, e);
	if (known)
		return known < 0 ? -1 : join_again(v, &row, e);
	int waits = store_newcomer(v->store, v->request.second_key, 0, &v->node, e);
	if (waits > 0 && is_copy(v))
		return shut_out(v, e);
	int replaced = waits < 0 ? -1 : is_replaced(v, e);
	if (replaced)
		return replaced < 0 ? -1
				    : tell(v, REPLY_REFUSED, NULL,
					   "this join card was replaced by a newer one");
	int may = waits ? waits : may_wait(v, e);
	if (may <= 0)
		return may < 0 ? -1 : tell(v, REPLY_BUSY, NULL, "too many boards are waiting");
	return join_new(v, e);
}
