/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edit_boot.h"
#include "mem.h"

#define PI "console=serial0,115200 console=tty1 root=PARTUUID=1a2b-02 rootwait quiet\n"

/* items are separated by blanks. The result stays what it is when it is edited once more. */
static void assert_edit(const char *text, const char *items, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	auto_strv list = {0};
	strv_split(&list, items, " ");
	cmdline_edit(&out, text, &list);
	assert_string_equal(str_text(&out), expected);
	cmdline_edit(&again, str_text(&out), &list);
	assert_string_equal(str_text(&again), expected);
}

static void a_word_is_added_once(void **state)
{
	(void)state;
	assert_edit("a b\n", "splash", "a b splash\n");
	assert_edit("a splash b\n", "splash", "a splash b\n");
	assert_edit("", "splash", "splash");
	assert_edit("\n", "splash", "splash\n");
}

static void a_value_takes_the_place_of_its_name(void **state)
{
	(void)state;
	assert_edit("a root=/dev/sda2 b\n", "root=LABEL=rootfs", "a root=LABEL=rootfs b\n");
	assert_edit("x=1 a x=2 b\n", "x=3", "x=3 a b\n");
	assert_edit("a\n", "x=3", "a x=3\n");
	assert_edit("xx=1 x\n", "x=3", "xx=1 x x=3\n");
}

static void a_dash_in_a_name_is_an_underscore(void **state)
{
	(void)state;
	assert_edit("usb-storage.quirks=1:2:u a\n", "usb_storage.quirks=3:4:u",
		    "usb_storage.quirks=3:4:u a\n");
}

static void a_name_that_may_repeat_gets_one_more(void **state)
{
	(void)state;
	assert_edit("console=tty1 a\n", "console=ttyS1,115200",
		    "console=tty1 a console=ttyS1,115200\n");
	assert_edit("cgroup_enable=cpuset\n", "cgroup_enable=memory",
		    "cgroup_enable=cpuset cgroup_enable=memory\n");
	assert_edit("console=tty1 a\n", "console=tty1", "console=tty1 a\n");
}

static void a_word_is_taken_out(void **state)
{
	(void)state;
	assert_edit("a quiet b quiet\n", "-quiet", "a b\n");
	assert_edit("a quiet=1 quietly\n", "-quiet", "a quiet=1 quietly\n");
	assert_edit(PI, "-console=tty1",
		    "console=serial0,115200 root=PARTUUID=1a2b-02 rootwait quiet\n");
	assert_edit("quiet", "-quiet", "");
}

static void a_word_that_is_set_later_stays_where_it_is(void **state)
{
	(void)state;
	assert_edit("a quiet b\n", "-quiet quiet c", "a quiet b c\n");
}

static void all_words_of_a_name_are_taken_out(void **state)
{
	(void)state;
	assert_edit(PI, "-console=", "root=PARTUUID=1a2b-02 rootwait quiet\n");
	assert_edit("a init=/x b\n", "-init=", "a b\n");
}

static void what_follows_a_removal_takes_its_place(void **state)
{
	(void)state;
	assert_edit(PI, "-console= console=ttyS1 console=tty0",
		    "console=ttyS1 console=tty0 root=PARTUUID=1a2b-02 rootwait quiet\n");
	assert_edit("a console=tty0 b console=ttyS1 c\n", "-console= x console=ttyS1 console=tty0",
		    "a console=ttyS1 console=tty0 b c x\n");
}

static void the_line_keeps_its_blanks_where_nothing_changes(void **state)
{
	(void)state;
	assert_edit(" a  b \t c ", "-quiet", " a  b \t c ");
	assert_edit(" a  b \t c ", "d", "a b c d");
}

static void the_end_of_the_line_stays(void **state)
{
	(void)state;
	assert_edit("a", "b", "a b");
	assert_edit("a\r\n", "b", "a b\r\n");
	assert_edit("a\nnot read: a\n", "b", "a b\nnot read: a\n");
}

static void blanks_in_quotes_do_not_separate(void **state)
{
	(void)state;
	assert_edit("dyndbg=\"file a +p\" quiet\n", "-quiet x", "dyndbg=\"file a +p\" x\n");
	assert_edit("a=\"open quiet\n", "x", "a=\"open quiet x\n");
}

static void words_for_init_stay_last(void **state)
{
	(void)state;
	assert_edit("a -- quiet x=1\n", "-quiet b x=2", "a b x=2 -- quiet x=1\n");
}

static void a_word_is_found_on_the_first_line(void **state)
{
	(void)state;
	assert_true(cmdline_has("a resize\nb", "resize"));
	assert_false(cmdline_has("a resizex\nb", "resize"));
	assert_false(cmdline_has("a\nb", "b"));
}

static void what_is_not_a_word_is_refused(void **state)
{
	static const char *const bad[] = {"",	"-",   "--",  "a b", "a\tb", "a\nb",
					  "=x", "-=x", "a\"", "a'b", "a\\b", "caf\xc3\xa9"};
	static const char *const good[] = {"quiet", "-quiet", "console=tty1",
					   "-console=", "memmap=64M$0x1000"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_err e = ERR_INIT;
		assert_int_equal(cmdline_check_item(bad[i], &e), -1);
		assert_non_null(strstr(e.msg, "is not a word of the kernel's command line"));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		auto_err e = ERR_INIT;
		assert_int_equal(cmdline_check_item(good[i], &e), 0);
	}
}

static void each_line_of_a_menu_is_edited(void **state)
{
	(void)state;
	auto_str out = STR_INIT, none = STR_INIT;
	auto_strv items = {0};
	strv_add(&items, "a=2");
	assert_true(
		cmdline_edit_lines(&out,
				   "default l0\nlabel l0\n\tlinux /vmlinuz\n\tappend root=/dev/x "
				   "a=1\n\nlabel l0r\n\tAPPEND  single\nappendix a\nappend",
				   "append", &items));
	assert_string_equal(str_text(&out), "default l0\nlabel l0\n\tlinux /vmlinuz\n\tappend "
					    "root=/dev/x a=2\n\nlabel l0r\n\tAPPEND  single "
					    "a=2\nappendix a\nappend a=2");
	assert_false(cmdline_edit_lines(&none, "label l0\n", "append", &items));
	assert_string_equal(str_text(&none), "label l0\n");
}

static void assert_env(const char *text, const char *value, const char *expected)
{
	auto_str out = STR_INIT;
	env_set(&out, text, "extraargs", value);
	assert_string_equal(str_text(&out), expected);
}

static void a_line_of_an_environment_is_set(void **state)
{
	(void)state;
	assert_env("verbosity=1\n", "a b", "verbosity=1\nextraargs=a b\n");
	assert_env("verbosity=1", "a", "verbosity=1\nextraargs=a\n");
	assert_env("extraargs=x\r\nb=1\nextraargs=y\n", "a", "extraargs=a\r\nb=1\n");
	assert_env("extraargs=x\nextraargs2=y\n", NULL, "extraargs2=y\n");
	assert_env("", NULL, "");
}

static void a_line_of_an_environment_is_read(void **state)
{
	(void)state;
	autofree char *value = env_get("a=1\nextraargs=x y\r\nb=2", "extraargs");
	assert_string_equal(value, "x y");
	assert_null(env_get("xextraargs=1\nextraargs\n", "extraargs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_added_once),
		cmocka_unit_test(a_value_takes_the_place_of_its_name),
		cmocka_unit_test(a_dash_in_a_name_is_an_underscore),
		cmocka_unit_test(a_name_that_may_repeat_gets_one_more),
		cmocka_unit_test(a_word_is_taken_out),
		cmocka_unit_test(a_word_that_is_set_later_stays_where_it_is),
		cmocka_unit_test(all_words_of_a_name_are_taken_out),
		cmocka_unit_test(what_follows_a_removal_takes_its_place),
		cmocka_unit_test(the_line_keeps_its_blanks_where_nothing_changes),
		cmocka_unit_test(the_end_of_the_line_stays),
		cmocka_unit_test(blanks_in_quotes_do_not_separate),
		cmocka_unit_test(words_for_init_stay_last),
		cmocka_unit_test(a_word_is_found_on_the_first_line),
		cmocka_unit_test(what_is_not_a_word_is_refused),
		cmocka_unit_test(each_line_of_a_menu_is_edited),
		cmocka_unit_test(a_line_of_an_environment_is_set),
		cmocka_unit_test(a_line_of_an_environment_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
