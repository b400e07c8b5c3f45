/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edit_net.h"
#include "mem.h"

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

static void assert_renderer(const char *text, const char *expected)
{
	autofree char *renderer = netplan_renderer(text);
	assert_string_equal(renderer ? renderer : "none", expected);
}

static void the_renderer_is_that_of_the_network(void **state)
{
	(void)state;
	assert_renderer("# x\nnetwork:\n    version: 2\n    renderer: \"NetworkManager\" # y\n",
			"NetworkManager");
	assert_renderer("network:\n  ethernets:\n    eth0:\n      renderer: NetworkManager\n",
			"none");
	assert_renderer("other:\n  renderer: networkd\n", "none");
	assert_renderer("network:\n  renderer:\n", "none");
}

static void assert_ini(const char *text, const char *expected)
{
	auto_str out = STR_INIT, again = STR_INIT;
	ini_set(&out, text, "main", "on", "true");
	assert_string_equal(str_text(&out), expected);
	ini_set(&again, str_text(&out), "main", "on", "true");
	assert_string_equal(str_text(&again), expected);
}

static void a_key_of_a_section_is_set(void **state)
{
	(void)state;
	assert_ini("", "[main]\non=true\n");
	assert_ini("[main]\non=false\nx=y", "[main]\non=true\nx=y");
	assert_ini("[other]\non=false\n[main]\non = no", "[other]\non=false\n[main]\non=true");
	assert_ini("[main]\nonly=1\n", "[main]\non=true\nonly=1\n");
	assert_ini("[main]", "[main]\non=true\n");
	assert_ini("on=1\n[mainly]\non=1", "on=1\n[mainly]\non=1\n[main]\non=true\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stanzas_of_an_interface_go),
		cmocka_unit_test(names_go_from_auto_lines),
		cmocka_unit_test(a_backslash_continues_a_line),
		cmocka_unit_test(blocks_stay),
		cmocka_unit_test(the_renderer_is_that_of_the_network),
		cmocka_unit_test(a_key_of_a_section_is_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
