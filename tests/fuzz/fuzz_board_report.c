/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report of a board from a hostile card: parsed, and shown as text and as JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect_board.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_board_report r = {0};
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT, json = STR_INIT;
	autofree char *input = xmemdup(data, size);
	if (board_report_parse(input, size, "card", &r, &e) < 0)
		return e.msg && !r.steps ? 0 : (abort(), 0);
	r.where = xstrdup("partition 1");
	inspect_board_text(&text, &r);
	inspect_board_json(&json, &r);
	/* Nothing of it reaches a terminal as a command. */
	if (strpbrk(str_text(&text), "\x1b\r\a\b") || strpbrk(str_text(&json), "\x1b\r\n\a\b"))
		abort();
	return 0;
}
