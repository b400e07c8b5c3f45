/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mac.h"
#include "registry_fixture.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA5qO9wNj9kHahMGtEZ7YEhPC0Ze+m08BRGs6lNWtXpJ"
#define ID "\"request_id\":\"00112233445566778899aabbccddeeff\""
#define NICS "\"nics\":[{\"name\":\"eth0\",\"mac\":\"dc:a6:32:01:02:03\"}]"
#define HOST "\"host_key\":\"" KEY "\""
#define LEAST "\"version\":1," ID "," NICS "," HOST

static int parse(const char *text, struct request *r, struct err *e)
{
	return request_parse(text, strlen(text), r, e);
}

static void a_board_says_what_it_is(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_ok(parse("{" LEAST ",\"build_id\":\"b1\",\"board\":{\"model\":\"Raspberry "
			"Pi 4 Model B Rev "
			"1.4\",\"serial\":\"10000000abcdef01\"},\"cid\":"
			"\"03534453433136478012345678015a00\","
			"\"second_key\":\"" KEY
			"\",\"cpus\":4,\"memory\":3794,\"kernel\":\"6.1.0-rpi7-rpi-v8\","
			"\"os\":\"Debian GNU/Linux 12 "
			"(bookworm)\",\"firstboot\":\"0.1.0\",\"clock\":4711}",
			&r, &e),
		  &e);
	assert_string_equal(r.facts.serial, "10000000abcdef01");
	assert_string_equal(r.facts.os, "Debian GNU/Linux 12 (bookworm)");
	assert_int_equal(r.facts.memory, 3794);
	assert_string_equal(r.facts.nics[0].mac, "dc:a6:32:01:02:03");
	assert_string_equal(r.second_key, KEY);
}

static void unknown_fields_are_ignored(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_ok(
		parse("{" LEAST ",\"colour\":[{\"a\":\"\\n\"}],\"board\":{\"weight\":46}}", &r, &e),
		&e);
	assert_null(r.facts.serial);
}

static void a_null_is_a_field_that_is_not_there(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_ok(parse("{" LEAST ",\"cid\":null,\"board\":null}", &r, &e), &e);
	assert_null(r.facts.cid);
}

/* Its only network device has an address that is made up at each boot. */
static void a_board_with_a_serial_needs_no_address_of_its_own(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_ok(parse("{\"version\":1," ID "," HOST ",\"nics\":[],\"board\":{\"serial\":\"1\"}}",
			&r, &e),
		  &e);
	assert_int_equal(r.facts.n_nics, 0);
}

static const struct {
	const char *line, *reason;
} wrong[] = {
	{"", "not one line of JSON"},
	{"[]", "one JSON object"},
	{"{" LEAST, "not one line of JSON"},
	{"{" LEAST "}{", "not one line of JSON"},
	{"{" LEAST ",\"version\":1}", "names nothing twice"},
	{"{" LEAST ",\"os\":\"\xff\xfe\"}", "UTF-8"},
	{"{" LEAST ",\"os\":\"a\\u0000b\"}", "not one line of JSON"},
	{"{" LEAST ",\"os\":\"a\tb\"}", "not one line of JSON"},
	{"{" LEAST ",\"os\":\"a\\nb\"}", "os: should be 1 to 100 of A-Z"},
	{"{" LEAST ",\"os\":\"\\u00e4\"}", "os: should be 1 to 100 of A-Z"},
	{"{" LEAST ",\"os\":\"\\\"\"}", "os: should be 1 to 100 of A-Z"},
	{"{" LEAST ",\"os\":7}", "os: should be a text"},
	{"{" LEAST ",\"os\":\"\"}", "os: should be 1 to 100"},
	{"{" LEAST ",\"cpus\":\"4\"}", "cpus: should be a number without a point"},
	{"{" LEAST ",\"cpus\":4.0}", "cpus: should be a number without a point"},
	{"{" LEAST ",\"cpus\":0}", "cpus: should be a number from 1 to 4096"},
	{"{" LEAST ",\"cpus\":99999999999999999999}", "not one line of JSON"},
	{"{" LEAST ",\"board\":[]}", "board: should be an object"},
	{"{" LEAST ",\"board\":{\"serial\":\"* * *\"}}", "board.serial: should be 1 to 64"},
	{"{" LEAST ",\"cid\":\"0353445343313647801234567801 a00\"}",
	 "cid: should be 32 of 0-9 a-f"},
	{"{" LEAST ",\"second_key\":\"" KEY " x\"}", "second_key: should be 'ssh-ed25519 BASE64'"},
	{"{\"version\":2," ID "," NICS "," HOST "}", "version: should be a number from 1 to 1"},
	{"{" ID "," NICS "," HOST "}", "version: is missing"},
	{"{\"version\":1," NICS "," HOST "}", "request_id: is missing"},
	{"{\"version\":1," ID "," NICS "}", "host_key: is missing"},
	{"{\"version\":1," ID "," NICS ",\"host_key\":\"@cert-authority * " KEY "\"}",
	 "host_key: should be 'ssh-ed25519 BASE64'"},
	{"{\"version\":1," ID "," HOST "}", "nics: should be a list of 1 to 16"},
	{"{\"version\":1," ID "," HOST ",\"nics\":[]}", "nics: should be a list of 1 to 16"},
	{"{\"version\":1," ID "," HOST ",\"nics\":7,\"board\":{\"serial\":\"1\"}}",
	 "nics: should be a list of 1 to 16"},
	{"{\"version\":1," ID "," HOST ",\"nics\":[1]}", "nics: should be a list of objects"},
	{"{\"version\":1," ID "," HOST ",\"nics\":[{\"name\":\"eth0\"}]}",
	 "nics[].mac: is missing"},
	{"{\"version\":1," ID "," HOST
	 ",\"nics\":[{\"name\":\"eth0\",\"mac\":\"ff:ff:ff:ff:ff:ff\"}]}",
	 "nics[].mac: should be the address of one station"},
	{"{\"version\":1," ID "," HOST
	 ",\"nics\":[{\"name\":\"eth 0\",\"mac\":\"dc:a6:32:01:02:03\"}]}",
	 "nics[].name: should be 1 to 15"},
};

static void what_has_not_its_grammar_is_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_request r = {0};
		auto_err e = ERR_INIT;
		assert_fails(parse(wrong[i].line, &r, &e), &e, ERR_USAGE, wrong[i].reason);
	}
}

static void bytes_that_no_text_has_are_refused(void **state)
{
	static const char with_nul[] = "{" LEAST "\0}";
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_fails(request_parse(with_nul, sizeof(with_nul) - 1, &r, &e), &e, ERR_USAGE,
		     "not one line of JSON");
}

static void a_line_is_no_longer_and_no_deeper_than_it_may_be(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	auto_str deep = STR_INIT, most = STR_INIT;
	(void)state;
	while (deep.len < REQUEST_MAX)
		str_puts(&deep, "[");
	assert_fails(request_parse(deep.data, deep.len, &r, &e), &e, ERR_USAGE, "not one line");
	str_puts(&most, "{" LEAST);
	while (most.len < REQUEST_MAX - 1)
		str_puts(&most, " ");
	str_puts(&most, "}");
	assert_ok(request_parse(most.data, most.len, &r, &e), &e);
	str_puts(&most, " ");
	assert_fails(request_parse(most.data, most.len, &r, &e), &e, ERR_USAGE,
		     "longer than 16384 bytes");
}

static void a_reason_has_nothing_of_what_was_read(void **state)
{
	auto_request r = {0};
	auto_err e = ERR_INIT;
	(void)state;
	assert_int_equal(parse("{" LEAST ",\"kernel\":\"\x1b]0;owned\x07\"", &r, &e), -1);
	assert_null(strstr(e.msg, "owned"));
	err_done(&e);
	assert_int_equal(parse("{" LEAST ",\"kernel\":\"owned by me\"}", &r, &e), -1);
	assert_null(strstr(e.msg, "owned"));
}

static const struct {
	const char *text, *mac;
} macs[] = {
	{"dc:a6:32:01:02:03", "dc:a6:32:01:02:03"},
	{"DC-A6-32-01-02-03", "dc:a6:32:01:02:03"},
	{"dca6.3201.0203", "dc:a6:32:01:02:03"},
	{"dca632010203", "dc:a6:32:01:02:03"},
	{"DCA632010203", "dc:a6:32:01:02:03"},
	{"dc:a6:32:01:02", NULL},
	{"dc:a6:32:01:02:03:04", NULL},
	{"dc:a6-32:01:02:03", NULL},
	{"d:ca6:32:01:02:03", NULL},
	{"dc:a6:32:01:02:0g", NULL},
	{"00:00:00:00:00:00", NULL},
	{"01:00:5e:00:00:01", NULL},
	{"dc:a6:32:01:02:", NULL},
	{"", NULL},
};

static void a_mac_is_read_in_every_notation(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(macs) / sizeof(*macs); i++) {
		char mac[18];
		assert_int_equal(mac_parse(macs[i].text, mac), macs[i].mac != NULL);
		if (macs[i].mac)
			assert_string_equal(mac, macs[i].mac);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_board_says_what_it_is),
		cmocka_unit_test(unknown_fields_are_ignored),
		cmocka_unit_test(a_null_is_a_field_that_is_not_there),
		cmocka_unit_test(a_board_with_a_serial_needs_no_address_of_its_own),
		cmocka_unit_test(what_has_not_its_grammar_is_refused_with_a_reason),
		cmocka_unit_test(bytes_that_no_text_has_are_refused),
		cmocka_unit_test(a_line_is_no_longer_and_no_deeper_than_it_may_be),
		cmocka_unit_test(a_reason_has_nothing_of_what_was_read),
		cmocka_unit_test(a_mac_is_read_in_every_notation),
	};
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
