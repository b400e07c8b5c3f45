/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever the master says: refused, or a reply whose fields have their grammar. */
#include <stdint.h>
#include <stdlib.h>

#include "mem.h"
#include "reply_read.h"
#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_reply r = {.munge = STR_SECRET};
	auto_err e = ERR_INIT, judged = ERR_INIT;
	autofree char *text = xstrndup((const char *)data, size);
	if (reply_read(text, size, &r, &e) < 0) {
		if (!e.msg || r.result)
			abort();
		return 0;
	}
	if (!r.result || (r.answer != ANSWER_WAIT && !r.name) ||
	    (r.name && validate_hostname(r.name, &judged) < 0) || r.munge.len > 1024)
		abort();
	return 0;
}
