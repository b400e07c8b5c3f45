/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board takes of the master's reply, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "json_read.h"
#include "mem.h"
#include "reply_read.h"

#define WHOLE                                                                            \
	"{\"version\":1,\"result\":\"accepted\",\"name\":\"worker003\",\"address\":"     \
	"\"10.0.0.13/24\",\"ntp\":[\"10.0.0.1\"],\"slurm\":null,\"secrets\":{\"munge\":" \
	"\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"},\"generation\":7}\n"

static void an_accepted_board_learns_name_address_and_secret(void **state)
{
	(void)state;
	auto_reply r = {.munge = STR_SECRET};
	auto_err e = ERR_INIT;
	assert_ok(reply_read(WHOLE, strlen(WHOLE), &r, &e), &e);
	assert_int_equal(r.answer, ANSWER_ACCEPTED);
	assert_string_equal(r.name, "worker003");
	assert_string_equal(r.address, "10.0.0.13/24");
	assert_int_equal(r.munge.len, 32);
	assert_int_equal(r.munge.data[31], 31);
}

static void every_other_result_means_to_ask_again(void **state)
{
	static const char *const words[] = {"pending", "quarantined", "busy", "refused"};
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		auto_reply r = {.munge = STR_SECRET};
		auto_err e = ERR_INIT;
		autofree char *text = xasprintf(
			"{\"version\":1,\"result\":\"%s\",\"reason\":\"a\\u001b[31m\"}", words[i]);
		assert_ok(reply_read(text, strlen(text), &r, &e), &e);
		assert_int_equal(r.answer, ANSWER_WAIT);
		assert_string_equal(r.result, words[i]);
		assert_string_equal(r.reason, "a^[[31m"); /* harmless on a terminal */
	}
}

static const struct {
	const char *field;
	unsigned seconds;
} pauses[] = {
	{"", 0},
	{",\"pause\":null", 0},
	{",\"pause\":0", 0},
	{",\"pause\":45", 45},
	{",\"pause\":301", 300}, /* whatever the master says, the board comes back */
	{",\"pause\":9223372036854775807", 300},
};

static void a_board_is_told_how_long_to_stay_away_at_most_five_minutes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		auto_reply r = {.munge = STR_SECRET};
		auto_err e = ERR_INIT;
		autofree char *text = xasprintf(
			"{\"version\":1,\"result\":\"accepted\",\"name\":\"worker003\"%s}",
			pauses[i].field);
		assert_ok(reply_read(text, strlen(text), &r, &e), &e);
		assert_int_equal(r.pause_s, pauses[i].seconds);
	}
}

static const struct {
	const char *text, *message;
} wrong[] = {
	{"", "no JSON at byte 0"},
	{"{\"version\":1", "no JSON at byte 12"},
	{"{\"version\":1} x", "no JSON at byte 14"},
	{"{\"version\":2,\"result\":\"busy\"}", "another version of the protocol"},
	{"{\"version\":\"1\",\"result\":\"busy\"}", "another version of the protocol"},
	{"{\"version\":1}", "no version or no result"},
	{"{\"result\":\"busy\"}", "no version or no result"},
	{"{\"version\":1,\"result\":\"yes\"}", "an unknown result"},
	{"{\"version\":1,\"result\":\"busy\",\"result\":\"accepted\"}", "'result' is there twice"},
	{"{\"version\":1,\"result\":\"accepted\"}", "no name in it"},
	{"{\"version\":1,\"result\":\"accepted\",\"name\":\"a\\nb\"}", "'a"},
	{"{\"version\":1,\"result\":\"accepted\",\"name\":7}", "'name' is there twice or no text"},
	{"{\"version\":1,\"result\":\"busy\",\"pause\":\"1\"}", "no number of seconds"},
	{"{\"version\":1,\"result\":\"busy\",\"pause\":-1}", "no number of seconds"},
	{"{\"version\":1,\"result\":\"busy\",\"pause\":1.5}", "no number of seconds"},
	{"{\"version\":1,\"result\":\"busy\",\"pause\":1,\"pause\":2}", "'pause' is there twice"},
	{"{\"version\":1,\"result\":\"busy\",\"secrets\":{\"munge\":\"AA==\"}}",
	 "no key of 32 to 1024 bytes"},
};

static void what_is_no_reply_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_reply r = {.munge = STR_SECRET};
		auto_err e = ERR_INIT;
		assert_int_equal(reply_read(wrong[i].text, strlen(wrong[i].text), &r, &e), -1);
		if (!strstr(e.msg, wrong[i].message))
			fail_msg("no '%s' in: %s", wrong[i].message, e.msg);
		assert_null(r.result);
	}
}

/* ---- the reader itself ---- */

static int print(void *arg, const struct json_value *v, struct err *e)
{
	static const char *const words[] = {
		[JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null"};
	(void)e;
	str_printf(arg, "%s=%s;", v->path, v->text ? v->text : words[v->type]);
	return 0;
}

static const struct {
	const char *text, *values; /* NULL: no JSON */
} texts[] = {
	{" {\"a\" : [1, {\"b\":true}, []], \"c\":{}, \"d\":null} ", "a[]=1;a[].b=true;d=null;"},
	{"\"\\u00e4\\ud83d\\ude00\\/\\n\"", "=\303\244\360\237\230\200/\n;"},
	{"[0, -1, 1.5e+3, 0.1]", "[]=0;[]=-1;[]=1.5e+3;[]=0.1;"},
	{"{\"a.b[]\":1}", "a?b?\?=1;"},
	{"[01]", NULL},
	{"[1.]", NULL},
	{"[.5]", NULL},
	{"[1e]", NULL},
	{"[+1]", NULL},
	{"[nul]", NULL},
	{"[1,]", NULL},
	{"{\"a\" 1}", NULL},
	{"{a:1}", NULL},
	{"\"\\u0000\"", NULL},
	{"\"\\ud800\"", NULL},
	{"\"\\ud800\\u0041\"", NULL},
	{"\"\\udc00\"", NULL},
	{"\"\\x\"", NULL},
	{"\"\\", NULL},
	{"\"\377\"", NULL},
	{"\"a\nb\"", NULL},
	{"[[[[[[[[1]]]]]]]]", "[][][][][][][][]=1;"},
	{"[[[[[[[[[1]]]]]]]]]", NULL},
};

static void values_are_read_with_their_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_str out = STR_INIT;
		auto_err e = ERR_INIT;
		int r = json_read(texts[i].text, strlen(texts[i].text), print, &out, &e);
		if ((r == 0) != (texts[i].values != NULL))
			fail_msg("%s: %d", texts[i].text, r);
		if (r == 0)
			assert_string_equal(str_text(&out), texts[i].values);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_board_learns_name_address_and_secret),
		cmocka_unit_test(every_other_result_means_to_ask_again),
		cmocka_unit_test(a_board_is_told_how_long_to_stay_away_at_most_five_minutes),
		cmocka_unit_test(what_is_no_reply_is_refused),
		cmocka_unit_test(values_are_read_with_their_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
