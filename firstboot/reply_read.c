/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reply_read.h"

#include <limits.h>
#include <string.h>

#include "base64.h"
#include "json_read.h"
#include "mem.h"
#include "protocol/pause.h"
#include "utf8.h"
#include "validate.h"

#define VERSION "1"
#define MUNGE_MIN 32u /* bytes; munged(8) takes 32 to 1024 */
#define MUNGE_MAX 1024u

static const struct {
	const char *name;
	enum answer answer;
} results[] = {
	{"accepted", ANSWER_ACCEPTED}, {"confirm", ANSWER_CONFIRM}, {"pending", ANSWER_WAIT},
	{"quarantined", ANSWER_WAIT},  {"busy", ANSWER_WAIT},	    {"refused", ANSWER_WAIT},
};

static int take_result(struct reply *r, const char *text, struct err *e)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		if (strcmp(text, results[i].name) != 0)
			continue;
		r->answer = results[i].answer;
		r->result = xstrdup(text);
		return 0;
	}
	return err_set(e, ERR_FAILED, "an unknown result");
}

static int take_name(struct reply *r, const char *text, struct err *e)
{
	if (validate_hostname(text, e) < 0)
		return -1;
	r->name = xstrdup(text);
	return 0;
}

static int take_address(struct reply *r, const char *text, struct err *e)
{
	if (validate_cidr(text, e) < 0)
		return -1;
	r->address = xstrdup(text);
	return 0;
}

/* It is shown to people. */
static int take_reason(struct reply *r, const char *text, struct err *e)
{
	auto_str shown = STR_INIT;
	(void)e;
	utf8_visible(&shown, text, strlen(text), false);
	r->reason = str_steal(&shown);
	return 0;
}

static int take_munge(struct reply *r, const char *text, struct err *e)
{
	if (base64_decode(&r->munge, text, strlen(text)) && r->munge.len >= MUNGE_MIN &&
	    r->munge.len <= MUNGE_MAX)
		return 0;
	return err_set(e, ERR_FAILED, "secrets.munge: no key of %u to %u bytes in base64",
		       MUNGE_MIN, MUNGE_MAX);
}

static const struct {
	const char *path;
	int (*take)(struct reply *r, const char *text, struct err *e);
} fields[] = {
	{"result", take_result}, {"name", take_name},		{"address", take_address},
	{"reason", take_reason}, {"secrets.munge", take_munge},
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

/* A reply on its way. */
struct reading {
	struct reply *reply;
	bool version, pause, seen[FIELDS];
};

static int take_version(struct reading *r, const struct json_value *v, struct err *e)
{
	r->version = v->type == JSON_NUMBER && strcmp(v->text, VERSION) == 0;
	return r->version ? 0
			  : err_set(e, ERR_FAILED,
				    "it speaks another version of the protocol than " VERSION);
}

/* Whatever the master says, the board comes back. */
static int take_pause(struct reading *r, const struct json_value *v, struct err *e)
{
	long long seconds;
	if (r->pause || v->type != JSON_NUMBER || !parse_number(v->text, 0, LLONG_MAX, &seconds))
		return err_set(e, ERR_FAILED, "'pause' is there twice or no number of seconds");
	r->pause = true;
	r->reply->pause_s = seconds < REPLY_PAUSE_MAX ? (unsigned)seconds : REPLY_PAUSE_MAX;
	return 0;
}

static int take(void *arg, const struct json_value *v, struct err *e)
{
	struct reading *r = arg;
	if (strcmp(v->path, "version") == 0)
		return take_version(r, v, e);
	if (strcmp(v->path, "pause") == 0 && v->type != JSON_NULL)
		return take_pause(r, v, e);
	for (size_t i = 0; i < FIELDS; i++) {
		if (strcmp(v->path, fields[i].path) != 0 || v->type == JSON_NULL)
			continue;
		if (r->seen[i] || v->type != JSON_STRING)
			return err_set(e, ERR_FAILED, "'%s' is there twice or no text", v->path);
		r->seen[i] = true;
		return fields[i].take(r->reply, v->text, e);
	}
	return 0; /* a newer master tells more */
}

static int check_whole(const struct reading *r, struct err *e)
{
	const struct reply *reply = r->reply;
	if (!r->version || !reply->result)
		return err_set(e, ERR_FAILED, "no version or no result in it");
	if (reply->answer != ANSWER_WAIT && !reply->name)
		return err_set(e, ERR_FAILED, "no name in it");
	return 0;
}

int reply_read(const char *text, size_t len, struct reply *ret, struct err *e)
{
	auto_reply reply = {.munge = STR_SECRET};
	struct reading r = {.reply = &reply};
	if (len > REPLY_MAX)
		return err_set(e, ERR_FAILED, "a reply of more than %u bytes", REPLY_MAX);
	if (json_read(text, len, take, &r, e) < 0 || check_whole(&r, e) < 0)
		return err_wrap(e, "the master's reply");
	*ret = reply;
	reply = (struct reply){.munge = STR_SECRET};
	return 0;
}

void reply_done(struct reply *r)
{
	free(r->result);
	free(r->name);
	free(r->address);
	free(r->reason);
	str_done(&r->munge);
	*r = (struct reply){.munge = STR_SECRET};
}
