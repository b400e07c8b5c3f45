/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

static void a_node_has_its_own_name(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "hostname = \"node%02d\"");
	fixture_run(&f, &custom_hostname);
	assert_file(&f, "/etc/hostname", "node01\n");
	fixture_done(&f);
}

static void hosts_lists_every_planned_node(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "address = \"10.0.0.%d/24\"\nfirst-address = 11");
	fixture_run(&f, &custom_hostname);
	assert_file(&f, "/etc/hosts",
		    "127.0.0.1\tlocalhost\n"
		    "# BEGIN cardstock hosts\n"
		    "10.0.0.11\tworker001 worker001.testbed\n"
		    "10.0.0.12\tworker002 worker002.testbed\n"
		    "10.0.0.13\tworker003 worker003.testbed\n"
		    "# END cardstock hosts\n");
	fixture_done(&f);
}

static void a_node_without_address_knows_itself_as_127_0_1_1(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_hostname);
	assert_file(&f, "/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tworker001\n");
	fixture_done(&f);
}

static void an_image_without_hosts_gets_localhost_too(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *hosts = fixture_host(&f, "/etc/hosts");
	assert_int_equal(unlink(hosts), 0);
	fixture_profile(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_hostname);
	assert_file_has(&f, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\t");
	assert_file_has(&f, "/etc/hosts", "10.0.0.1\tworker001 ");
	fixture_done(&f);
}

/* The edits work on text: what is behind a NUL byte would be lost. */
static void a_hosts_file_that_is_not_text_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	autofree char *hosts = fixture_host(&f, "/etc/hosts");
	assert_ok(io_replace_file(hosts, "127.0.0.1 a\0\n10.9.9.9 b\n", 25, 0644, &e), &e);
	fixture_profile(&f, "");
	assert_int_equal(fixture_try(&f, &custom_hostname, &e), -1);
	assert_int_equal(e.code, ERR_IMAGE);
	assert_non_null(strstr(e.msg, "/etc/hosts: has NUL bytes"));
	fixture_done(&f);
}

static void openwrts_own_name_is_noted(void **state)
{
	(void)state;
	static const char *const files[] = {"root/etc/openwrt_release", "root/etc/config/system"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct fixture f;
		fixture_init(&f);
		fixture_profile(&f, "");
		fixture_run(&f, &custom_hostname);
		assert_int_equal(f.notes.n, 0);
		fixture_put(&f, files[i], "config system\n");
		fixture_run(&f, &custom_hostname);
		assert_note(&f, "OpenWrt has its own in /etc/config/system");
		fixture_put(&f, "site/root/etc/config/system", "option hostname '${hostname}'\n");
		fixture_profile(&f, "overlays = {\"./site\"}");
		fixture_run(&f, &custom_hostname);
		assert_int_equal(f.notes.n, 0);
		fixture_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_has_its_own_name),
		cmocka_unit_test(hosts_lists_every_planned_node),
		cmocka_unit_test(a_node_without_address_knows_itself_as_127_0_1_1),
		cmocka_unit_test(an_image_without_hosts_gets_localhost_too),
		cmocka_unit_test(a_hosts_file_that_is_not_text_is_refused),
		cmocka_unit_test(openwrts_own_name_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
