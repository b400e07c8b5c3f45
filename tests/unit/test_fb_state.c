/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What firstboot keeps of a message; tests/cli/firstboot*.bats test the rest of its state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "state.h"

static void a_message_is_one_line(void **state)
{
	(void)state;
	autofree char *line = state_line("two\nlines\r\nof it");
	assert_string_equal(line, "two lines  of it");
}

static void a_long_message_is_cut_between_characters(void **state)
{
	(void)state;
	auto_str text = STR_INIT;
	for (size_t i = 0; i < STATE_MESSAGE_MAX; i++)
		str_puts(&text, "€");
	autofree char *line = state_line(str_text(&text));
	size_t kept = STATE_MESSAGE_MAX / strlen("€") * strlen("€");
	assert_int_equal(strlen(line), kept + strlen("…"));
	assert_memory_equal(line, str_text(&text), kept);
	assert_string_equal(line + kept, "…");
}

static void a_message_that_fits_is_whole(void **state)
{
	(void)state;
	autofree char *text = xcalloc(1, STATE_MESSAGE_MAX + 1);
	memset(text, 'x', STATE_MESSAGE_MAX);
	autofree char *line = state_line(text);
	assert_string_equal(line, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
		cmocka_unit_test(a_message_that_fits_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
