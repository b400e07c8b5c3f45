/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "mem.h"
#include "register.h"
#include "secret.h"
#include "validate.h"

static int refuse_master(const struct change *c, struct err *e)
{
	if (!node_is_master(c->view, c->record))
		return 0;
	return err_set(e, ERR_FAILED, "'%s' is the master, where this registry is",
		       c->record->name);
}

static int say(struct change *c, const struct record *r, const char *word, struct err *e)
{
	autofree char *label = record_label(r);
	str_printf(c->said, "%s: %s\n", label, states[r->state].name);
	return store_event(c->store, r->id, word, "by hand", e);
}

/* ---- approve ---- */

static int no_place(const struct change *c, struct err *e)
{
	return err_set(
		e, ERR_FAILED,
		"no %s of the plan is free; plan more nodes, or say with --as which name the "
		"board gets",
		c->record->role);
}

/*
 * The place that the operator named has to be free, or be the one that the board claims.  That of a
 * decommissioned node, whose keys and cards stay worth nothing, is nobody's by itself.
 */
static int place_named(const struct change *c, struct record *ret, struct err *e)
{
	int there = store_by_text(c->store, BY_NAME, c->options->as, ret, e);
	if (there < 0)
		return -1;
	if (!there)
		return err_set(e, ERR_FAILED, "--as: no node is called '%s'", c->options->as);
	if (ret->state == STATE_PLANNED || ret->state == STATE_RETIRED ||
	    ret->id == c->record->claim)
		return 0;
	return err_set(e, ERR_FAILED,
		       "--as: '%s' is %s; a board gets the place of a node that is planned or "
		       "retired",
		       ret->name, states[ret->state].name);
}

static int find_place(const struct change *c, struct record *ret, struct err *e)
{
	const struct record *r = c->record;
	if (c->options->as)
		return place_named(c, ret, e);
	int there = r->claim ? store_by_id(c->store, r->claim, ret, e)
			     : newcomer_find_place(c->store, r, ret, e);
	if (there < 0)
		return -1;
	if (there && !record_is_node(ret))
		return err_set(
			e, ERR_FAILED,
			"its card is a copy of that of #%lld, which waits, too; approve that "
			"one, or say with --as which name this one gets",
			ret->id);
	if (there && (r->claim || ret->state == STATE_PLANNED))
		return 0;
	return there ? err_set(e, ERR_FAILED,
			       "the name that is pinned to it, '%s', has a board; say with --as "
			       "which name it gets",
			       ret->name)
		     : no_place(c, e);
}

static int approve_newcomer(struct change *c, struct record *newcomer, struct err *e)
{
	auto_record place = {0};
	autofree char *label = record_label(newcomer);
	if (find_place(c, &place, e) < 0 || newcomer_place(c->store, newcomer, &place, e) < 0)
		return -1;
	str_printf(c->said, "%s: %s is %s; the board hears of it when it asks again\n", label,
		   place.name, states[place.state].name);
	return 0;
}

/* The only board that claims the node's place: 1, 0 when none does. */
static int find_claim(struct change *c, struct record *ret, struct err *e)
{
	long long found = 0;
	for (size_t i = 0; i < c->view->all.n; i++) {
		const struct record *r = &c->view->all.v[i];
		if (r->claim != c->record->id)
			continue;
		if (found)
			return err_set(e, ERR_FAILED,
				       "both #%lld and #%lld want to be '%s'; approve one of them",
				       found, r->id, c->record->name);
		found = r->id;
	}
	return found ? store_by_id(c->store, found, ret, e) : 0;
}

/* Out of quarantine: ready, unless it still owes us the first use of its key. */
static int release(struct change *c, struct err *e)
{
	autofree char *next = NULL;
	int owes = store_key_of(c->store, c->record->id, KEY_NEXT, &next, e);
	if (owes < 0)
		return -1;
	c->record->state = owes ? STATE_REGISTERED : STATE_READY;
	return store_save(c->store, c->record, e) < 0 ? -1 : say(c, c->record, "approved", e);
}

int change_approve(struct change *c, struct err *e)
{
	auto_record newcomer = {0};
	if (!record_is_node(c->record))
		return approve_newcomer(c, c->record, e);
	if (c->record->state == STATE_QUARANTINED)
		return release(c, e);
	int there = find_claim(c, &newcomer, e);
	if (there > 0) {
		*c->record = (record_done(c->record), newcomer);
		newcomer = (struct record){0};
		return approve_newcomer(c, c->record, e);
	}
	return there < 0 ? -1
			 : err_set(e, ERR_FAILED, "'%s' is %s, and no board wants its place",
				   c->record->name, states[c->record->state].name);
}

/* ---- quarantine ---- */

int change_quarantine(struct change *c, struct err *e)
{
	struct record *r = c->record;
	bool newcomer = !record_is_node(r);
	if (refuse_master(c, e) < 0)
		return -1;
	if (!newcomer && !states[r->state].live)
		return err_set(e, ERR_FAILED, "'%s' is %s: there is no board to shut out", r->name,
			       states[r->state].name);
	r->state = STATE_QUARANTINED;
	if (store_save(c->store, r, e) < 0 || store_replies_drop(c->store, r->id, e) < 0)
		return -1;
	return say(c, r, "quarantined", e);
}

/* ---- decommission ---- */

#define NOT_REVOKED                                                                               \
	"What nodectl cannot take back, because the card holds it:\n"                             \
	"  - the passphrase of the WiFi, where the card has one: change it on the access point\n" \
	"  - private keys of users (cluster-ssh): make new ones with mkimage, and all cards\n"    \
	"  - files that were copied from the shares, and the hashes of passwords\n"               \
	"  - its host key, whose certificate is good for ever: this master does not take it any " \
	"more,\n    the other nodes and the administrator's machine do\n"

static int revoke_keys(struct change *c, struct err *e)
{
	static const enum key_state from[] = {KEY_CURRENT, KEY_NEXT, KEY_RETIRED};
	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		if (store_keys_turn(c->store, c->record->id, from[i], KEY_REVOKED, e) < 0)
			return -1;
	}
	return store_replies_drop(c->store, c->record->id, e);
}

static int drop_claims(struct change *c, struct err *e)
{
	for (size_t i = 0; i < c->view->all.n; i++) {
		const struct record *r = &c->view->all.v[i];
		if (r->claim == c->record->id && store_delete(c->store, r->id, e) < 0)
			return -1;
	}
	return 0;
}

static int rotate_munge(struct change *c, struct err *e)
{
	auto_str old = STR_SECRET;
	int there = secret_get(c->store, SECRET_MUNGE, &old, e);
	if (there > 0 && secret_rotate(c->store, SECRET_MUNGE, e) < 0)
		return -1;
	if (there > 0)
		str_puts(c->said, "munge has a new key: the other nodes get it when they register "
				  "again, at their next boot\n");
	return there < 0 ? -1 : 0;
}

/* Which of its cards are out there mkimage knows, and the person who asks. */
static int check_serial(const struct change *c, struct err *e)
{
	const struct record *r = c->record;
	if (r->state == STATE_RETIRED && c->options->serial <= r->revoked)
		return err_set(e, ERR_FAILED, "'%s' is decommissioned already", r->name);
	if (r->state != STATE_PLANNED || c->options->serial)
		return 0;
	return err_set(
		e, ERR_FAILED,
		"no card of '%s' ever came; say with --serial up to which they are worth "
		"nothing: 'ssh-keygen -L -f nodes/%s/card-cert.pub' in the cluster directory "
		"shows the serial of the last one",
		r->name, r->plan_name);
}

static long long last_serial(const struct change *c)
{
	const struct record *r = c->record;
	long long serial = r->issue > r->revoked ? r->issue : r->revoked + 1;
	return c->options->serial > serial ? c->options->serial : serial;
}

static int forget(struct change *c, struct err *e)
{
	autofree char *label = record_label(c->record);
	str_printf(c->said, "%s: forgotten; the board is a stranger when it comes again\n", label);
	return store_delete(c->store, c->record->id, e);
}

int change_decommission(struct change *c, struct err *e)
{
	struct record *r = c->record;
	if (!record_is_node(r))
		return forget(c, e);
	if (refuse_master(c, e) < 0 || check_serial(c, e) < 0)
		return -1;
	r->revoked = last_serial(c);
	r->state = STATE_RETIRED;
	if (r->facts.host_key && store_host_revoke(c->store, r->id, r->facts.host_key, e) < 0)
		return -1;
	if (revoke_keys(c, e) < 0 || drop_claims(c, e) < 0 || store_save(c->store, r, e) < 0 ||
	    say(c, r, "decommissioned", e) < 0 || rotate_munge(c, e) < 0)
		return -1;
	str_printf(c->said, "Cards of '%s' up to serial %lld are worth nothing any more.\n",
		   r->plan_name, r->revoked);
	str_puts(c->said, NOT_REVOKED);
	return 0;
}

/* ---- rename ---- */

static int check_free(struct change *c, enum store_column column, const char *name, struct err *e)
{
	auto_record other = {0};
	int there = store_by_text(c->store, column, name, &other, e);
	if (there < 0 || (there && other.id != c->record->id))
		return there < 0 ? -1
				 : err_set(e, ERR_FAILED, "'%s' is the name of %s %lld", name,
					   other.role, other.number);
	return 0;
}

int change_rename(struct change *c, struct err *e)
{
	struct record *r = c->record;
	const char *name = c->options->cli.operands.v[1];
	if (!record_is_node(r))
		return err_set(e, ERR_FAILED,
			       "a board without a place has no name; approve it --as "
			       "the one that you want");
	if (validate_node_name(name, e) < 0 || refuse_master(c, e) < 0 ||
	    check_free(c, BY_NAME, name, e) < 0 || check_free(c, BY_PLAN_NAME, name, e) < 0)
		return -1;
	str_printf(c->said, "%s is '%s' from its next boot on\n", r->name, name);
	autofree char *text = xasprintf("%s is %s", r->name, name);
	free(r->name);
	r->name = xstrdup(name);
	if (store_save(c->store, r, e) < 0 || store_replies_drop(c->store, r->id, e) < 0)
		return -1;
	return store_event(c->store, r->id, "renamed", text, e);
}
