/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_STORE_H
#define REGISTRY_STORE_H

/*
 * The registry: registry.db in a directory of the user that register runs as, as all is that root
 * makes there.  All that is written lies between store_begin and store_commit, and a commit is on
 * the disk when it returns.
 *
 * The file `changed` beside it is there from a change on until render has seen it; a path unit
 * watches it.
 */

#include <stdbool.h>

#include "err.h"
#include "record.h"
#include "str.h"

#define STORE_CHANGED "changed"
#define STORE_USER "cardstock" /* who register runs as */

struct store;

enum store_mode { STORE_READ, STORE_WRITE, STORE_CREATE };

/* STORE_CREATE makes directory (0700) and registry, and brings an older one up to date. */
int store_open(const char *dir, enum store_mode mode, struct store **ret, struct err *e) must_check;
void store_close(struct store *s);
static inline void store_cleanup(struct store **s)
{
	store_close(*s);
}
#define auto_store __attribute__((cleanup(store_cleanup))) struct store

/* A writer waits for others; what is read after it is what is changed. */
int store_begin(struct store *s, struct err *e) must_check;
/* Until the commit, everything is read as it is now. */
int store_begin_read(struct store *s, struct err *e) must_check;
int store_commit(struct store *s, struct err *e) must_check;
/* What was written since begin never was; closing does the same. */
int store_rollback(struct store *s, struct err *e) must_check;
/* Say that outputs may have to change; after the commit, before anybody hears of it. */
int store_announce(struct store *s, struct err *e) must_check;

/* ---- records (store_record.c): 1 found, 0 not, -1 ---- */

int store_by_id(struct store *s, long long id, struct record *ret, struct err *e) must_check;
enum store_column { BY_NAME, BY_PLAN_NAME, BY_ADDRESS };
int store_by_text(struct store *s, enum store_column column, const char *value, struct record *ret,
		  struct err *e) must_check;
int store_by_role(struct store *s, const char *role, long long number, struct record *ret,
		  struct err *e) must_check;
/* The record without a place that came with this key and claims that one's (0: none's). */
int store_newcomer(struct store *s, const char *key, long long claim, struct record *ret,
		   struct err *e) must_check;
/* The first node of the role, by number, that no board has and no pin reserves. */
int store_free_node(struct store *s, const char *role, struct record *ret,
		    struct err *e) must_check;
/*
 * Drop the records of copies of the node's card but that one; returns how many there were.  Who
 * came with a certificate newer than all that were used is none.
 */
int store_copies_drop(struct store *s, const struct record *node, long long but,
		      struct err *e) must_check;
/* How many boards wait for a place, and for none in particular. */
int store_count_pending(struct store *s, long long *ret, struct err *e) must_check;
/* How many nodes of the plan have no board yet, or one that did not come with its own key yet. */
int store_count_unsettled(struct store *s, long long *ret, struct err *e) must_check;
/* All of them: nodes by role and number, then those without a place. */
int store_list(struct store *s, struct records *ret, struct err *e) must_check;
/* Insert (id 0, which it sets) or replace, nics included. */
int store_save(struct store *s, struct record *r, struct err *e) must_check;
/* With its keys, and what claims its place. */
int store_delete(struct store *s, long long id, struct err *e) must_check;
/* All without a place that came with this key. */
int store_newcomers_drop(struct store *s, const char *key, struct err *e) must_check;

/* ---- keys (store_key.c) ---- */

enum key_state { KEY_CURRENT, KEY_NEXT, KEY_RETIRED, KEY_REVOKED, KEY_STATES };

struct key_row {
	long long record;
	enum key_state state;
};

int store_key(struct store *s, const char *key, struct key_row *ret, struct err *e) must_check;
int store_key_put(struct store *s, const char *key, long long record, enum key_state state,
		  struct err *e) must_check;
/*
 * All keys of the record that are in one state get another; returns how many.  Of the retired ones
 * the last KEYS_RETIRED_KEPT stay: the others are those of strangers.
 */
#define KEYS_RETIRED_KEPT 16
int store_keys_turn(struct store *s, long long record, enum key_state from, enum key_state to,
		    struct err *e) must_check;
/* From now on this key, whosever it was, is the record's only one. */
int store_key_take(struct store *s, long long record, const char *key, struct err *e) must_check;
/* The record's key in that state: 1 and *ret (owned), 0: there is none. */
int store_key_of(struct store *s, long long record, enum key_state state, char **ret,
		 struct err *e) must_check;
int store_key_drop(struct store *s, const char *key, struct err *e) must_check;

/*
 * The host keys of a node's cards that were decommissioned: for ever, because their certificates
 * are good for ever.
 */
int store_host_revoke(struct store *s, long long record, const char *host_key,
		      struct err *e) must_check;
/* 1: it was. */
int store_host_is_revoked(struct store *s, long long record, const char *host_key,
			  struct err *e) must_check;
struct revoked_host {
	long long record;
	char *host_key;
};
struct revoked_hosts {
	struct revoked_host *v;
	size_t n, cap;
};
/* All of them, in a fixed order. */
int store_revoked_hosts(struct store *s, struct revoked_hosts *ret, struct err *e) must_check;
void revoked_hosts_done(struct revoked_hosts *l);

/* ---- replies, rates, events, settings (store_more.c) ---- */

struct reply_row {
	char *request_id, *second_key /* NULL: none was announced */, *text;
};
void reply_row_done(struct reply_row *r);
#define auto_reply_row __attribute__((cleanup(reply_row_done))) struct reply_row

/* The last reply that the record was given. */
int store_reply(struct store *s, long long record, struct reply_row *ret, struct err *e) must_check;
int store_reply_put(struct store *s, long long record, const struct reply_row *row,
		    struct err *e) must_check;
/* Forget replies, of all with record 0: what they say is no longer so. */
int store_replies_drop(struct store *s, long long record, struct err *e) must_check;

/*
 * Count a request of this key, or whatever else is counted by; returns how many came in the minute
 * that runs.  The minute is of CLOCK_BOOTTIME, because a board's clock jumps; who was silent for
 * one is forgotten.
 */
int store_rate(struct store *s, const char *key, long long now, struct err *e) must_check;
/* The same without counting. */
int store_rate_peek(struct store *s, const char *key, long long now, struct err *e) must_check;
/* Boards that came with a card's certificate within the last seconds, ten at most, until now. */
struct store_arrivals {
	long long boards, seconds;
};
int store_arrivals(struct store *s, long long now, struct store_arrivals *ret,
		   struct err *e) must_check;

/* Something a person may ask about; the record's last EVENTS_KEPT stay. */
#define EVENTS_KEPT 20
int store_event(struct store *s, long long record, const char *word, const char *text,
		struct err *e) must_check;
struct event {
	long long at, record;
	char *word, *text;
};
struct events {
	struct event *v;
	size_t n, cap;
};
int store_events(struct store *s, long long record, struct events *ret, struct err *e) must_check;
void events_done(struct events *l);
#define auto_events __attribute__((cleanup(events_done))) struct events

/* Settings are lists of texts; one that is not there is empty. */
#define STORE_HOST_KEY "host-key" /* of the master; the others are named as in the plan */
int store_setting(struct store *s, const char *name, struct strv *ret, struct err *e) must_check;
int store_setting_put(struct store *s, const char *name, const struct strv *values,
		      struct err *e) must_check;
/* The first value; owned, NULL when there is none. */
int store_setting_text(struct store *s, const char *name, char **ret, struct err *e) must_check;
int store_setting_text_put(struct store *s, const char *name, const char *value,
			   struct err *e) must_check;

/* The number of the last change; each change that others may notice adds one. */
int store_generation(struct store *s, long long *ret, struct err *e) must_check;
int store_generation_next(struct store *s, struct err *e) must_check;

#endif
