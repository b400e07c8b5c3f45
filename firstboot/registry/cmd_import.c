/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "io.h"
#include "mem.h"
#include "options.h"
#include "import.h"
#include "secret.h"
#include "sshkey.h"

/* The nodes share a munge key exactly when the plan says so. */
static int keep_munge(struct store *s, bool wanted, struct err *e)
{
	auto_str value = STR_SECRET;
	int there = secret_get(s, SECRET_MUNGE, &value, e);
	if (there < 0 || there == wanted)
		return there < 0 ? -1 : 0;
	return wanted ? secret_rotate(s, SECRET_MUNGE, e) : secret_drop(s, SECRET_MUNGE, e);
}

/* What no board may call its own; where sshd has no such key, there is none to protect. */
static int keep_host_key(struct store *s, struct err *e)
{
	auto_str text = STR_INIT;
	auto_err ignored = ERR_INIT;
	bool there = io_read_file(SSHKEY_OF_HOST, CONF_MAX, &text, &ignored) == 0;
	autofree char *key = there ? sshkey_plain(str_text(&text)) : NULL;
	return store_setting_text_put(s, STORE_HOST_KEY, key, e);
}

int cmd_import(const struct options *o, struct err *e)
{
	const char *path = o->cli.operands.n ? o->cli.operands.v[0] : ROSTER_PATH;
	auto_roster p = {0};
	auto_store *s = NULL;
	auto_str text = STR_INIT;
	if (io_read_file(path, CONF_MAX, &text, e) < 0 ||
	    roster_parse(str_text(&text), text.len, path, &p, e) < 0)
		return -1;
	if (store_open(registry_dir(o), STORE_CREATE, &s, e) < 0 || store_begin(s, e) < 0)
		return -1;
	int changed = plan_import(s, &p, e);
	if (changed < 0)
		return err_wrap(e, "%s", path);
	if (keep_munge(s, p.munge, e) < 0 || keep_host_key(s, e) < 0 || store_commit(s, e) < 0)
		return -1;
	return changed ? store_announce(s, e) : 0;
}
