/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sshd says of a key: whatever certificate it is, names and keys have their grammar. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "registry/auth.h"
#include "sshkey.h"
#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_auth a = {0};
	auto_err e = ERR_INIT, judged = ERR_INIT;
	autofree char *text = xmemdup(data, size);
	if (auth_parse(text, size, &a, &e) < 0)
		return 0;
	if (!sshkey_is_ed25519(a.public) || a.serial < 0 || (a.kind == AUTH_KEY) != !a.name ||
	    (a.kind == AUTH_NODE && validate_hostname(a.name, &judged) < 0) ||
	    (a.kind == AUTH_JOIN && validate_username(a.name, &judged) < 0))
		abort();
	return 0;
}
