/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define ADDRESS "address = \"10.0.0.%d/24\"\nfirst-address = 11\n"
#define FILE_ETH0 "/etc/systemd/network/10-cardstock-eth0.network"

static void the_address_follows_from_the_nodes_number(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "[Match]\nName=eth0\n");
	assert_file_has(&f, FILE_ETH0, "\nAddress=10.0.0.11/24\n");
	assert_file_has(&f, FILE_ETH0, "\nRequiredForOnline=no\n");
	assert_attr(&f, FILE_ETH0, "0644 0 0");
	fixture_done(&f);
}

static void it_is_never_the_default_route(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { interface = \"eth0\" gateway = false }");
	fixture_run(&f, &custom_wired);
	assert_file_lacks(&f, FILE_ETH0, "Gateway");
	assert_file_has(&f, FILE_ETH0, "\nIPv6AcceptRA=no\n");
	fixture_done(&f);
}

static void a_board_without_wifi_can_have_a_gateway(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { gateway = \"10.0.0.254\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "\nGateway=10.0.0.254\n");
	fixture_done(&f);
}

static void patterns_match_several_names(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { interface = \"eth0 en*\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/systemd/network/10-cardstock-wired.network", "\nName=eth0 en*\n");
	fixture_done(&f);
}

static void dhcp_brings_no_route(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "wired { dhcp = true }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "\nDHCP=ipv4\n");
	assert_file_has(&f, FILE_ETH0, "\n[DHCPv4]\nUseRoutes=no\n");
	assert_file_lacks(&f, FILE_ETH0, "Address=");
	fixture_done(&f);
}

static void another_network_stack_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *wants = fixture_host(
		&f, "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service");
	assert_int_equal(unlink(wants), 0);
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "does not use systemd-networkd");
	assert_attr(&f, FILE_ETH0, "none");
	fixture_done(&f);
}

static void no_address_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "wired { }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "plans no address");
	fixture_done(&f);
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_wired, "wired {\ninterface = \"eth0\\n[X]\" }",
		       "is not an interface");
	assert_refused(&f, &custom_wired, "wired {\ngateway = \"10.0.0\" }", "worker.conf:2:");
	assert_refused(&f, &custom_wired, ADDRESS "wired {\ndhcp = true }",
		       "worker.conf:4: dhcp = true, but");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_address_follows_from_the_nodes_number),
		cmocka_unit_test(it_is_never_the_default_route),
		cmocka_unit_test(a_board_without_wifi_can_have_a_gateway),
		cmocka_unit_test(patterns_match_several_names),
		cmocka_unit_test(dhcp_brings_no_route),
		cmocka_unit_test(another_network_stack_is_noted),
		cmocka_unit_test(no_address_is_noted),
		cmocka_unit_test(bad_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
