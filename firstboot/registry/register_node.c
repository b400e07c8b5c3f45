/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board whose key or certificate is of one node alone. */
#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "identity.h"
#include "mem.h"
#include "register.h"

static int refuse(struct visit *v, enum reply_result result, const char *reason)
{
	reply_other(result, v->node.name, reason, &v->reply);
	return 0;
}

/*
 * A certificate that was not seen yet, or was forgotten, is worth what its serial is: each serial
 * is good for one key.
 */
static enum credential judge_serial(const struct record *node, long long serial)
{
	if (serial <= node->revoked)
		return CRED_REVOKED;
	return serial <= node->issue ? CRED_RETIRED : CRED_ISSUED;
}

/*
 * Find v->node and what the key is to it: 1, or 0 when the registry has no such node.  A
 * certificate outranks what somebody announced as his next key.
 */
static int resolve(struct visit *v, enum credential *ret, struct err *e)
{
	static const enum credential of_key[] = {
		[KEY_CURRENT] = CRED_CURRENT,
		[KEY_NEXT] = CRED_NEXT,
		[KEY_RETIRED] = CRED_RETIRED,
		[KEY_REVOKED] = CRED_REVOKED,
	};
	struct key_row row = {0};
	int known = store_key(v->store, v->auth->public, &row, e);
	if (known < 0)
		return -1;
	int there = v->auth->kind == AUTH_NODE
			    ? store_by_text(v->store, BY_PLAN_NAME, v->auth->name, &v->node, e)
		    : known ? store_by_id(v->store, row.record, &v->node, e)
			    : 0;
	if (there <= 0)
		return there;
	*ret = known && row.record == v->node.id ? of_key[row.state]
						 : judge_serial(&v->node, v->auth->serial);
	return 1;
}

/* 1: nobody else has the key that the board announces, which may be none. */
static int may_announce(const struct visit *v, struct err *e)
{
	const char *key = v->request.second_key;
	struct key_row row;
	int known = key ? store_key(v->store, key, &row, e) : 0;
	if (known <= 0)
		return known < 0 ? -1 : 1;
	return row.record == v->node.id && (row.state == KEY_NEXT || row.state == KEY_CURRENT);
}

/* The announced key is the next; one that was announced before and never used is none any more. */
static int announce(struct visit *v, struct err *e)
{
	const char *key = v->request.second_key;
	autofree char *before = NULL;
	struct key_row row;
	int known = key ? store_key(v->store, key, &row, e) : 1;
	if (known)
		return known < 0 ? -1 : 0;
	int there = store_key_of(v->store, v->node.id, KEY_NEXT, &before, e);
	if (there < 0 || (there && store_key_drop(v->store, before, e) < 0))
		return -1;
	return store_key_put(v->store, key, v->node.id, KEY_NEXT, e);
}

static bool is_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Write the node as the board says it is; word is for its log, NULL: nothing to tell. */
static int settle(struct visit *v, enum state state, const char *word, struct err *e)
{
	struct record *n = &v->node;
	bool same = !word && n->state == state && facts_are_equal(&n->facts, &v->request.facts);
	facts_done(&n->facts);
	n->facts = v->request.facts;
	v->request.facts = (struct facts){0};
	n->state = state;
	n->last_seen = v->now;
	if (!n->first_seen)
		n->first_seen = v->now;
	v->changed = v->changed || !same;
	if (store_save(v->store, n, e) < 0 || (!same && store_generation_next(v->store, e) < 0))
		return -1;
	if (!word)
		return 0;
	autofree char *text = xasprintf("board %s, card %s",
					n->facts.serial ? n->facts.serial : n->facts.nics[0].mac,
					n->facts.cid ? n->facts.cid : "without id");
	return store_event(v->store, n->id, word, text, e);
}

/* A new reply, kept so that it can be given again.  Who announced a key is to come with it. */
static int reply_anew(struct visit *v, struct err *e)
{
	long long pause = 0;
	if ((v->request.second_key && crowd_pause(v->store, v->uptime, &pause, e) < 0) ||
	    reply_accept(v->store, &v->node, pause, &v->reply, e) < 0)
		return -1;
	const struct reply_row row = {v->request.request_id, v->request.second_key, v->reply.data};
	return store_reply_put(v->store, v->node.id, &row, e);
}

static int accept_as(struct visit *v, enum state state, const char *word, struct err *e)
{
	auto_reply_row before = {0};
	int there = store_reply(v->store, v->node.id, &before, e);
	if (there < 0 || announce(v, e) < 0 || settle(v, state, word, e) < 0)
		return -1;
	if (!there || strcmp(before.request_id, v->request.request_id) != 0)
		return reply_anew(v, e);
	v->changed = true; /* we may have been killed before the change was announced */
	str_puts(&v->reply, before.text);
	return 0;
}

static int accept_new(struct visit *v, enum verdict verdict, struct err *e)
{
	if (v->auth->kind == AUTH_NODE && v->auth->serial > v->node.issue)
		v->node.issue = v->auth->serial;
	if (store_replies_drop(v->store, v->node.id, e) < 0 ||
	    store_key_take(v->store, v->node.id, v->auth->public, e) < 0)
		return -1;
	return accept_as(v, STATE_REGISTERED, verdict_name(verdict), e);
}

/* Back with its own key, and no other is announced: it has got our reply. */
static int accept_back(struct visit *v, enum verdict verdict, struct err *e)
{
	const char *announced = v->request.second_key;
	autofree char *next = NULL;
	int there = store_key_of(v->store, v->node.id, KEY_NEXT, &next, e);
	if (there < 0)
		return -1;
	bool settled = !there && (!announced || is_equal(announced, v->auth->public));
	enum state state = settled || v->node.state == STATE_STALE ? STATE_READY : v->node.state;
	return accept_as(v, state, verdict == VERDICT_REBOOT ? NULL : verdict_name(verdict), e);
}

/* The first use of the announced key ends the former one. */
static int promote(struct visit *v, struct err *e)
{
	if (store_keys_turn(v->store, v->node.id, KEY_CURRENT, KEY_RETIRED, e) < 0 ||
	    store_keys_turn(v->store, v->node.id, KEY_NEXT, KEY_CURRENT, e) < 0)
		return -1;
	return 0;
}

static int claim(struct visit *v, struct err *e)
{
	auto_record newcomer = {0};
	int is_new = newcomer_keep(v, STATE_PENDING, v->auth->public, v->node.id, &newcomer, e);
	autofree char *label = record_label(&newcomer);
	if (is_new < 0 || (is_new && store_event(v->store, v->node.id, verdict_name(VERDICT_CLAIM),
						 label, e) < 0))
		return -1;
	if (newcomer.state == STATE_QUARANTINED)
		return refuse(v, REPLY_QUARANTINED, "this board is in quarantine");
	return refuse(v, REPLY_PENDING, "another board has this name; a person decides");
}

static int shut_out(struct visit *v, struct err *e)
{
	if (newcomer_copy(v, v->auth->public, e) < 0)
		return -1;
	return refuse(v, REPLY_QUARANTINED, NEWCOMER_COPY);
}

/* What an accepted node may not ask for; NULL: nothing is wrong. */
static int find_fault(struct visit *v, const char **ret, struct err *e)
{
	auto_reply_row before = {0};
	int may = may_announce(v, e);
	int there = may < 0 ? -1 : store_reply(v->store, v->node.id, &before, e);
	int revoked = there < 0 ? -1
				: store_host_is_revoked(v->store, v->node.id,
							v->request.facts.host_key, e);
	if (revoked < 0)
		return -1;
	*ret = NULL;
	if (revoked)
		*ret = "host_key: was decommissioned with a card of this node; make the card anew "
		       "with 'mkimage --new-card'; a card of any board has only to be written "
		       "again";
	else if (!may)
		*ret = "second_key: is known already; make a new one";
	else if (there && strcmp(before.request_id, v->request.request_id) == 0 &&
		 !is_equal(before.second_key, v->request.second_key))
		*ret = "request_id: was used with another second_key; make a new one";
	return 0;
}

static int accept(struct visit *v, enum credential c, enum verdict verdict, struct err *e)
{
	const char *fault;
	if (find_fault(v, &fault, e) < 0)
		return -1;
	if (fault)
		return refuse(v, REPLY_REFUSED, fault);
	if (verdict == VERDICT_REGISTER || verdict == VERDICT_REFLASHED)
		return accept_new(v, verdict, e);
	if (c == CRED_NEXT && promote(v, e) < 0)
		return -1;
	return accept_back(v, verdict, e);
}

static int act(struct visit *v, enum credential c, enum verdict verdict, struct err *e)
{
	switch (verdict) {
	case VERDICT_REGISTER:
	case VERDICT_REFLASHED:
	case VERDICT_REBOOT:
	case VERDICT_MOVED:
	case VERDICT_NEW_CARD:
		return accept(v, c, verdict, e);
	case VERDICT_CLAIM:
		return claim(v, e);
	case VERDICT_COPY:
		return shut_out(v, e);
	case VERDICT_HELD:
		return refuse(v, REPLY_QUARANTINED, "this node is in quarantine");
	case VERDICT_REFUSE:
		break;
	}
	return refuse(v, REPLY_REFUSED, "this card was decommissioned");
}

/* The master is in the plan, but registers with nobody. */
static int is_master(const struct visit *v, struct err *e)
{
	autofree char *master = NULL;
	if (store_setting_text(v->store, "master", &master, e) < 0)
		return -1;
	return is_equal(master, v->node.plan_name);
}

int register_node(struct visit *v, struct err *e)
{
	enum credential credential;
	int there = resolve(v, &credential, e);
	int master = there > 0 ? is_master(v, e) : 0;
	if (there < 0 || master < 0)
		return -1;
	if (!there || master)
		return refuse(v, REPLY_REFUSED, "the master's plan has no such node");
	return act(v, credential, identity_judge(credential, &v->node, &v->request.facts), e);
}
