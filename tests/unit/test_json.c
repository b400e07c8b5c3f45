/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "run.h"
#include "utf8.h"

static void assert_json(const char *text, size_t len, const char *expected)
{
	auto_str out = STR_INIT;
	json_add_string(&out, text, len);
	assert_string_equal(str_text(&out), expected);
}

static void assert_visible(const char *text, bool keep_lines, const char *expected)
{
	auto_str out = STR_INIT;
	utf8_visible(&out, text, strlen(text), keep_lines);
	assert_string_equal(str_text(&out), expected);
}

static void plain_text_and_umlauts_stay(void **state)
{
	(void)state;
	assert_json("caf\xc3\xa9 \xf0\x9f\x8d\x93", 10, "\"caf\xc3\xa9 \xf0\x9f\x8d\x93\"");
	assert_json("", 0, "\"\"");
}

static void quotes_and_controls_are_escaped(void **state)
{
	(void)state;
	assert_json("a\"\\\n\t\x1b\0z", 8, "\"a\\\"\\\\\\n\\t\\u001b\\u0000z\"");
	assert_json("\x7f\xc2\x9b", 3, "\"\\u007f\\u009b\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	(void)state;
	assert_json("\xff", 1, "\"\xef\xbf\xbd\"");
	assert_json("\xc3", 1, "\"\xef\xbf\xbd\"");
	assert_json("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_json("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Every byte and pair of bytes, judged by Python's parser. */
static void python_reads_what_we_write(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	str_puts(&out, "[");
	for (unsigned i = 0; i < 0x10000; i += 7) {
		char pair[2] = {(char)(i >> 8), (char)i};
		json_add_string(&out, pair, 2);
		str_puts(&out, ",");
	}
	json_add_string(&out, "\xf3\xa0\x80\x81", 4);
	str_puts(&out, "]");
	const char *argv[] = {"python3", "-c",
			      "import json,sys; a=json.load(sys.stdin.buffer);"
			      "sys.exit(0 if len(a)==9364 and a[-1]=='\\U000e0001' else 3)",
			      NULL};
	struct run r = {.argv = argv, .input = out.data, .input_len = out.len};
	if (run(&r, &e) < 0)
		fail_msg("%s", e.msg);
}

static void terminal_escapes_are_made_visible(void **state)
{
	(void)state;
	assert_visible("\x1b[2J\r\n", true, "^[[2J^M\n");
	assert_visible("a\nb\t", false, "a^Jb^I");
	assert_visible("\x7f\xff\x9b", true, "^?M-^?M-^[");
	assert_visible("\xc2\x9b", true, "<U+009B>");
	assert_visible("a\xe2\x80\xae"
		       "b",
		       true, "a<U+202E>b");
	assert_visible("caf\xc3\xa9", true, "caf\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_and_umlauts_stay),
		cmocka_unit_test(quotes_and_controls_are_escaped),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(python_reads_what_we_write),
		cmocka_unit_test(terminal_escapes_are_made_visible),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
