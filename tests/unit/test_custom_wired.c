/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"
#include "../custom/stacks.h"

#define ADDRESS "address = \"10.0.0.%d/24\"\nfirst-address = 11\n"
#define FILE_ETH0 "/etc/systemd/network/0-cardstock-eth0.network"

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
	assert_file_has(&f, "/etc/systemd/network/0-cardstock-wired.network", "\nName=eth0 en*\n");
	/* Fifteen letters are a name; a pattern may be longer than what it matches. */
	fixture_profile(&f, ADDRESS "wired { interface = \"enx001122334455 enx??1122334455*\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/systemd/network/0-cardstock-wired.network",
			"\nName=enx001122334455 enx??1122334455*\n");
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

/* One section for all: the gateway itself goes and asks where its own way out leads. */
static void the_gateway_can_be_one_of_the_nodes(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { gateway = \"10.0.0.11\" dns = \"10.0.0.11\" }");
	fixture_run(&f, &custom_wired);
	assert_file_lacks(&f, FILE_ETH0, "Gateway");
	assert_file_lacks(&f, FILE_ETH0, "DNS");
	f.node = &f.cluster->members[0].nodes[1];
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "Gateway=10.0.0.11\n");
	assert_file_has(&f, FILE_ETH0, "DNS=10.0.0.11\n");
	fixture_done(&f);
}

static void dhcp_can_bring_the_gateway(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "wired { dhcp = true gateway = dhcp }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "\n[DHCPv4]\nRouteMetric=1000\n");
	assert_file_lacks(&f, FILE_ETH0, "UseRoutes");
	fixture_done(&f);
}

static void name_servers_need_systemd_resolved(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS "wired { dns = {\"10.0.0.1\", \"9.9.9.9\"} }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_ETH0, "\nDNS=10.0.0.1\nDNS=9.9.9.9\n");
	assert_note(&f, "systemd-resolved does not start");
	fixture_symlink(&f, "root/etc/systemd/system/sysinit.target.wants/systemd-resolved.service",
			"/usr/lib/systemd/system/systemd-resolved.service");
	fixture_run(&f, &custom_wired);
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void nobody_waits_long_for_networkd(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_unit(&f, "systemd-networkd-wait-online.service",
		   "[Service]\nExecStart=/lib/systemd/systemd-networkd-wait-online\n");
	fixture_profile(&f, ADDRESS "wired { interface = \"eth0 end0\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f,
			"/etc/systemd/system/systemd-networkd-wait-online.service.d/"
			"90-cardstock.conf",
			"\nExecStart=\nExecStart=/lib/systemd/systemd-networkd-wait-online --any "
			"--timeout=7 --interface=eth0 --interface=end0\n");
	fixture_done(&f);
}

#define FILE_NM "/etc/NetworkManager/system-connections/cardstock-wired.nmconnection"

static void networkmanager_gets_a_profile_that_is_never_the_default(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_nm(&f);
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_NM, "\ninterface-name=eth0\n");
	assert_file_has(&f, FILE_NM,
			"\n[ipv4]\nmethod=manual\naddress1=10.0.0.11/24\nnever-default=true\n");
	assert_file_has(&f, FILE_NM, "\n[ipv6]\nmethod=link-local\n");
	assert_attr(&f, FILE_NM, "0600 0 0");
	assert_file_has(&f,
			"/etc/systemd/system/NetworkManager-wait-online.service.d/"
			"90-cardstock.conf",
			"\nEnvironment=NM_ONLINE_TIMEOUT=7\n");
	assert_attr(&f, FILE_ETH0, "none");
	fixture_done(&f);
}

static void networkmanager_matches_patterns_and_takes_a_gateway(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_nm(&f);
	fixture_profile(&f, ADDRESS
			"wired { interface = \"eth0 en*\" gateway = \"10.0.0.1\" dns = 9.9.9.9 }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_NM, "\n[match]\ninterface-name=eth0;en*;\n");
	assert_file_has(&f, FILE_NM,
			"\naddress1=10.0.0.11/24,10.0.0.1\nroute-metric=1000\ndns=9.9.9.9;\n");
	fixture_done(&f);
}

static void networkmanager_leaves_ifupdowns_interfaces_alone(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_nm(&f);
	fixture_put(&f, "root/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "NetworkManager leaves eth0 alone");
	fixture_done(&f);
}

#define FILE_NETPLAN "/etc/netplan/90-cardstock-wired.yaml"

static void netplan_gets_an_optional_interface_without_routes(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_netplan(&f);
	fixture_profile(&f, ADDRESS "wired { interface = \"eth0 en*\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, FILE_NETPLAN,
			"\n    \"0-cardstock-eth0\":\n      match:\n        name: \"eth0\"\n"
			"      optional: true\n      dhcp4: false\n");
	assert_file_has(&f, FILE_NETPLAN,
			"\n    \"0-cardstock1\":\n      match:\n        name: \"en*\"\n");
	assert_file_has(&f, FILE_NETPLAN, "\n      addresses: [\"10.0.0.11/24\"]\n");
	assert_file_lacks(&f, FILE_NETPLAN, "routes");
	assert_attr(&f, FILE_NETPLAN, "0600 0 0");
	assert_attr(&f, FILE_ETH0, "none");
	fixture_done(&f);
}

static void another_file_of_netplan_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_netplan(&f);
	fixture_put(&f, "root/etc/netplan/50-cloud-init.yaml",
		    "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n");
	fixture_profile(&f, "wired { dhcp = true }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "/etc/netplan/50-cloud-init.yaml describes eth0, too");
	assert_file_has(&f, FILE_NETPLAN, "\n      dhcp4-overrides:\n        use-routes: false\n");
	fixture_done(&f);
}

static void a_pattern_in_a_file_of_netplan_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_netplan(&f);
	fixture_put(&f, "root/etc/netplan/10-all.yaml",
		    "network:\n  ethernets:\n    all:\n      match: {name: \"e*\"}\n");
	fixture_put(&f, "root/etc/netplan/20-other.yaml",
		    "# not eth0\nnetwork:\n  ethernets:\n    eth1: {}\n");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "/etc/netplan/10-all.yaml describes eth0, too: networkd takes");
	assert_int_equal(f.notes.n, 1);
	fixture_done(&f);
}

static void a_file_of_netplan_for_networkmanager_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_nm(&f);
	stack_netplan(&f);
	fixture_put(&f, "root/etc/netplan/10-nm.yaml",
		    "network:\n  renderer: NetworkManager\n  ethernets:\n    eth0: {}\n");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_attr(&f, FILE_NM, "0600 0 0");
	assert_note(&f, "/etc/netplan/10-nm.yaml describes eth0, too: NetworkManager has");
	fixture_done(&f);
}

static void netplan_without_files_leaves_the_choice_to_networkmanager(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_nm(&f);
	fixture_put(&f, "root/usr/lib/systemd/system-generators/netplan", "ELF\n");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_attr(&f, FILE_NM, "0600 0 0");
	assert_attr(&f, FILE_NETPLAN, "none");
	fixture_done(&f);
}

static void dhcpcd_gets_a_block_and_ifupdown_beside_it_nothing(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_dhcpcd(&f);
	fixture_profile(&f, ADDRESS "wired { dns = 9.9.9.9 }");
	fixture_run(&f, &custom_wired);
	assert_file(&f, "/etc/dhcpcd.conf",
		    "hostname\n#interface eth0\nslaac private\n# BEGIN cardstock wired\n"
		    "interface eth0\nstatic ip_address=10.0.0.11/24\n"
		    "static domain_name_servers=9.9.9.9\nnogateway\n# END cardstock wired\n");
	assert_file(&f, "/etc/network/interfaces", "source-directory interfaces.d\n");
	fixture_done(&f);
}

static void dhcpcd_takes_a_gateway_but_no_patterns(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_dhcpcd(&f);
	fixture_profile(&f, ADDRESS "wired { gateway = \"10.0.0.1\" }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/dhcpcd.conf", "\nstatic routers=10.0.0.1\nmetric 1000\n");
	fixture_profile(&f, ADDRESS "wired { interface = \"en*\" }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "dhcpcd knows names of interfaces only, not 'en*'");
	fixture_done(&f);
}

static void ifupdowns_own_stanzas_make_room(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_ifupdown(&f);
	fixture_profile(&f, ADDRESS "wired { gateway = \"10.0.0.1\" dns = 9.9.9.9 }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/network/interfaces",
			"# stock\nsource /etc/network/interfaces.d/*\nauto lo\n"
			"iface lo inet loopback\n# end\n# BEGIN cardstock wired\n"
			"allow-hotplug eth0\niface eth0 inet static\n\taddress 10.0.0.11/24\n"
			"\tgateway 10.0.0.1\n\tmetric 1000\n\tdns-nameservers 9.9.9.9\n");
	assert_file(&f, "/etc/network/interfaces.d/eth0", "");
	assert_note(&f, "needs resolvconf");
	fixture_done(&f);
}

static void ifupdowns_dhcp_client_refuses_the_route(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_ifupdown(&f);
	fixture_profile(&f, "wired { dhcp = true }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "neither dhclient nor dhcpcd");
	fixture_put(&f, "root/usr/sbin/dhcpcd", "ELF\n");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/dhcpcd.conf", "\ninterface eth0\nnogateway\n");
	fixture_put(&f, "root/sbin/dhclient", "ELF\n");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/dhcp/dhclient-enter-hooks.d/cardstock-wired",
			"\neth0) unset new_routers new_rfc3442_classless_static_routes ;;\n");
	fixture_done(&f);
}

static void an_old_root_has_scripts_instead_of_units(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	autofree char *systemd = fixture_host(&f, "/usr/lib/systemd");
	assert_ok(run_argv(&e, "rm", "-rf", systemd, NULL), &e);
	fixture_put(&f, "root/etc/network/interfaces", "auto lo\n");
	fixture_symlink(&f, "root/etc/rcS.d/S12networking", "../init.d/networking");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_file_has(&f, "/etc/network/interfaces", "\nauto eth0\niface eth0 inet static\n");
	fixture_done(&f);
}

static void an_image_without_a_stack_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_none(&f);
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_note(&f, "none of netplan, NetworkManager, dhcpcd, systemd-networkd, ifupdown");
	assert_attr(&f, FILE_ETH0, "none");
	fixture_done(&f);
}

static void a_masked_service_does_not_start(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_service(&f, "NetworkManager.service");
	fixture_symlink(&f, "root/etc/systemd/system/NetworkManager.service", "/dev/null");
	fixture_profile(&f, ADDRESS "wired { }");
	fixture_run(&f, &custom_wired);
	assert_attr(&f, FILE_ETH0, "0644 0 0");
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

static void an_address_without_the_section_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, ADDRESS);
	fixture_run(&f, &custom_wired);
	assert_note(&f, "address is planned but no section wired sets it");
	assert_attr(&f, FILE_ETH0, "none");
	fixture_done(&f);
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_wired, "wired {\ninterface = \"eth0\\n[X]\" }",
		       "is not an interface");
	assert_refused(&f, &custom_wired, "wired {\ninterface = \"eth0 enx0011223344556\" }",
		       "worker.conf:2: interface: 'enx0011223344556' is too long");
	assert_refused(&f, &custom_wired, "wired {\ngateway = \"10.0.0\" }",
		       "worker.conf:2: gateway: '10.0.0' is not a gateway");
	assert_refused(&f, &custom_wired, "wired {\ndns = {\"10.0.0.1\", \"ns\"} }",
		       "worker.conf:2: dns: 'ns' is not an IPv4 address");
	assert_refused(&f, &custom_wired, ADDRESS "wired {\ndhcp = true }",
		       "worker.conf:4: dhcp = true, but");
	assert_refused(&f, &custom_wired, "wired {\ndhcp = true\ngateway = 10.0.0.1 }",
		       "worker.conf:3: gateway: with dhcp = true it is dhcp or false");
	assert_refused(&f, &custom_wired, ADDRESS "wired {\ngateway = dhcp }",
		       "worker.conf:4: gateway = dhcp needs dhcp = true");
	fixture_done(&f);
}

static void a_gateway_is_another_host_of_the_network(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_wired, ADDRESS "wired {\ngateway = 10.0.1.1 }",
		       "worker.conf:4: gateway: 10.0.1.1 is no host of the network of "
		       "10.0.0.11/24");
	assert_refused(&f, &custom_wired, ADDRESS "wired {\ngateway = 10.0.0.255 }",
		       "is no host of the network");
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
		cmocka_unit_test(the_gateway_can_be_one_of_the_nodes),
		cmocka_unit_test(dhcp_can_bring_the_gateway),
		cmocka_unit_test(name_servers_need_systemd_resolved),
		cmocka_unit_test(nobody_waits_long_for_networkd),
		cmocka_unit_test(networkmanager_gets_a_profile_that_is_never_the_default),
		cmocka_unit_test(networkmanager_matches_patterns_and_takes_a_gateway),
		cmocka_unit_test(networkmanager_leaves_ifupdowns_interfaces_alone),
		cmocka_unit_test(netplan_gets_an_optional_interface_without_routes),
		cmocka_unit_test(another_file_of_netplan_is_noted),
		cmocka_unit_test(a_pattern_in_a_file_of_netplan_is_noted),
		cmocka_unit_test(a_file_of_netplan_for_networkmanager_is_noted),
		cmocka_unit_test(netplan_without_files_leaves_the_choice_to_networkmanager),
		cmocka_unit_test(dhcpcd_gets_a_block_and_ifupdown_beside_it_nothing),
		cmocka_unit_test(dhcpcd_takes_a_gateway_but_no_patterns),
		cmocka_unit_test(ifupdowns_own_stanzas_make_room),
		cmocka_unit_test(ifupdowns_dhcp_client_refuses_the_route),
		cmocka_unit_test(an_old_root_has_scripts_instead_of_units),
		cmocka_unit_test(an_image_without_a_stack_is_noted),
		cmocka_unit_test(a_masked_service_does_not_start),
		cmocka_unit_test(no_address_is_noted),
		cmocka_unit_test(an_address_without_the_section_is_noted),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(a_gateway_is_another_host_of_the_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
