/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a settings file means; what it must not say is in tests/cli/firstboot.bats. */
#include "../assert_err.h"
#include "mem.h"
#include "settings.h"

static void parse(const char *text, struct settings *s)
{
	auto_err e = ERR_INIT;
	assert_ok(settings_parse(text, strlen(text), "firstboot.conf", s, &e), &e);
}

static void every_key_has_its_value(void **state)
{
	(void)state;
	auto_settings s = {0};
	parse("version = 1\nhostname = worker003\ncluster = testbed\nrole = worker\n"
	      "address = 10.0.0.13/24\nboot = /boot/firmware\ntarget = multi-user.target\n"
	      "led = led0\nbuild = b-1\ngrow = yes\nntp = yes\nenable = a.service\n"
	      "enable = b.timer\ndisable = c.service\nmask = d.service\nmount = /srv/cluster\n",
	      &s);
	assert_string_equal(s.hostname, "worker003");
	assert_string_equal(s.cluster, "testbed");
	assert_string_equal(s.role, "worker");
	assert_string_equal(s.address, "10.0.0.13/24");
	assert_string_equal(s.boot, "/boot/firmware");
	assert_string_equal(s.target, "multi-user.target");
	assert_string_equal(s.led, "led0");
	assert_string_equal(s.build, "b-1");
	assert_true(s.grow && s.ntp);
	autofree char *enable = strv_join(&s.enable, " ");
	assert_string_equal(enable, "a.service b.timer");
	assert_string_equal(s.disable.v[0], "c.service");
	assert_string_equal(s.mask.v[0], "d.service");
	assert_string_equal(s.mounts.v[0], "/srv/cluster");
}

static void an_absent_key_has_its_default(void **state)
{
	(void)state;
	auto_settings s = {0};
	parse("version = 1", &s);
	assert_null(s.hostname);
	assert_null(s.boot);
	assert_false(s.grow || s.ntp);
	assert_int_equal(s.enable.n, 0);
}

static void spaces_comments_and_empty_lines_mean_nothing(void **state)
{
	(void)state;
	auto_settings s = {0};
	parse("\n  # written by mkimage = 2\n\tversion\t=\t1  \n\nrole=a\n", &s);
	assert_string_equal(s.role, "a");
}

static void an_error_leaves_the_result_alone(void **state)
{
	(void)state;
	auto_settings s = {0};
	auto_err e = ERR_INIT;
	const char *text = "version = 1\nrole = a\ngrow = sure\n";
	assert_fails(settings_parse(text, strlen(text), "x", &s, &e), &e, ERR_PROFILE,
		     "x:3: grow: 'sure' is neither yes nor no");
	assert_null(s.role);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_its_value),
		cmocka_unit_test(an_absent_key_has_its_default),
		cmocka_unit_test(spaces_comments_and_empty_lines_mean_nothing),
		cmocka_unit_test(an_error_leaves_the_result_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
