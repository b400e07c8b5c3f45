/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_JOIN_H
#define FIRSTBOOT_JOIN_H

/*
 * Registration with the master (docs/registration.md): one line by ssh, one line back.  What is
 * kept between two visits is in JOIN_DIR:
 *
 *   card, card-cert.pub   the key that mkimage gave the card; gone once the own key was used
 *   own, own.pub          the board's own key, made here
 *   request               id of the request that is not answered yet, for which key and board
 *   reply                 the last reply; where it is, the own key alone is used
 *   munge.key             what munge was given; munge.new while that is done
 *   known_hosts           the master, by the CA of the settings
 */

#include "reply_read.h"
#include "state.h"
#include "step.h"

#define JOIN_DIR STATE_DIR "/join"
#define JOIN_REPLY JOIN_DIR "/reply"

/* How a visit is made: the tests have a master, and times, of their own. */
struct join_how {
	unsigned patience_ms;	  /* for all tries of one run together */
	unsigned pause_ms;	  /* the longest pause after the first try; it doubles … */
	unsigned pause_most_ms;	  /* … up to this */
	unsigned dropped_ms;	  /* the longest after the first connection that was dropped, … */
	unsigned dropped_more_ms; /* … and after each of the others */
};

/* Where the settings want the board to register; false: nowhere. */
bool join_is_wanted(const struct ctx *ctx);
/*
 * Wait before the first visit of this process, so that a thousand boards come one after the other;
 * before later ones not at all.
 */
int join_wait_turn(const struct ctx *ctx, struct err *e) must_check;
/*
 * Register, again and again until the master accepted the own key or the patience is over.  1: this
 * changed something, 0: it was registered and is; *ret is the last reply.
 */
int join_run(const struct ctx *ctx, const struct join_how *how, struct reply *ret,
	     struct err *e) must_check;

/* ---- join_take.c ---- */

/* What of a reply was another thing than the board had. */
struct join_news {
	bool munge, name;
};
/*
 * Do as the reply says: munge, where it is installed, gets its key, and the board its name.  1:
 * there were news.  Nothing is done where there is no bus.
 */
int join_take(const struct ctx *ctx, const struct reply *r, struct join_news *ret,
	      struct err *e) must_check;

/*
 * Give munge the key of the last reply: what a package that came after the registration missed.  1:
 * it has a new one.  Nothing is done where there is no bus, no reply, or no munge.
 */
int join_take_kept(const struct ctx *ctx, struct err *e) must_check;

/* ---- join_ssh.c ---- */

/* A key in the root.  Shown as algorithm alone: beside a certificate ssh would try the bare key. */
struct join_key {
	const char *path, *algorithm;
};
/* Say the line to the master with that key; add what it says to answer. */
int join_ssh(const struct ctx *ctx, const struct join_key *key, const struct str *line,
	     struct str *answer, struct err *e) must_check;
/*
 * Of a failure of join_ssh: the connection was there, and was ended before the reply.  That is what a
 * master does that has too many.
 */
bool join_was_dropped(const struct err *why);
/* "USER@ADDRESS:PORT": the check of the setting `register`. */
int join_check_target(const char *value, struct err *e) must_check;

#endif
