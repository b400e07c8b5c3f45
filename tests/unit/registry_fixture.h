/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_REGISTRY_FIXTURE_H
#define TESTS_UNIT_REGISTRY_FIXTURE_H

/* A registry of a master and three planned workers in the work directory, and boards that register.
 */

#include "../assert_err.h"
#include "base64.h"
#include "io.h"
#include "registry/import.h"
#include "registry/register.h"
#include "workdir.h"

#define PLAN                                         \
	"version = 1\n"                              \
	"cluster = beowulf\n"                        \
	"master = master\n"                          \
	"join = worker\n"                            \
	"ntp = master\n"                             \
	"mount = master:/srv/cluster /srv/cluster\n" \
	"node = master 1 master 10.0.0.1/24\n"       \
	"node = worker 1 worker001 10.0.0.11/24\n"   \
	"node = worker 2 worker002 10.0.0.12/24\n"   \
	"node = worker 3 worker003 10.0.0.13/24\n"

static inline int try_import(struct store *s, const char *text, struct err *e)
{
	auto_roster p = {0};
	if (roster_parse(text, strlen(text), "nodectl.conf", &p, e) < 0 || store_begin(s, e) < 0)
		return -1;
	int changed = plan_import(s, &p, e);
	if (changed < 0) {
		auto_err ignored = ERR_INIT;
		if (store_rollback(s, &ignored) < 0)
			abort();
		return -1;
	}
	return store_commit(s, e) < 0 ? -1 : changed;
}

static inline struct store *open_registry(const char *plan)
{
	auto_err e = ERR_INIT;
	struct store *s = NULL;
	assert_ok(store_open("registry", STORE_CREATE, &s, &e), &e);
	assert_ok(try_import(s, plan, &e), &e);
	return s;
}

/* The public key whose bytes are all this one; borrowed until the eighth call from now. */
static inline const char *key_of(uint8_t byte)
{
	static char texts[8][128];
	static unsigned next;
	uint8_t blob[51] = "\0\0\0\x0bssh-ed25519\0\0\0\x20";
	memset(blob + 19, byte, 32);
	auto_str text = STR_INIT;
	base64_encode(&text, blob, sizeof(blob));
	char *slot = texts[next++ % 8];
	snprintf(slot, sizeof(texts[0]), "ssh-ed25519 %s", str_text(&text));
	return slot;
}

/* A board and what it says; numbers below 256. */
struct board {
	int serial, mac, cid; /* 0: it has none, but a MAC it has */
	int id;		      /* of the request */
	int second;	      /* its second key; 0: none */
	int host;	      /* its host key; 0: made of the serial */
};

static inline char *line_of(const struct board *b)
{
	auto_str out = STR_INIT;
	str_printf(&out, "{\"version\":1,\"request_id\":\"%032x\",\"cpus\":4,\"memory\":900",
		   b->id);
	if (b->serial)
		str_printf(&out, ",\"board\":{\"model\":\"Raspberry Pi 4\",\"serial\":\"%d\"}",
			   b->serial);
	if (b->cid)
		str_printf(&out, ",\"cid\":\"%032x\"", b->cid);
	if (b->second)
		str_printf(&out, ",\"second_key\":\"%s\"", key_of((uint8_t)b->second));
	str_printf(&out, ",\"nics\":[{\"name\":\"eth0\",\"mac\":\"dc:a6:32:00:00:%02x\"}]", b->mac);
	str_printf(&out, ",\"host_key\":\"%s\"}",
		   key_of((uint8_t)(b->host ? b->host : 0x80 + b->serial)));
	return str_steal(&out);
}

/* How sshd knows it. */
static inline struct auth with_key(int byte)
{
	return (struct auth){.kind = AUTH_KEY, .public = xstrdup(key_of((uint8_t)byte))};
}

static inline struct auth with_card(const char *node, int byte, long long serial)
{
	return (struct auth){AUTH_NODE, xstrdup(key_of((uint8_t)byte)), xstrdup(node), serial};
}

static inline struct auth with_join_card(const char *role)
{
	return (struct auth){AUTH_JOIN, xstrdup(key_of(0x7f)), xstrdup(role), 1};
}

/* What the board is told; owned.  a is released. */
static inline char *visit(struct store *s, struct auth a, const struct board *b)
{
	auto_err e = ERR_INIT;
	auto_auth used = a;
	auto_str line = STR_INIT, reply = STR_INIT;
	autofree char *text = line_of(b);
	str_puts(&line, text);
	assert_ok(register_line(s, &used, &line, &reply, &e), &e);
	return str_steal(&reply);
}

/* The reply has this result and this text. */
static inline void assert_told(struct store *s, struct auth a, const struct board *b,
			       const char *result, const char *fragment)
{
	autofree char *reply = visit(s, a, b);
	autofree char *wanted = xasprintf("{\"version\":1,\"result\":\"%s\"", result);
	if (!str_starts(reply, wanted) || !strstr(reply, fragment))
		fail_msg("not %s with '%s': %s", result, fragment, reply);
}

static inline void assert_node(struct store *s, const char *name, enum state state, int serial)
{
	auto_err e = ERR_INIT;
	auto_record r = {0};
	autofree char *wanted = xasprintf("%d", serial);
	assert_int_equal(store_by_text(s, BY_NAME, name, &r, &e), 1);
	assert_string_equal(states[r.state].name, states[state].name);
	assert_string_equal(r.facts.serial ? r.facts.serial : "0", wanted);
}

/* Keys are bytes: 1, 2, 3 on the cards, 0x11 and on what boards make for themselves. */
static const struct board board_first = {.serial = 1, .mac = 1, .cid = 1, .id = 1, .second = 0x11};
static const struct board board_back = {.serial = 1, .mac = 1, .cid = 1, .id = 2};

/* worker001 is board 1 with the key 0x11, and ready. */
static inline struct store *with_worker(void)
{
	struct store *s = open_registry(PLAN);
	assert_told(s, with_card("worker001", 1, 1), &board_first, "accepted",
		    "\"name\":\"worker001\"");
	assert_told(s, with_key(0x11), &board_back, "accepted", "\"name\":\"worker001\"");
	assert_node(s, "worker001", STATE_READY, 1);
	return s;
}

static inline size_t events_of(struct store *s, const char *name, const char *word)
{
	auto_err e = ERR_INIT;
	auto_record r = {0};
	auto_events all = {0};
	size_t n = 0;
	assert_int_equal(store_by_text(s, BY_NAME, name, &r, &e), 1);
	assert_ok(store_events(s, r.id, &all, &e), &e);
	for (size_t i = 0; i < all.n; i++)
		n += strcmp(all.v[i].word, word) == 0;
	return n;
}

#endif
