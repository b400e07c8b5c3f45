/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "io.h"
#include "mem.h"
#include "sshkey.h"
#include "validate.h"

#define AUTH_MAX (16u << 10)
#define METHOD "publickey "

static const struct {
	const char *prefix;
	enum auth_kind kind;
	int (*check)(const char *name, struct err *e);
} key_ids[] = {
	{"node ", AUTH_NODE, validate_hostname},
	{"join ", AUTH_JOIN, validate_username},
};

int auth_parse_key_id(const char *id, struct auth *a, struct err *e)
{
	for (size_t i = 0; i < sizeof(key_ids) / sizeof(*key_ids); i++) {
		if (!str_starts(id, key_ids[i].prefix))
			continue;
		const char *name = id + strlen(key_ids[i].prefix);
		if (key_ids[i].check(name, e) < 0)
			return err_wrap(e, "certificate");
		a->kind = key_ids[i].kind;
		a->name = xstrdup(name);
		return 0;
	}
	return err_set(e, ERR_USAGE,
		       "certificate: its key id is neither 'node NAME' nor 'join ROLE'; use a card "
		       "that mkimage made");
}

static int parse_cert(const char *text, struct auth *a, struct err *e)
{
	auto_str bytes = STR_INIT;
	struct sshcert c;
	if (!sshkey_decode(text, &bytes) || !sshcert_parse(blob_of(&bytes), &c) ||
	    blob_number(c.kind) != SSHCERT_USER)
		return err_set(e, ERR_USAGE, "certificate: not one of a user's ed25519 key");
	autofree char *id = xstrndup((const char *)c.id.p, c.id.n);
	if (strlen(id) != c.id.n || blob_number(c.serial) > LLONG_MAX)
		return err_set(e, ERR_USAGE, "certificate: key id or serial out of bounds");
	a->serial = (long long)blob_number(c.serial);
	a->public = sshcert_public(&c);
	return auth_parse_key_id(id, a, e);
}

/* One method was used, so the file has one line. */
int auth_parse(const char *text, size_t len, struct auth *ret, struct err *e)
{
	autofree char *line = xstrndup(text, strcspn(text, "\n"));
	auto_auth a = {0};
	if (strlen(line) + 1 != len || text[len - 1] != '\n' || !str_starts(line, METHOD))
		return err_set(e, ERR_USAGE, "sshd did not tell of one public key");
	const char *key = line + strlen(METHOD);
	if (str_starts(key, SSHKEY_ED25519_CERT " ")) {
		if (parse_cert(key, &a, e) < 0)
			return -1;
	} else if (sshkey_is_ed25519(key)) {
		a.public = xstrdup(key);
	} else {
		return err_set(e, ERR_USAGE, "only ed25519 keys are known here");
	}
	*ret = a;
	a = (struct auth){0};
	return 0;
}

int auth_read(struct auth *ret, struct err *e)
{
	const char *path = getenv("SSH_USER_AUTH");
	auto_str text = STR_INIT;
	if (!path)
		return err_set(e, ERR_USAGE,
			       "SSH_USER_AUTH is not set: sshd runs this command, and its "
			       "configuration needs 'ExposeAuthInfo yes'");
	if (io_read_file(path, AUTH_MAX, &text, e) < 0)
		return -1;
	return auth_parse(str_text(&text), text.len, ret, e);
}

void auth_done(struct auth *a)
{
	free(a->public);
	free(a->name);
	*a = (struct auth){0};
}
