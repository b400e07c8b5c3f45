/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "mem.h"
#include "options.h"
#include "sshkey.h"
#include "store.h"

/*
 * A retired key is let in as well, so that the copied card that has it is seen.  Certificates are
 * sshd's own business (TrustedUserCAKeys).
 */
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
