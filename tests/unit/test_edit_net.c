/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edit_net.h"

static void assert_dropped(const char *text, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	auto_strv names = {0};
	strv_split(&names, "eth0 wlan0", " ");
	interfaces_drop(&out, text, &names);
	assert_string_equal(str_text(&out), expected);
	interfaces_drop(&again, str_text(&out), &names);
	assert_string_equal(str_text(&again), expected);
}

static void stanzas_of_an_interface_go(void **state)
{
	(void)state;
	assert_dropped(
		"iface eth0 inet dhcp\n\tmetric 5\n\n# next\niface lo inet loopback\n\tup x\n",
		"\n# next\niface lo inet loopback\n\tup x\n");
	assert_dropped("iface eth0 inet dhcp\niface eth0 inet6 auto\nsource /x/*\n",
		       "source /x/*\n");
	assert_dropped("iface eth1 inet dhcp\n", "iface eth1 inet dhcp\n");
	assert_dropped("iface eth0.5 inet dhcp", "iface eth0.5 inet dhcp");
}

static void names_go_from_auto_lines(void **state)
{
	(void)state;
	assert_dropped("auto lo eth0\nallow-hotplug eth0 wlan0\nno-auto-down eth0\n",
		       "auto lo\nno-auto-down eth0\n");
	assert_dropped("auto  lo  eth1\n", "auto  lo  eth1\n");
}

static void a_backslash_continues_a_line(void **state)
{
	(void)state;
	assert_dropped("iface eth0 inet static\n up a \\\n  b\nauto \\\n eth0\nauto lo\n",
		       "auto lo\n");
}

static void blocks_stay(void **state)
{
	(void)state;
	assert_dropped("# BEGIN cardstock wired\niface eth0 inet dhcp\n# END cardstock wired\n",
		       "# BEGIN cardstock wired\niface eth0 inet dhcp\n# END cardstock wired\n");
	assert_dropped("# BEGIN cardstock wired\niface eth0 inet dhcp\n",
		       "# BEGIN cardstock wired\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stanzas_of_an_interface_go),
		cmocka_unit_test(names_go_from_auto_lines),
		cmocka_unit_test(a_backslash_continues_a_line),
		cmocka_unit_test(blocks_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
