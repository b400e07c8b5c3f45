/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of a card that lost bits: refused, or a state.  The checksum is put right here. */
#include <stdint.h>
#include <stdlib.h>

#include "crc32.h"
#include "mem.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, size_t len)
{
	auto_state s = {0};
	auto_err e = ERR_INIT;
	state_init(&s);
	if (state_parse(text, len, &s, &e) < 0 && !e.msg)
		abort();
	(void)state_summary(&s);
	state_forget_board(&s);
	state_forget_all(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_str whole = STR_INIT;
	str_add(&whole, "", 0);
	parse(str_text(&whole), 0);
	str_puts(&whole, "cardstock-state 1\n");
	str_add(&whole, data, size);
	parse(str_text(&whole), whole.len);
	str_printf(&whole, "crc32 %08x\n", (unsigned)crc32_of(whole.data, whole.len));
	parse(str_text(&whole), whole.len);
	return 0;
}
