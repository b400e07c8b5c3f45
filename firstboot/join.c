/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "join.h"

#include <string.h>
#include <sys/random.h>

#include "board.h"
#include "crc32.h"
#include "interrupt.h"
#include "join_facts.h"
#include "keygen.h"
#include "log.h"
#include "mem.h"
#include "pace.h"
#include "protocol/request.h"
#include "rootfs.h"
#include "settings.h"
#include "sshkey.h"

#define CARD JOIN_DIR "/card"
#define CARD_CERT CARD "-cert.pub"
#define OWN_NAME "own"
#define OWN JOIN_DIR "/" OWN_NAME
#define REQUEST JOIN_DIR "/request"
#define FILE_MAX 65536
#define ID_BYTES 16

bool join_is_wanted(const struct ctx *ctx)
{
	const struct settings *s = ctx->settings;
	return s->register_at && s->register_name && s->host_ca;
}

static unsigned first_delay_ms(const struct ctx *ctx)
{
	const char *spread = ctx->settings->spread, *id = ctx->board ? ctx->board->id : NULL;
	long long seconds;
	if (!spread || !id || !parse_number(spread, 0, JOIN_SPREAD_MAX, &seconds) || !seconds)
		return 0;
	return crc32_of(id, strlen(id)) % (unsigned)(seconds * 1000);
}

/* By steps, because a signal may come between two of them. */
static int wait_ms(unsigned left, struct err *e)
{
	for (; left > 1000; left -= 1000) {
		if (pace_wait_ms(1000, e) < 0)
			return -1;
	}
	return pace_wait_ms(left, e);
}

int join_wait_turn(const struct ctx *ctx, struct err *e)
{
	return ctx->retrying ? 0 : wait_ms(first_delay_ms(ctx), e);
}

/* ---- keys ---- */

/* A request that announced another key is another request. */
static int ensure_own(const struct ctx *ctx, struct err *e)
{
	int there = root_exists(ctx, OWN, e);
	if (there)
		return there < 0 ? -1 : 0;
	if (root_remove(ctx, REQUEST, e) < 0)
		return -1;
	return keygen_make(ctx, &(struct keygen){JOIN_DIR, OWN_NAME, "ed25519", "cardstock"}, e);
}

/* 1: the own key, because a reply that answered it is safe; 0: the card's. */
static int uses_own(const struct ctx *ctx, struct err *e)
{
	int replied = root_exists(ctx, JOIN_REPLY, e);
	if (replied)
		return replied;
	int card = root_exists(ctx, CARD, e);
	if (card > 0)
		return 0;
	if (card == 0)
		err_set(e, ERR_FAILED,
			"%s" CARD ": there is no key to register with; make the card anew with "
			"'mkimage --new-card'",
			ctx->root);
	return -1;
}

static int read_public(const struct ctx *ctx, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	int there = root_read(ctx, OWN ".pub", FILE_MAX, &text, e);
	if (there > 0)
		*ret = sshkey_plain(str_text(&text));
	if (there == 0)
		return err_set(e, ERR_FAILED, "%s" OWN ".pub: is gone; remove '" OWN "' too",
			       ctx->root);
	return there < 0 ? -1 : 0;
}

/* ---- the request's id: the same until the reply is safe ---- */

/* What belongs to one request: for another key or another board it is another one. */
static char *purpose(const struct ctx *ctx, bool own)
{
	const char *board = ctx->board && ctx->board->id ? ctx->board->id : "-";
	return xasprintf(" %s %s\n", own ? "own" : "card", board);
}

static int new_id(const struct ctx *ctx, const char *rest, char **ret, struct err *e)
{
	uint8_t bytes[ID_BYTES];
	auto_str id = STR_INIT, text = STR_INIT;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(e, ERR_FAILED, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		str_printf(&id, "%02x", bytes[i]);
	str_printf(&text, "%s%s", str_text(&id), rest);
	if (root_replace(ctx, REQUEST, text.data, text.len, 0600, e) < 0)
		return -1;
	*ret = str_steal(&id);
	return 0;
}

static int request_id(const struct ctx *ctx, bool own, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *rest = purpose(ctx, own);
	if (root_read(ctx, REQUEST, FILE_MAX, &text, e) < 0)
		return -1;
	size_t digits = strspn(str_text(&text), "0123456789abcdef");
	if (digits != 2 * (size_t)ID_BYTES || strcmp(str_text(&text) + digits, rest) != 0)
		return new_id(ctx, rest, ret, e);
	*ret = xstrndup(str_text(&text), digits);
	return 0;
}

/* ---- one visit ---- */

static int make_line(const struct ctx *ctx, bool own, struct str *out, struct err *e)
{
	auto_request r = {.version = REQUEST_VERSION};
	if (join_facts(ctx, &r.facts, e) < 0 || (!own && read_public(ctx, &r.second_key, e) < 0) ||
	    request_id(ctx, own, &r.request_id, e) < 0)
		return -1;
	request_format(&r, out);
	return 0;
}

/*
 * The reply first: from then on the own key is used.  The card's is worth nothing once the master
 * has seen the own one.
 */
static int keep(const struct ctx *ctx, bool own, const struct str *answer, struct err *e)
{
	if (root_replace(ctx, JOIN_REPLY, answer->data, answer->len, 0600, e) < 0 ||
	    root_remove(ctx, REQUEST, e) < 0)
		return -1;
	if (!own)
		return 1;
	int cert = root_remove(ctx, CARD_CERT, e);
	return cert < 0 || root_remove(ctx, CARD, e) < 0 ? -1 : 0;
}

static int refused(const struct reply *r, struct err *e)
{
	bool person = strcmp(r->result, "pending") == 0 || strcmp(r->result, "quarantined") == 0;
	return err_set(
		e, ERR_FAILED, "the master says %s: %s%s", r->result,
		r->reason ? r->reason : "without a reason",
		person ? "; 'nodectl status' there shows this board, 'nodectl approve' lets it in"
		       : "");
}

/* Is it about what this board made itself, and may make anew? */
static bool blames_own(const struct reply *r)
{
	return strcmp(r->result, "refused") == 0 && r->reason &&
	       (str_starts(r->reason, "second_key:") || str_starts(r->reason, "request_id:"));
}

/* While the card's key is in use, nobody has the own one yet; another has another request, too. */
static int heed(const struct ctx *ctx, bool own, const struct reply *r, struct err *e)
{
	if (!own && blames_own(r) && root_remove(ctx, OWN, e) < 0)
		return -1;
	return refused(r, e);
}

/* 0: registered with the own key; 1: come again, with that. */
static int visit(const struct ctx *ctx, struct reply *ret, struct err *e)
{
	static const struct join_key card = {CARD, SSHKEY_ED25519_CERT},
				     second = {OWN, SSHKEY_ED25519};
	auto_str line = STR_INIT, answer = STR_SECRET;
	auto_reply r = {.munge = STR_SECRET};
	if (root_mkdir(ctx, JOIN_DIR, e) < 0 || ensure_own(ctx, e) < 0)
		return -1;
	int own = uses_own(ctx, e);
	if (own < 0 || make_line(ctx, own, &line, e) < 0 ||
	    join_ssh(ctx, own ? &second : &card, &line, &answer, e) < 0 ||
	    reply_read(str_text(&answer), answer.len, &r, e) < 0)
		return -1;
	if (r.answer == ANSWER_WAIT)
		return heed(ctx, own, &r, e);
	int again = keep(ctx, own, &answer, e);
	reply_done(ret);
	*ret = r;
	r = (struct reply){.munge = STR_SECRET};
	return again;
}

/* ---- again and again ---- */

static int random_below(unsigned most, unsigned *ret, struct err *e)
{
	uint32_t n;
	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return err_errno(e, ERR_FAILED, "no random numbers");
	*ret = n % (most + 1);
	return 0;
}

/* A random part of the pause. */
static int rest(unsigned most, struct err *e)
{
	unsigned left;
	return random_below(most, &left, e) < 0 ? -1 : wait_ms(left, e);
}

/* The longest pauses after a failure: an absent master's grow, a busy one's do not. */
struct pauses {
	unsigned absent, dropped;
};

static unsigned next_pause(struct pauses *p, const struct join_how *how, const struct err *why)
{
	unsigned pause;
	if (join_was_dropped(why)) {
		pause = p->dropped;
		p->dropped = how->dropped_more_ms;
	} else {
		pause = p->absent;
		p->absent = pause * 2 < how->pause_most_ms ? pause * 2 : how->pause_most_ms;
	}
	return pause;
}

/* Where many come at once, the master says when; the boards without a name are first. */
static int wait_as_told(const struct reply *r, struct err *e)
{
	unsigned ms = r->pause_s * 1000, more = 0;
	return ms && random_below(ms / 8, &more, e) < 0 ? -1 : wait_ms(ms + more, e);
}

/* Visits until the own key is accepted: 0, or -1.  *first: the card was used. */
static int visit_all(const struct ctx *ctx, struct reply *ret, bool *first, struct err *e)
{
	int r = visit(ctx, ret, e);
	for (int i = 0; r > 0 && i < 2; i++) {
		*first = true;
		if (wait_as_told(ret, e) < 0)
			return -1;
		r = visit(ctx, ret, e);
	}
	return r <= 0 ? r : err_set(e, ERR_FAILED, "the own key is not used");
}

int join_run(const struct ctx *ctx, const struct join_how *how, struct reply *ret, struct err *e)
{
	uint64_t began = pace_now_ms();
	struct pauses pauses = {how->pause_ms, how->dropped_ms};
	bool first = false; /* the card was used */
	for (;;) {
		auto_err why = ERR_INIT;
		bool had_card = !first;
		if (visit_all(ctx, ret, &first, &why) == 0)
			return first;
		if (first && had_card) /* what the master had it wait for is no try */
			began = pace_now_ms();
		if (interrupt_check(e) < 0)
			return -1;
		log_debug("%s", why.msg);
		if (pace_now_ms() - began >= how->patience_ms)
			return err_set(e, ERR_FAILED, "%s", why.msg);
		if (rest(next_pause(&pauses, how, &why), e) < 0)
			return -1;
	}
}
