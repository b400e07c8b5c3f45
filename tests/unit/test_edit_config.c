/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edit_boot.h"
#include "mem.h"

/* As Raspberry Pi OS ships it, with less of it. */
#define STOCK                                                                      \
	"# For more options see http://rptl.io/configtxt\n#dtparam=i2c_arm=on\n\n" \
	"dtparam=audio=on\ndtoverlay=vc4-kms-v3d\narm_64bit=1\n\n"                 \
	"[cm4]\notg_mode=1\n\n[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\n"

/* items are separated by '|'. The result stays what it is when it is edited once more. */
static void assert_edit(const char *text, const char *items, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	auto_strv list = {0};
	strv_split(&list, items, "|");
	config_edit(&out, text, &list);
	assert_string_equal(str_text(&out), expected);
	config_edit(&again, str_text(&out), &list);
	assert_string_equal(str_text(&again), expected);
}

static void a_new_setting_is_added_where_no_filter_holds(void **state)
{
	(void)state;
	assert_edit(STOCK, "gpu_mem=16", STOCK "gpu_mem=16\n");
	assert_edit("a=1", "b=2", "a=1\nb=2\n");
	assert_edit("", "b=2", "b=2\n");
	assert_edit("[pi4]\na=1\n", "b=2", "[pi4]\na=1\n[all]\nb=2\n");
}

static void a_setting_takes_the_place_of_its_name(void **state)
{
	(void)state;
	assert_edit("a=1\nb=1\na=2\n", "a=3", "a=3\nb=1\n");
	assert_edit("a=1\r\nb=1\r\n", "a=3", "a=3\r\nb=1\r\n");
	assert_edit("  a=1\n#a=2\naa=1\n", "a=3", "a=3\n#a=2\naa=1\n");
	assert_edit("  a=3  \nb=1", "a=3", "  a=3  \nb=1");
	assert_edit("initramfs old\n", "initramfs new followkernel",
		    "initramfs new followkernel\n");
}

static void a_filter_keeps_settings_apart(void **state)
{
	(void)state;
	assert_edit("a=1\n[pi4]\na=2\n", "a=3", "a=3\n[pi4]\na=2\n");
	assert_edit("a=1\n[pi4]\na=2\n", "[pi4] a=3", "a=1\n[pi4]\na=3\n");
	assert_edit("[pi4]\n[EDID=x]\na=2\n", "[pi4] a=3", "[pi4]\na=3\n[EDID=x]\na=2\n");
	assert_edit("[pi4\na=1\n", "[pi4] a=3", "[pi4\na=1\n[pi4]\na=3\n[all]\n");
	assert_edit("[pi4]\n[cm4]\na=2\n", "[cm4] a=3", "[pi4]\n[cm4]\na=3\n");
}

static void a_filter_that_is_there_gets_the_setting(void **state)
{
	(void)state;
	assert_edit("[cm4]\notg_mode=1\n\n[all]\nx=1\n", "[cm4] a=1",
		    "[cm4]\notg_mode=1\na=1\n\n[all]\nx=1\n");
	assert_edit("[cm4]\notg_mode=1", "[CM4]a=1", "[cm4]\notg_mode=1\na=1\n");
}

static void a_filter_that_is_missing_is_added_and_ended(void **state)
{
	(void)state;
	assert_edit("x=1\n", "[pi4] a=1|[pi4] b=1", "x=1\n[pi4]\na=1\nb=1\n[all]\n");
	assert_edit("[cm4]\nx=1", "[pi4] a=1", "[cm4]\nx=1\n[all]\n[pi4]\na=1\n[all]\n");
}

static void overlays_are_one_more(void **state)
{
	(void)state;
	assert_edit("dtoverlay=a\n", "dtoverlay=b,x=1|dtoverlay=a",
		    "dtoverlay=a\ndtoverlay=b,x=1\n");
}

static void a_parameter_is_replaced_by_its_own_name(void **state)
{
	(void)state;
	assert_edit("dtparam=audio=on\ndtparam=spi=on\n", "dtparam=audio=off|dtparam=i2c_arm=on",
		    "dtparam=audio=off\ndtparam=spi=on\ndtparam=i2c_arm=on\n");
	assert_edit("dtparam=a=1,b=2\n", "dtparam=a=2", "dtparam=a=1,b=2\ndtparam=a=2\n");
}

static void a_setting_is_taken_out(void **state)
{
	(void)state;
	assert_edit("a=1\nb=1\n[pi4]\na=2\n", "-a", "b=1\n[pi4]\na=2\n");
	assert_edit("a=1\n[pi4]\na=2\nab=2\n", "[pi4] -a=", "a=1\n[pi4]\nab=2\n");
	assert_edit("dtoverlay=vc4-kms-v3d,cma-256\ndtoverlay=vc4-kms-v3d-pi4\n",
		    "-dtoverlay=vc4-kms-v3d", "dtoverlay=vc4-kms-v3d-pi4\n");
	assert_edit("dtparam=audio=on\ndtparam=audio2=on\n", "-dtparam=audio",
		    "dtparam=audio2=on\n");
	assert_edit("gpu_mem=16\n", "-gpu_mem=1", "gpu_mem=16\n");
}

static void a_setting_that_is_set_later_stays_where_it_is(void **state)
{
	(void)state;
	assert_edit("dtoverlay=x\ndtoverlay=y\nb=1\n", "-dtoverlay|dtoverlay=x|c=1",
		    "dtoverlay=x\nb=1\nc=1\n");
	assert_edit("a=1\n", "b=0|-b|b=1|c=1", "a=1\nb=1\nc=1\n");
}

static void a_value_for_all_boards_is_read(void **state)
{
	(void)state;
	autofree char *value = config_get("p=1\n[pi4]\np=2\n[all]\n p=3/ \n[none]\np=4\n", "p");
	assert_string_equal(value, "3/");
	assert_null(config_get("[pi4]\np=2\npp=1\n#p=1\n", "p"));
}

static void assert_check(const char *item, const char *fragment)
{
	auto_err e = ERR_INIT;
	int r = config_check_item(item, &e);
	if (!fragment && r < 0)
		fail_msg("%s", e.msg);
	if (fragment && (r == 0 || !strstr(e.msg, fragment)))
		fail_msg("no '%s' for '%s': %s", fragment, item, r == 0 ? "accepted" : e.msg);
}

static void what_is_not_a_setting_is_refused(void **state)
{
	static const char *const good[] = {"a=1",
					   "[pi4]a=1",
					   "[pi3+] a=1",
					   "[cm4s] -a",
					   "[all] a=",
					   "[0x1234abcd] a=1",
					   "[gpio4=1] a=1",
					   "[HDMI:1] a=1",
					   "[EDID=VSC-TD2220] a=1",
					   "-dtoverlay=x",
					   "[none] a=1",
					   "[board-type=0x14] a=1",
					   "initramfs initrd followkernel"};
	static const char *const bad[] = {"",	  "a",	   "a =1",   "-",	 "=1",	"[pi4]",
					  "#a=1", "a=1\n", "a=\x7f", "[pi4 a=1", "a=1 "};
	static const char *const filters[] = {"[rpi4] a=1", "[] a=1",	  "[pi] a=1",
					      "[0xg] a=1",  "[PI4 ] a=1", "[edid] a=1"};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_check(good[i], NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_check(bad[i], "is not a setting of config.txt: use name=value");
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		assert_check(filters[i], "is not a filter of config.txt: use [all]");
	autofree char *lengthy = xasprintf("a=%0100d", 1);
	assert_check(lengthy, "at most 98 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_setting_is_added_where_no_filter_holds),
		cmocka_unit_test(a_setting_takes_the_place_of_its_name),
		cmocka_unit_test(a_filter_keeps_settings_apart),
		cmocka_unit_test(a_filter_that_is_there_gets_the_setting),
		cmocka_unit_test(a_filter_that_is_missing_is_added_and_ended),
		cmocka_unit_test(overlays_are_one_more),
		cmocka_unit_test(a_parameter_is_replaced_by_its_own_name),
		cmocka_unit_test(a_setting_is_taken_out),
		cmocka_unit_test(a_setting_that_is_set_later_stays_where_it_is),
		cmocka_unit_test(a_value_for_all_boards_is_read),
		cmocka_unit_test(what_is_not_a_setting_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
