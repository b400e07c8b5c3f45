/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attrs.h"
#include "mem.h"

static void parse(const char *text, struct attrs *ret)
{
	auto_err e = ERR_INIT;
	if (attrs_parse(text, strlen(text), "overlays/common/attrs", ret, &e) < 0)
		fail_msg("%s", e.msg);
}

static void assert_refused(const char *text, const char *fragment)
{
	auto_attrs a = {0};
	auto_err e = ERR_INIT;
	assert_int_equal(attrs_parse(text, strlen(text), "attrs", &a, &e), -1);
	assert_int_equal(e.code, ERR_PROFILE);
	if (!strstr(e.msg, fragment))
		fail_msg("%s", e.msg);
	assert_int_equal(a.n, 0);
}

static void a_line_is_path_mode_owner_group(void **state)
{
	(void)state;
	auto_attrs a = {0};
	parse("# path  mode owner group\n\n/etc/motd\t0644 root  1000 template\n"
	      "/srv/cluster 2775 root mpi",
	      &a);
	assert_int_equal(a.n, 2);
	assert_string_equal(a.entries[0].path, "/etc/motd");
	assert_int_equal(a.entries[0].mode, 0644);
	assert_string_equal(a.entries[0].owner, "root");
	assert_string_equal(a.entries[0].group, "1000");
	assert_true(a.entries[0].is_template);
	assert_int_equal(a.entries[0].line, 3);
	assert_int_equal(a.entries[1].mode, 02775);
	assert_false(a.entries[1].is_template);
}

static void special_files_are_remarks(void **state)
{
	(void)state;
	auto_attrs a = {0};
	parse("/dev/null 0666 root root char:1:3\n/run/f 600 0 0 fifo\n", &a);
	assert_string_equal(a.entries[0].node, "char:1:3");
	assert_string_equal(a.entries[1].node, "fifo");
}

static void blanks_are_escaped(void **state)
{
	(void)state;
	auto_attrs a = {0};
	parse("/etc/a\\040b\\134c 0644 root root\n", &a);
	assert_string_equal(a.entries[0].path, "/etc/a b\\c");
}

static void the_last_line_that_covers_a_path_wins(void **state)
{
	(void)state;
	auto_attrs a = {0};
	parse("/** 0644 root root\n/home/pi/** 0600 pi pi\n/home/pi 0700 pi pi\n"
	      "/home/pi/x 0755 pi pi\n",
	      &a);
	assert_int_equal(attrs_find(&a, "/etc/motd")->mode, 0644);
	assert_int_equal(attrs_find(&a, "/home/pi/x")->mode, 0755);
	assert_int_equal(attrs_find(&a, "/home/pi/y/z")->mode, 0600);
	assert_int_equal(attrs_find(&a, "/home/pi")->mode, 0700);
	assert_int_equal(attrs_find(&a, "/home/pine")->mode, 0644);
	assert_null(attrs_find(&a, "/"));
}

static void printing_and_parsing_agree(void **state)
{
	(void)state;
	const char *text = "/etc/a\\040\\134\\043\\052 4755 7 8 template\n/** 0644 root root\n"
			   "/dev/x/** 0600 root disk block:8:1\n";
	auto_attrs a = {0};
	auto_str out = STR_INIT;
	parse(text, &a);
	for (size_t i = 0; i < a.n; i++)
		attrs_print(&out, &a.entries[i]);
	assert_string_equal(out.data, text);
}

static void bad_lines_are_named(void **state)
{
	(void)state;
	assert_refused("\n/etc/motd 0644 root", "attrs:2: a line is 'path mode owner group'");
	assert_refused("etc/motd 0644 root root", "attrs:1: 'etc/motd' is not a path");
	assert_refused("/etc/../x 0644 root root", "'/etc/../x' is not a path");
	assert_refused("/etc//x 0644 root root", "is not a path");
	assert_refused("/etc/. 0644 root root", "is not a path");
	assert_refused("/etc/x/ 0644 root root", "is not a path");
	assert_refused("/etc/\\1 0644 root root", "is not a path");
	assert_refused("/etc/\\000 0644 root root", "is not a path");
	assert_refused("/etc/\\056\\056/x 0644 root root", "is not a path");
	assert_refused("/a 0888 root root", "'0888' is not an octal mode");
	assert_refused("/a 17777 root root", "is not an octal mode");
	assert_refused("/a 0644 ro:ot root", "'ro:ot' is not a user");
	assert_refused("/a 0644 root 4294967295", "'4294967295' is not a user");
	assert_refused("/a 0644 root root tempalte", "'tempalte' is not a remark");
	assert_refused("/a 0644 root root char:1", "is not a remark");
	assert_refused("/a 0644 root root char:1:3000000", "is not a remark");
	assert_refused("/a 0644 root root fifo fifo", "is not a remark");
}

static void a_nul_byte_is_refused(void **state)
{
	(void)state;
	auto_attrs a = {0};
	auto_err e = ERR_INIT;
	assert_int_equal(attrs_parse("/a 0644 root\0 root\n", 19, "attrs", &a, &e), -1);
	assert_non_null(strstr(e.msg, "NUL byte"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_path_mode_owner_group),
		cmocka_unit_test(special_files_are_remarks),
		cmocka_unit_test(blanks_are_escaped),
		cmocka_unit_test(the_last_line_that_covers_a_path_wins),
		cmocka_unit_test(printing_and_parsing_agree),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(a_nul_byte_is_refused),
	};
	return cmocka_run_group_tests_name("attrs", tests, NULL, NULL);
}
