/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdio.h>

#include "auth.h"
#include "mem.h"
#include "options.h"
#include "sshkey.h"
#include "store.h"

#define PRINCIPAL "cardstock" /* of all certificates of cards */

/* A retired key is let in as well, so that the copied card that has it is seen. */
int cmd_keys(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	struct key_row row;
	autofree char *key = xasprintf("%s %s", o->cli.operands.v[0], o->cli.operands.v[1]);
	if (!sshkey_is_ed25519(key))
		return 0;
	if (store_open(registry_dir(o), STORE_READ, &s, e) < 0)
		return -1;
	int known = store_key(s, key, &row, e);
	if (known > 0 && row.state != KEY_REVOKED)
		printf("restrict %s\n", key);
	return known < 0 ? -1 : 0;
}

/*
 * sshd has seen who signed the certificate.  That of a card that was decommissioned has no
 * principal any more, so that nobody holds connections with it.
 */
int cmd_principals(const struct options *o, struct err *e)
{
	auto_store *s = NULL;
	auto_auth a = {0};
	auto_record node = {0};
	auto_err ignored = ERR_INIT;
	long long serial;
	if (auth_parse_key_id(o->cli.operands.v[0], &a, &ignored) < 0 ||
	    !parse_number(o->cli.operands.v[1], 0, LLONG_MAX, &serial))
		return 0;
	if (store_open(registry_dir(o), STORE_READ, &s, e) < 0)
		return -1;
	int there = a.kind == AUTH_NODE ? store_by_text(s, BY_PLAN_NAME, a.name, &node, e) : 0;
	if (there >= 0 && serial > node.revoked)
		puts(PRINCIPAL);
	return there < 0 ? -1 : 0;
}
