/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report of a board, as a laptop reads it from a card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "inspect_board.h"
#include "mem.h"

#define STEP                                                            \
	"{\"name\":\"grow\",\"phase\":\"local\",\"result\":\"failed\"," \
	"\"seconds\":1.25,\"message\":\"no room\"}"
#define REPORT(members) "{\"version\":1,\"result\":\"done\"," members "}"

static int parse(const char *text, struct board_report *r, struct err *e)
{
	return board_report_parse(text, strlen(text), "card", r, e);
}

static void a_report_of_firstboot_is_read(void **state)
{
	(void)state;
	auto_board_report r = {0};
	auto_err e = ERR_INIT;
	assert_ok(parse("{\"version\":1,\"hostname\":\"worker003\",\"cluster\":\"beowulf\","
			"\"role\":\"worker\",\"board\":{\"model\":\"Raspberry Pi "
			"4\",\"serial\":null},"
			"\"build\":\"20260101T000000Z-01020304\",\"firstboot\":\"0.1.0\","
			"\"phase\":\"local\",\"result\":\"failed\",\"steps\":[" STEP
			"],\"later\":[1,{}]}\n",
			&r, &e),
		  &e);
	assert_string_equal(r.hostname, "worker003");
	assert_string_equal(r.cluster, "beowulf");
	assert_string_equal(r.role, "worker");
	assert_string_equal(r.model, "Raspberry Pi 4");
	assert_null(r.serial);
	assert_string_equal(r.build, "20260101T000000Z-01020304");
	assert_string_equal(r.firstboot, "0.1.0");
	assert_string_equal(r.phase, "local");
	assert_string_equal(r.result, "failed");
	assert_int_equal(r.n_steps, 1);
	assert_string_equal(r.steps[0].name, "grow");
	assert_string_equal(r.steps[0].message, "no room");
	assert_int_equal((int)(r.steps[0].seconds * 100), 125);
}

static void a_report_without_what_the_board_did_not_know_is_read(void **state)
{
	(void)state;
	auto_board_report r = {0};
	auto_err e = ERR_INIT;
	assert_ok(parse(REPORT("\"hostname\":null,\"steps\":[]"), &r, &e), &e);
	assert_null(r.hostname);
	assert_null(r.model);
	assert_int_equal(r.n_steps, 0);
}

static void what_is_no_report_is_refused_with_the_reason(void **state)
{
	static const char *const cases[][2] = {
		{"", "card:1: is no JSON"},
		{"{\"version\":1,\n\"result\":", "card:2: is no JSON"},
		{"[]", "card: has no 'version', so it is no report of firstboot"},
		{"{}", "has no 'version'"},
		{"{\"version\":\"1\"}", "has no 'version'"},
		{"{\"version\":2}", "has version 2, this mkimage knows 1"},
		{"{\"version\":1,\"steps\":[]}", "has no 'result'"},
		{"{\"version\":1,\"version\":1}", "is no JSON"},
		{REPORT("\"hostname\":{\"a\":1}"), "'hostname' is not a text"},
		{REPORT("\"hostname\":\"a\\u0000b\""), "is no JSON"},
		{REPORT("\"hostname\":\"\xff\""), "is no JSON"},
		{REPORT("\"board\":{\"model\":7}"), "'model' is not a text"},
		{REPORT("\"steps\":{}"), "'steps' is not a list"},
		{REPORT("\"steps\":[" STEP ",1]"), "card: step 2: is not an object"},
		{REPORT("\"steps\":[{\"name\":\"grow\"}]"), "step 1: lacks 'name' or 'result'"},
		{REPORT("\"steps\":[{\"name\":\"a\",\"result\":\"b\"}]"),
		 "'seconds' is not a time"},
		{REPORT("\"steps\":[{\"name\":\"a\",\"result\":\"b\",\"seconds\":-1}]"),
		 "'seconds' is not a time from 0"},
		{REPORT("\"steps\":[{\"name\":\"a\",\"result\":\"b\",\"seconds\":1e300}]"),
		 "'seconds' is not a time from 0"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct board_report r = {0};
		auto_err e = ERR_INIT;
		assert_int_equal(parse(cases[i][0], &r, &e), -1);
		assert_int_equal(e.code, ERR_IMAGE);
		if (!strstr(e.msg, cases[i][1]))
			fail_msg("%s: no '%s' in: %s", cases[i][0], cases[i][1], e.msg);
		assert_null(r.steps);
	}
}

/* begin, n times middle with commas between, end. */
static char *repeat(const char *begin, const char *middle, const char *comma, size_t n,
		    const char *end)
{
	auto_str out = STR_INIT;
	str_puts(&out, begin);
	for (size_t i = 0; i < n; i++)
		str_printf(&out, "%s%s", i ? comma : "", middle);
	str_puts(&out, end);
	return str_steal(&out);
}

static void what_is_too_large_is_refused(void **state)
{
	(void)state;
	struct board_report r = {0};
	auto_err e = ERR_INIT;
	autofree char *many = repeat("{\"version\":1,\"result\":\"done\",\"steps\":[", STEP, ",",
				     257, "]}");
	assert_int_equal(parse(many, &r, &e), -1);
	assert_non_null(strstr(e.msg, "has more than 256 steps"));
	autofree char *text = repeat("{\"version\":1,\"result\":\"", "x", "", 4097, "\"}");
	assert_int_equal(parse(text, &r, &e), -1);
	assert_non_null(strstr(e.msg, "'result' has more than 4096 bytes"));
	autofree char *large = repeat(REPORT(""), " ", "", BOARD_REPORT_MAX, "");
	assert_int_equal(parse(large, &r, &e), -1);
	assert_non_null(strstr(e.msg, "has more than 262144 bytes"));
	autofree char *deep = repeat("", "[", "", 100000, "");
	assert_int_equal(parse(deep, &r, &e), -1);
	assert_non_null(strstr(e.msg, "is no JSON"));
}

static void what_a_terminal_would_act_on_is_made_harmless(void **state)
{
	(void)state;
	auto_board_report r = {0};
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT, json = STR_INIT;
	assert_ok(parse("{\"version\":1,\"result\":\"\\u001b]0;x\\u0007\",\"hostname\":\"\\u202e\","
			"\"steps\":[{\"name\":\"\\u001b[2J\",\"result\":\"done\\n\",\"seconds\":0,"
			"\"message\":\"\\u009b31m\\r\"}]}",
			&r, &e),
		  &e);
	r.where = xstrdup("partition 1: /cardstock-report.json");
	inspect_board_text(&text, &r);
	inspect_board_json(&json, &r);
	assert_null(strpbrk(str_text(&text), "\x1b\a\r"));
	assert_null(strstr(str_text(&text), "\xe2\x80\xae"));
	assert_null(strstr(str_text(&text), "\xc2\x9b"));
	assert_null(strpbrk(str_text(&json), "\x1b\a\r\n"));
	assert_non_null(strstr(str_text(&text), "^[[2J"));
}

static void a_table_shows_each_step(void **state)
{
	(void)state;
	auto_board_report r = {0};
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT, none = STR_INIT, json = STR_INIT;
	const struct board_report nothing = {0};
	assert_ok(
		parse(REPORT("\"phase\":\"local\",\"hostname\":\"worker003\",\"steps\":[" STEP "]"),
		      &r, &e),
		&e);
	r.where = xstrdup("partition 1: /cardstock-report.json");
	inspect_board_text(&text, &r);
	assert_string_equal(str_text(&text),
			    "first boot    \"done\", phase \"local\", from partition 1: "
			    "/cardstock-report.json\n"
			    "board         not known, serial not known, named \"worker003\"\n"
			    "  grow         local    failed        1.250  no room\n");
	inspect_board_text(&none, &nothing);
	assert_string_equal(str_text(&none), "first boot    no report\n");
	inspect_board_json(&json, &nothing);
	assert_string_equal(str_text(&json), "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_of_firstboot_is_read),
		cmocka_unit_test(a_report_without_what_the_board_did_not_know_is_read),
		cmocka_unit_test(what_is_no_report_is_refused_with_the_reason),
		cmocka_unit_test(what_is_too_large_is_refused),
		cmocka_unit_test(what_a_terminal_would_act_on_is_made_harmless),
		cmocka_unit_test(a_table_shows_each_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
