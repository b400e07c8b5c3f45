/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"
#include "../custom/stacks.h"
#include "custom/net.h"

#define WIFI "wifi { ssid = \"IEEE\" psk = \"password\" country = \"DE\" }"
#define KEY "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
#define WPA "/etc/wpa_supplicant/wpa_supplicant-wlan0.conf"
#define NETWORK "/etc/systemd/network/0-cardstock-wlan0.network"
#define NM "/etc/NetworkManager/system-connections/cardstock-wifi.nmconnection"
#define NETPLAN "/etc/netplan/90-cardstock-wifi.yaml"
#define DEVICE_WANTS                                                  \
	"/etc/systemd/system/sys-subsystem-net-devices-wlan0.device." \
	"wants/wpa_supplicant@wlan0.service"
#define CMDLINE "/boot/firmware/cmdline.txt"
#define RFKILL "/var/lib/systemd/rfkill/platform-soc:wlan"
#define STATE "/var/lib/NetworkManager/NetworkManager.state"

static void start(struct fixture *f)
{
	fixture_init(f);
	stack_wpa(f);
	fixture_put(f, "root" CMDLINE, "root=/dev/mmcblk0p2 rootwait\n");
}

static void plan_with(struct fixture *f, const char *profile)
{
	fixture_profile(f, profile);
	fixture_run(f, &custom_wifi);
}

static void assert_key(const char *passphrase, const char *ssid, const char *expected)
{
	autofree char *key = net_wpa_key(passphrase, (const unsigned char *)ssid, strlen(ssid));
	assert_string_equal(key, expected);
}

/* The first two test vectors of IEEE 802.11, annex J.4. */
static void the_key_is_that_of_the_standard(void **state)
{
	(void)state;
	assert_key("password", "IEEE", KEY);
	assert_key("ThisIsAPassword", "ThisIsASSID",
		   "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af");
}

static void networkd_and_wpa_supplicant_share_the_work(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, WIFI);
	assert_file(&f, WPA,
		    "# Made by cardstock.\nctrl_interface=/run/wpa_supplicant\ncountry=DE\n"
		    "network={\n\tssid=\"IEEE\"\n\tkey_mgmt=WPA-PSK\n\tproto=RSN\n\tpsk=" KEY
		    "\n}\n");
	assert_attr(&f, WPA, "0600 0 0");
	assert_file_has(&f, NETWORK, "\n[DHCPv4]\nRouteMetric=100\n");
	fixture_done(&f);
}

static void a_board_without_wifi_does_not_wait_for_one(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, WIFI);
	assert_link(&f, DEVICE_WANTS, "/usr/lib/systemd/system/wpa_supplicant@.service");
	assert_attr(&f, WANTS "wpa_supplicant@wlan0.service", "none");
	fixture_done(&f);
}

static void the_country_is_on_the_kernels_command_line(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, WIFI);
	assert_file_has(&f, CMDLINE, " cfg80211.ieee80211_regdom=DE\n");
	plan_with(&f, "wifi { ssid = x security = open }");
	assert_note(&f, "no country is set");
	fixture_done(&f);
}

static void ssids_may_have_any_bytes(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, "wifi { ssid = \"Caf\xc3\xa9 \\\"1\\\"\" security = open }");
	assert_file_has(&f, WPA, "\n\tssid=436166c3a920223122\n");
	fixture_done(&f);
}

static void wpa3_keeps_the_passphrase(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, "wifi { ssid = x psk = \"pass word\" security = wpa3 hidden = true }");
	assert_file_has(&f, WPA,
			"\tscan_ssid=1\n\tkey_mgmt=SAE\n\tieee80211w=2\n"
			"\tsae_password=\"pass word\"\n}");
	plan_with(&f, "wifi { ssid = x psk = \"a\\\"b#cdefg\" security = wpa3 }");
	assert_file_has(&f, WPA, "\tsae_password=612262236364656667\n");
	fixture_done(&f);
}

static void both_securities_have_key_and_passphrase(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, "wifi { ssid = \"IEEE\" psk = \"password\" security = \"wpa2+wpa3\" }");
	assert_file_has(&f, WPA,
			"\tkey_mgmt=WPA-PSK SAE\n\tproto=RSN\n\tieee80211w=1\n"
			"\tpsk=" KEY "\n\tsae_password=\"password\"\n}");
	fixture_done(&f);
}

static void a_key_is_taken_as_it_is(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, "wifi { ssid = x psk = \"" KEY "\" }");
	assert_file_has(&f, WPA, "\tpsk=" KEY "\n");
	fixture_done(&f);
}

static void the_passphrase_can_be_in_a_file(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	fixture_put(&f, "wifi.psk", "password\r\nnot this\n");
	plan_with(&f, "wifi { ssid = \"IEEE\" psk-file = \"wifi.psk\" }");
	assert_file_has(&f, WPA, "\tpsk=" KEY "\n");
	fixture_done(&f);
}

static void networkmanager_gets_a_profile_with_the_lower_metric(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_nm(&f);
	plan_with(&f, "wifi { ssid = \"IEEE\" psk = \"password\" hidden = true metric = 50 }");
	assert_file_has(&f, NM, "\ninterface-name=wlan0\n");
	assert_file_has(&f, NM, "\nssid=IEEE\nhidden=true\n");
	assert_file_has(&f, NM, "\nkey-mgmt=wpa-psk\npsk=" KEY "\n");
	assert_file_has(&f, NM, "\n[ipv4]\nmethod=auto\nroute-metric=50\n");
	assert_attr(&f, NM, "0600 0 0");
	assert_attr(&f, WPA, "none");
	fixture_done(&f);
}

static void networkmanagers_strings_are_escaped(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_nm(&f);
	plan_with(&f, "wifi { ssid = \"hex:00ff3b\" psk = \" a\\\\b c d \" security = wpa3 }");
	assert_file_has(&f, NM, "\nssid=0;255;59;\n");
	assert_file_has(&f, NM, "\nkey-mgmt=sae\npsk=\\sa\\\\b\\sc\\sd\\s\n");
	plan_with(&f, "wifi { ssid = \"42\" security = open }");
	assert_file_has(&f, NM, "\nssid=52;50;\n");
	assert_file_lacks(&f, NM, "wifi-security");
	fixture_done(&f);
}

static void what_blocks_the_radio_is_undone(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_nm(&f);
	fixture_put(&f, "root" RFKILL, "1\n");
	fixture_put(&f, "root/var/lib/systemd/rfkill/soc:bluetooth", "1\n");
	fixture_put(&f, "root" STATE, "[main]\nNetworkingEnabled=true\nWirelessEnabled=false\n");
	plan_with(&f, WIFI);
	assert_file(&f, RFKILL, "0\n");
	assert_file(&f, "/var/lib/systemd/rfkill/soc:bluetooth", "1\n");
	assert_file(&f, STATE, "[main]\nNetworkingEnabled=true\nWirelessEnabled=true\n");
	fixture_done(&f);
}

static void off_blocks_the_radio(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_nm(&f);
	fixture_put(&f, "root" RFKILL, "0\n");
	plan_with(&f, "wifi { ssid = x psk = \"password\" off = true }");
	assert_file(&f, RFKILL, "1\n");
	assert_file(&f, STATE, "[main]\nWirelessEnabled=false\n");
	assert_attr(&f, NM, "none");
	fixture_done(&f);
}

static void off_needs_to_know_a_radio(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	plan_with(&f, "wifi { off = true }");
	assert_note(&f, "radio is not blocked");
	assert_attr(&f, STATE, "none");
	fixture_done(&f);
}

static void netplan_gets_an_optional_wifi(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_netplan(&f);
	plan_with(&f, "wifi { ssid = \"Caf\xc3\xa9 \\\"1\\\\\" psk = \"password\" }");
	assert_file_has(&f, NETPLAN,
			"\n    \"wlan0\":\n      optional: true\n      dhcp4: true\n"
			"      dhcp4-overrides:\n        route-metric: 100\n");
	assert_file_has(&f, NETPLAN, "\n        \"Caf\xc3\xa9 \\\"1\\\\\":\n");
	assert_file_has(&f, NETPLAN, "\n            key-management: psk\n            password: \"");
	assert_attr(&f, NETPLAN, "0600 0 0");
	assert_attr(&f, WPA, "none");
	fixture_done(&f);
}

static void what_netplan_cannot_do_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_netplan(&f);
	plan_with(&f, "wifi { ssid = \"hex:ff\" security = open }");
	assert_note(&f, "takes no SSID that is not UTF-8");
	plan_with(&f, "wifi { ssid = x psk = \"pass\\\"word\" security = wpa3 }");
	assert_note(&f, "takes no passphrase with a double quote");
	plan_with(&f, "wifi { ssid = x psk = \"password\" security = wpa3 }");
	assert_note(&f, "is too old for WPA3");
	assert_attr(&f, NETPLAN, "none");
	fixture_put(&f, "root/usr/lib/aarch64-linux-gnu/libnetplan.so.1", "  key_mgmt=SAE\n");
	fixture_run(&f, &custom_wifi);
	assert_file_has(&f, NETPLAN, "key-management: sae\n            password: \"password\"\n");
	fixture_done(&f);
}

static void netplan_for_networkmanager_is_networkmanager(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_nm(&f);
	stack_netplan(&f);
	fixture_put(&f, "root/usr/lib/netplan/00-all.yaml",
		    "network:\n  version: 2\n  renderer: NetworkManager\n");
	plan_with(&f, WIFI);
	assert_attr(&f, NM, "0600 0 0");
	assert_attr(&f, NETPLAN, "none");
	fixture_done(&f);
}

static void dhcpcds_hook_starts_wpa_supplicant(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_dhcpcd(&f);
	fixture_put(&f, "root/usr/lib/dhcpcd/dhcpcd-hooks/10-wpa_supplicant", "#\n");
	plan_with(&f, WIFI);
	assert_file_has(&f, "/etc/dhcpcd.conf", "\ninterface wlan0\nmetric 100\n");
	assert_file_has(&f, WPA, "\tpsk=" KEY "\n");
	assert_attr(&f, DEVICE_WANTS, "none");
	fixture_done(&f);
}

static void dhcpcd_without_its_hook_needs_the_unit(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_dhcpcd(&f);
	plan_with(&f, WIFI);
	assert_link(&f, DEVICE_WANTS, "/usr/lib/systemd/system/wpa_supplicant@.service");
	fixture_done(&f);
}

static void ifupdown_gets_a_stanza_without_the_secret(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_ifupdown(&f);
	fixture_put(&f, "root/etc/network/if-pre-up.d/wpasupplicant", "#\n");
	plan_with(&f, WIFI);
	assert_file_has(&f, "/etc/network/interfaces",
			"\nallow-hotplug wlan0\niface wlan0 inet dhcp\n\tmetric 100\n"
			"\twpa-conf " WPA "\n");
	assert_file_has(&f, WPA, "\tpsk=" KEY "\n");
	fixture_done(&f);
}

static void what_is_missing_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	plan_with(&f, WIFI);
	assert_note(&f, "wpa_supplicant is not in this image");
	assert_attr(&f, WPA, "none");
	fixture_put(&f, "root/sbin/wpa_supplicant", "ELF\n");
	fixture_run(&f, &custom_wifi);
	assert_note(&f, "no unit for it");
	stack_none(&f);
	fixture_run(&f, &custom_wifi);
	assert_note(&f, "none of netplan, NetworkManager");
	fixture_done(&f);
}

static void the_boot_waits_for_the_wifi_not_for_the_cable(void **state)
{
	(void)state;
	struct fixture f;
	start(&f);
	stack_unit(&f, "systemd-networkd-wait-online.service",
		   "[Service]\nExecStart=/lib/systemd/systemd-networkd-wait-online\n");
	plan_with(&f, WIFI "\nwired { }");
	assert_file_has(&f,
			"/etc/systemd/system/systemd-networkd-wait-online.service.d/"
			"90-cardstock.conf",
			" --any --timeout=7 --interface=wlan0\n");
	fixture_done(&f);
}

static void bad_values_are_refused(void **state)
{
	static const char *const refused[][2] = {
		{"ssid = \"123456789012345678901234567890123\"", "is not an SSID: 1 to 32 bytes"},
		{"ssid = \"\"", "is not an SSID"},
		{"ssid = \"hex:123\"", "is not an SSID"},
		{"ssid = x psk = \"1234567\"", "psk: has 7 characters"},
		{"ssid = x psk = \"" KEY "0\"", "psk: has 65 characters"},
		{"ssid = x psk = \"gr\xc3\xbc\xc3\x9f"
		 "e dich\"",
		 "not printable ASCII"},
		{"ssid = x country = de psk = password", "country: 'de' is not a country"},
		{"ssid = x country = XX psk = password", "country: 'XX' is not a country"},
		{"ssid = x country = UK psk = password",
		 "that ISO 3166 has for it, as 'DE' or 'GB'"},
		{"ssid = x country = \"E \" psk = password", "country: 'E ' is not a country"},
		{"ssid = x country = \"\" psk = password", "country: '' is not a country"},
		{"ssid = x country = \"AD AE\" psk = password", "is not a country"},
		{"ssid = x security = wep psk = password", "security: 'wep' is none of wpa2"},
		{"ssid = x interface = \"wlan*\" psk = password", "is not a wifi interface"},
		{"ssid = x metric = 1000 psk = password", "not a number from 1 to 999"},
		{"ssid = x", "wifi: security wpa2 needs psk or psk-file"},
		{"ssid = x security = open psk = password", "psk: an open wifi has none"},
		{"ssid = x psk-file = no psk = password", "psk-file: "},
		{"ssid = x psk-file = nowhere", "psk-file: "},
		{"ssid = x psk-file = \"short.psk\"", "has 5 characters"},
		{"ssid = x security = wpa3 psk = \"" KEY "\"", "WPA3 needs the passphrase"},
		{"hidden = true", "wifi: ssid is missing"},
	};
	(void)state;
	struct fixture f;
	start(&f);
	fixture_put(&f, "short.psk", "12345\n");
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		autofree char *profile = xasprintf("wifi { %s }", refused[i][0]);
		assert_refused(&f, &custom_wifi, profile, refused[i][1]);
		assert_refused(&f, &custom_wifi, profile, "worker.conf:1: ");
	}
	assert_refused(&f, &custom_wifi,
		       "wired { interface = \"eth0 w*\" }\nwifi { ssid = x\npsk = password\n"
		       "interface = wlan0 }",
		       "worker.conf:4: interface: 'wlan0' is the wired network's, too, by 'w*'");
	fixture_done(&f);
}

static void a_secret_is_in_no_message(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	start(&f);
	assert_int_equal(fixture_load(&f, "wifi { psk = \"geheim\" }", CLUSTER_READ, &e), -1);
	assert_null(strstr(e.msg, "geheim"));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_that_of_the_standard),
		cmocka_unit_test(networkd_and_wpa_supplicant_share_the_work),
		cmocka_unit_test(a_board_without_wifi_does_not_wait_for_one),
		cmocka_unit_test(the_country_is_on_the_kernels_command_line),
		cmocka_unit_test(ssids_may_have_any_bytes),
		cmocka_unit_test(wpa3_keeps_the_passphrase),
		cmocka_unit_test(both_securities_have_key_and_passphrase),
		cmocka_unit_test(a_key_is_taken_as_it_is),
		cmocka_unit_test(the_passphrase_can_be_in_a_file),
		cmocka_unit_test(networkmanager_gets_a_profile_with_the_lower_metric),
		cmocka_unit_test(networkmanagers_strings_are_escaped),
		cmocka_unit_test(what_blocks_the_radio_is_undone),
		cmocka_unit_test(off_blocks_the_radio),
		cmocka_unit_test(off_needs_to_know_a_radio),
		cmocka_unit_test(netplan_gets_an_optional_wifi),
		cmocka_unit_test(what_netplan_cannot_do_is_noted),
		cmocka_unit_test(netplan_for_networkmanager_is_networkmanager),
		cmocka_unit_test(dhcpcds_hook_starts_wpa_supplicant),
		cmocka_unit_test(dhcpcd_without_its_hook_needs_the_unit),
		cmocka_unit_test(ifupdown_gets_a_stanza_without_the_secret),
		cmocka_unit_test(what_is_missing_is_noted),
		cmocka_unit_test(the_boot_waits_for_the_wifi_not_for_the_cable),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(a_secret_is_in_no_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
