/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edit.h"
#include "mem.h"

#define PASSWD                              \
	"root:x:0:0:root:/root:/bin/bash\n" \
	"pi:x:1000:1000:,,,:/home/pi:/bin/bash\n"

static void assert_db_set(const char *text, const char *line, const char *expected)
{
	auto_str out = STR_INIT;
	db_set(&out, text, line);
	assert_string_equal(str_text(&out), expected);
}

static void assert_block_set(const char *text, const char *body, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	block_set(&out, text, "hosts", body);
	assert_string_equal(str_text(&out), expected);
	block_set(&again, str_text(&out), "hosts", body);
	assert_string_equal(str_text(&again), expected);
}

static void assert_text(char *owned, const char *expected)
{
	autofree char *text = owned;
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void a_line_is_found_by_its_whole_name(void **state)
{
	(void)state;
	assert_text(db_get(PASSWD, "pi"), "pi:x:1000:1000:,,,:/home/pi:/bin/bash");
	assert_null(db_get(PASSWD, "p"));
	assert_null(db_get(PASSWD, "pip"));
	assert_null(db_get(PASSWD, ""));
	assert_text(db_get("a\npi", "pi"), "pi");
}

static void fields_are_counted_from_zero(void **state)
{
	(void)state;
	assert_text(db_field("pi:x:1000::", 0), "pi");
	assert_text(db_field("pi:x:1000::", 2), "1000");
	assert_text(db_field("pi:x:1000::", 4), "");
	assert_null(db_field("pi:x:1000::", 5));
}

static void a_line_is_replaced_where_it_is(void **state)
{
	(void)state;
	assert_db_set("a:1\nb:2\nc:3\n", "b:9", "a:1\nb:9\nc:3\n");
	assert_db_set("a:1\nb:2", "b:9", "a:1\nb:9");
	assert_db_set("a:1\r\n\n#c\nb:2", "a:9", "a:9\n\n#c\nb:2");
}

static void a_second_line_of_the_name_goes(void **state)
{
	(void)state;
	assert_db_set("a:1\nb:2\na:3\n", "a:9", "a:9\nb:2\n");
}

static void the_lines_of_a_name_are_removed(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	db_remove(&out, "pi:1\npip:2\n\npi\n#pi:3\nx", "pi");
	assert_string_equal(str_text(&out), "pip:2\n\n#pi:3\nx");
}

static void a_new_line_is_added_at_the_end(void **state)
{
	(void)state;
	assert_db_set("a:1\n", "b:2", "a:1\nb:2\n");
	assert_db_set("a:1", "b:2", "a:1\nb:2\n");
	assert_db_set("", "b:2", "b:2\n");
}

static void a_new_line_is_added_before_those_of_nis(void **state)
{
	(void)state;
	assert_db_set("a:1\n+@ops\n+:::\n", "b:2", "a:1\nb:2\n+@ops\n+:::\n");
	assert_db_set("+@ops\nb:1\n", "b:2", "+@ops\nb:2\n");
}

static void a_newline_in_an_entry_cannot_add_a_second(void **state)
{
	(void)state;
	assert_db_set("a:1\n", "b:2\nroot2:x:0:0", "a:1\nb:2\n");
}

static void names_are_found_by_id(void **state)
{
	(void)state;
	assert_text(db_find_id(PASSWD, 2, 1000), "pi");
	assert_text(db_find_id(PASSWD, 2, 0), "root");
	assert_null(db_find_id(PASSWD, 2, 1));
	assert_null(db_find_id("+::0:\nbad:x:zero:\nshort\n", 2, 0));
}

static void members_join_a_group_once(void **state)
{
	(void)state;
	assert_text(group_line_with("video:x:44:", "pi"), "video:x:44:pi");
	assert_text(group_line_with("video:x:44:a,b", "pi"), "video:x:44:a,b,pi");
	assert_text(group_line_with("video:x:44:a,pi", "pi"), "video:x:44:a,pi");
	assert_text(group_line_with("video:x:44:pip", "pi"), "video:x:44:pip,pi");
	assert_text(group_line_with("video:x:44", "pi"), "video:x:44:pi");
}

static void a_block_is_added_at_the_end(void **state)
{
	(void)state;
	assert_block_set("x", "1\n2", "x\n# BEGIN cardstock hosts\n1\n2\n# END cardstock hosts\n");
	assert_block_set("", "1\n", "# BEGIN cardstock hosts\n1\n# END cardstock hosts\n");
}

static void a_block_is_replaced_where_it_is(void **state)
{
	(void)state;
	assert_block_set("x\n# BEGIN cardstock hosts\nold\n# END cardstock hosts\ny", "new\n",
			 "x\n# BEGIN cardstock hosts\nnew\n# END cardstock hosts\ny");
}

static void an_empty_body_removes_the_block(void **state)
{
	(void)state;
	assert_block_set("x\n# BEGIN cardstock hosts\nold\n# END cardstock hosts\ny", "", "x\ny");
	assert_block_set("x", "", "x");
}

static void assert_block_set_first(const char *text, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	block_set_first(&out, text, "path", "new");
	assert_string_equal(str_text(&out), expected);
	block_set_first(&again, str_text(&out), "path", "new");
	assert_string_equal(str_text(&again), expected);
}

static void a_block_may_begin_the_text(void **state)
{
	(void)state;
	assert_block_set_first("x", "# BEGIN cardstock path\nnew\n# END cardstock path\nx");
	assert_block_set_first("x\n# BEGIN cardstock path\nold\n# END cardstock path\n",
			       "x\n# BEGIN cardstock path\nnew\n# END cardstock path\n");
}

static void blocks_of_other_names_stay(void **state)
{
	(void)state;
	const char *other = "# BEGIN cardstock hosts2\nz\n# END cardstock hosts2\n";
	assert_block_set(other, "", other);
}

static void half_a_block_swallows_nothing(void **state)
{
	(void)state;
	assert_block_set("# BEGIN cardstock hosts\nmine\n", "1\n",
			 "mine\n# BEGIN cardstock hosts\n1\n# END cardstock hosts\n");
	assert_block_set("# BEGIN cardstock hosts\nmine\n"
			 "# BEGIN cardstock hosts\nold\n# END cardstock hosts\nlast\n",
			 "1\n", "mine\n# BEGIN cardstock hosts\n1\n# END cardstock hosts\nlast\n");
	assert_block_set("mine\n# END cardstock hosts\n", "", "mine\n");
}

static void a_body_cannot_end_its_block(void **state)
{
	(void)state;
	assert_block_set("", "1\n# END cardstock hosts\n2\n",
			 "# BEGIN cardstock hosts\n1\n2\n# END cardstock hosts\n");
}

static void the_loopback_line_of_the_hostname_goes(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	hosts_set_self(&out,
		       "127.0.0.1 localhost worker001\n"
		       "127.0.1.1\traspberrypi\n"
		       "127.0.1.1\tworker001.lab Worker001 # old\n"
		       "#127.0.1.1 worker001\n"
		       "# BEGIN cardstock hosts\n127.0.1.1 worker001\n# END cardstock hosts\n"
		       "# BEGIN cardstock half\n127.0.1.1 worker001\n"
		       "::1 worker001",
		       "worker001");
	assert_string_equal(str_text(&out),
			    "127.0.0.1 localhost worker001\n"
			    "127.0.1.1\traspberrypi\n"
			    "#127.0.1.1 worker001\n"
			    "# BEGIN cardstock hosts\n127.0.1.1 worker001\n# END cardstock hosts\n"
			    "# BEGIN cardstock half\n"
			    "::1 worker001");
}

static void assert_var_set(const char *text, const char *value, const char *expected)
{
	auto_str out = STR_INIT;
	var_set(&out, text, "LANG", value);
	assert_string_equal(str_text(&out), expected);
}

static void a_variable_is_set_in_its_line(void **state)
{
	(void)state;
	assert_var_set("# LANG=x\nLANG=a\nLANGUAGE=b\n", "C", "# LANG=x\nLANG=C\nLANGUAGE=b\n");
	assert_var_set("A=1\n LANG=a", "C", "A=1\nLANG=C");
	assert_var_set("LANG=a\nLANG=b\n", "C", "LANG=C\n");
	assert_var_set("A=1", "C", "A=1\nLANG=C\n");
	assert_var_set("", "C", "LANG=C\n");
	assert_var_set("LANG=a\nA=1\n", NULL, "A=1\n");
	assert_var_set("LANG\nA=1", NULL, "LANG\nA=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_found_by_its_whole_name),
		cmocka_unit_test(fields_are_counted_from_zero),
		cmocka_unit_test(a_line_is_replaced_where_it_is),
		cmocka_unit_test(a_second_line_of_the_name_goes),
		cmocka_unit_test(the_lines_of_a_name_are_removed),
		cmocka_unit_test(a_new_line_is_added_at_the_end),
		cmocka_unit_test(a_new_line_is_added_before_those_of_nis),
		cmocka_unit_test(a_newline_in_an_entry_cannot_add_a_second),
		cmocka_unit_test(names_are_found_by_id),
		cmocka_unit_test(members_join_a_group_once),
		cmocka_unit_test(a_block_is_added_at_the_end),
		cmocka_unit_test(a_block_is_replaced_where_it_is),
		cmocka_unit_test(an_empty_body_removes_the_block),
		cmocka_unit_test(a_block_may_begin_the_text),
		cmocka_unit_test(blocks_of_other_names_stay),
		cmocka_unit_test(half_a_block_swallows_nothing),
		cmocka_unit_test(a_body_cannot_end_its_block),
		cmocka_unit_test(the_loopback_line_of_the_hostname_goes),
		cmocka_unit_test(a_variable_is_set_in_its_line),
	};
	return cmocka_run_group_tests_name("edit", tests, NULL, NULL);
}
