/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boards without a place, and how they get one. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "register.h"

#define PIN_NAME 18 /* where the name begins in "dc:a6:32:01:02:03 worker007" */

/* What is kept of the visit. */
static void fill(struct visit *v, enum state state, long long claim, struct record *r)
{
	facts_done(&r->facts);
	r->facts = v->request.facts;
	v->request.facts = (struct facts){0};
	r->state = r->state == STATE_QUARANTINED ? r->state : state; /* a person's word stays */
	r->claim = claim;
	r->issue = v->auth->kind == AUTH_NODE ? v->auth->serial : 0;
	r->last_seen = v->now;
	free(r->role);
	r->role = xstrdup(claim ? v->node.role : v->auth->name);
}

int newcomer_keep(struct visit *v, enum state state, const char *key, long long claim,
		  struct record *ret, struct err *e)
{
	int there = store_newcomer(v->store, key, claim, ret, e);
	if (there < 0)
		return -1;
	bool other = !there || !facts_same_board(&ret->facts, &v->request.facts);
	bool same = there && facts_are_equal(&ret->facts, &v->request.facts);
	if (!there)
		*ret = (struct record){.key = xstrdup(key), .first_seen = v->now};
	fill(v, state, claim, ret);
	v->changed = !same;
	if (store_save(v->store, ret, e) < 0 || (!same && store_generation_next(v->store, e) < 0))
		return -1;
	return other;
}

/* The alarm is for the first; the record of the node tells of each. */
int newcomer_copy(struct visit *v, const char *key, struct err *e)
{
	auto_record copy = {0};
	int is_new = newcomer_keep(v, STATE_QUARANTINED, key, v->node.id, &copy, e);
	int others = is_new < 0 ? -1 : store_copies_drop(v->store, &v->node, copy.id, e);
	if (others < 0)
		return -1;
	if (!is_new)
		return 0;
	autofree char *label = record_label(&copy);
	v->alarm = others ? NULL : "a copied card was shut out";
	return store_event(v->store, v->node.id, "copy", label, e);
}

int newcomer_place(struct store *s, struct record *newcomer, struct record *node, struct err *e)
{
	autofree char *label = record_label(newcomer);
	if (store_key_take(s, node->id, newcomer->key, e) < 0 ||
	    store_newcomers_drop(s, newcomer->key, e) < 0 || store_replies_drop(s, node->id, e) < 0)
		return -1;
	facts_done(&node->facts);
	node->facts = newcomer->facts;
	newcomer->facts = (struct facts){0};
	if (node->state == STATE_RETIRED)
		node->issue = 0; /* of the cards that were revoked */
	node->state = STATE_REGISTERED;
	node->last_seen = newcomer->last_seen;
	if (!node->first_seen)
		node->first_seen = newcomer->first_seen;
	if (newcomer->issue > node->issue)
		node->issue = newcomer->issue;
	if (store_save(s, node, e) < 0 || store_event(s, node->id, "approved", label, e) < 0)
		return -1;
	return store_generation_next(s, e);
}

/* The name that the plan pins to one of the board's addresses; owned, NULL: none. */
static int find_pin(struct store *s, const struct facts *f, char **ret, struct err *e)
{
	auto_strv pins = {0};
	if (store_setting(s, "pin", &pins, e) < 0)
		return -1;
	*ret = NULL;
	strv_foreach (pin, &pins) {
		autofree char *mac = xstrndup(*pin, PIN_NAME - 1);
		if (!*ret && facts_has_mac(f, mac))
			*ret = xstrdup(*pin + PIN_NAME);
	}
	return 0;
}

int newcomer_find_place(struct store *s, const struct record *newcomer, struct record *ret,
			struct err *e)
{
	autofree char *pinned = NULL;
	if (find_pin(s, &newcomer->facts, &pinned, e) < 0)
		return -1;
	return pinned ? store_by_text(s, BY_PLAN_NAME, pinned, ret, e)
		      : store_free_node(s, newcomer->role, ret, e);
}
