/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edit_rename.h"
#include "mem.h"

typedef void rename_fn(struct str *out, const char *text, const char *from, const char *to);

static void assert_renamed(rename_fn *fn, const char *text, const char *from, const char *to,
			   const char *expected)
{
	auto_str out = STR_INIT;
	fn(&out, text, from, to);
	assert_string_equal(str_text(&out), expected);
}

static void assert_words(const char *text, const char *lines, const char *expected)
{
	auto_str out = STR_INIT;
	words_rename(&out, text, lines, "pi", "ops");
	assert_string_equal(str_text(&out), expected);
}

static void lines_get_the_new_name(void **state)
{
	(void)state;
	assert_renamed(db_rename, "pix:1\npi:1:a\npi:2\nx:pi:3", "pi", "ops",
		       "pix:1\nops:1:a\nops:2\nx:pi:3");
}

static void a_line_that_the_new_name_had_goes(void **state)
{
	(void)state;
	assert_renamed(db_rename, "ops:old\npi:1\n", "pi", "ops", "ops:1\n");
	assert_renamed(db_rename, "ops:kept\n", "pi", "ops", "ops:kept\n");
}

static void members_and_administrators_get_the_new_name(void **state)
{
	(void)state;
	assert_renamed(group_rename, "pi:x:1:\nsudo:x:27:a,pi,pip\nadm:*:pi:pi\n", "pi", "ops",
		       "pi:x:1:\nsudo:x:27:a,ops,pip\nadm:*:ops:ops\n");
	assert_renamed(group_rename, "sudo:x:27:ops,pi", "pi", "ops", "sudo:x:27:ops");
}

static void a_member_leaves(void **state)
{
	(void)state;
	assert_renamed(group_rename, "sudo:x:27:a,pi\nadm:x:4:pi\n", "pi", NULL,
		       "sudo:x:27:a\nadm:x:4:\n");
}

static void lists_without_the_name_stay_as_they_are(void **state)
{
	(void)state;
	assert_renamed(group_rename, "a:x:1:b,,b\n\n# odd\n", "pi", "ops", "a:x:1:b,,b\n\n# odd\n");
}

static void whole_words_are_renamed_but_not_in_comments(void **state)
{
	(void)state;
	assert_words("# pi\npi ALL=(pi) pip, %pi\n", NULL, "# pi\nops ALL=(ops) pip, %ops\n");
	assert_words("User=pi\nName=pi\n", "User=|Group=", "User=ops\nName=pi\n");
	assert_words("pi\n", "", "pi\n");
	assert_words("AllowUsers pi@10.0.0.5 a@pi pip@b\n", "AllowUsers",
		     "AllowUsers ops@10.0.0.5 a@pi pip@b\n");
}

static void paths_are_renamed_with_what_is_below(void **state)
{
	(void)state;
	assert_renamed(path_rename, "/home/pi /home/pi/a:/home/pip x/home/pi file:///home/pi",
		       "/home/pi", "/home/ops",
		       "/home/ops /home/ops/a:/home/pip x/home/pi file:///home/ops");
}

static void a_part_of_a_file_name_is_renamed(void **state)
{
	(void)state;
	assert_renamed(name_rename, "010_pi-nopasswd", "pi", "ops", "010_ops-nopasswd");
	assert_renamed(name_rename, "pipe-pie", "pi", "ops", "pipe-pie");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_get_the_new_name),
		cmocka_unit_test(a_line_that_the_new_name_had_goes),
		cmocka_unit_test(members_and_administrators_get_the_new_name),
		cmocka_unit_test(a_member_leaves),
		cmocka_unit_test(lists_without_the_name_stay_as_they_are),
		cmocka_unit_test(whole_words_are_renamed_but_not_in_comments),
		cmocka_unit_test(paths_are_renamed_with_what_is_below),
		cmocka_unit_test(a_part_of_a_file_name_is_renamed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
