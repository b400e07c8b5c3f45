/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image for boards that nobody planned: nothing in it is one node's, and firstboot can finish
 * it. */
#include "../custom/boards.h"
#include "../custom/stacks.h"
#include "place_files.h"

#define ADDRESS "address = \"10.0.0.%d/24\"\nfirst-address = 11\n"
#define WIRED ADDRESS "wired { gateway = \"10.0.0.254\" }"
#define CARD "/var/lib/cardstock/join/card"
#define CONF "/etc/cardstock/firstboot.conf"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"

static struct node newcomer = {.role = "worker", .hostname = "worker-join", .unplanned = true};

static void plan_wired(struct fixture *f, const char *profile)
{
	f->node = &newcomer;
	fixture_profile(f, profile);
	fixture_run(f, &custom_wired);
}

/* ---- the wired network ---- */

/*
 * The file asks by DHCP; once the mark in the template is the address of a planned node, it is what
 * that node's image has.
 */
static void assert_becomes_planned(void (*stack)(struct fixture *), const char *network,
				   const char *path, const char *dhcp, const char *mode)
{
	struct fixture f, planned;
	auto_str filled = STR_INIT;
	autofree char *template = path_join(PLACE_DIR, path + 1);
	autofree char *conf = xasprintf(
		"# Made by cardstock.\nversion = 1\nnetwork = %s\nfile = %s\n", network, path);
	fixture_init(&f);
	fixture_init(&planned);
	stack(&f);
	stack(&planned);
	plan_wired(&f, WIRED);
	fixture_profile(&planned, WIRED);
	fixture_run(&planned, &custom_wired);
	assert_file_has(&f, path, dhcp);
	assert_file_lacks(&f, path, "10.0.0.254");
	assert_file(&f, PLACE_CONF, conf);
	assert_attr(&f, template, mode);
	autofree char *text = fixture_text(&f, template);
	const char *mark = strstr(text, PLACE_TOKEN);
	assert_non_null(mark);
	str_add(&filled, text, (size_t)(mark - text));
	str_printf(&filled, "10.0.0.11/24%s", mark + strlen(PLACE_TOKEN));
	assert_file(&planned, path, str_text(&filled));
	assert_note(&f, "the network of the master needs a DHCP server");
	fixture_done(&f);
	fixture_done(&planned);
}

static void networkd_as_it_is(struct fixture *f)
{
	(void)f;
}

static void every_network_asks_by_dhcp_and_has_the_planned_files_at_hand(void **state)
{
	(void)state;
	assert_becomes_planned(networkd_as_it_is, "systemd-networkd",
			       "/etc/systemd/network/0-cardstock-eth0.network", "\nDHCP=ipv4\n",
			       "0644 0 0");
	assert_becomes_planned(
		stack_nm, "NetworkManager",
		"/etc/NetworkManager/system-connections/cardstock-wired.nmconnection",
		"\nmethod=auto\n", "0600 0 0");
	assert_becomes_planned(stack_netplan, "netplan", "/etc/netplan/90-cardstock-wired.yaml",
			       "dhcp4: true\n", "0600 0 0");
	assert_becomes_planned(stack_dhcpcd, "dhcpcd", "/etc/dhcpcd.conf", "\ninterface eth0\n",
			       "0644 0 0");
	assert_becomes_planned(stack_ifupdown, "ifupdown", "/etc/network/interfaces",
			       "\niface eth0 inet dhcp\n", "0644 0 0");
}

static void where_addresses_are_those_of_dhcp_they_stay(void **state)
{
	static const char *const profiles[] = {"wired { dhcp = true }", "wired { }", "", ADDRESS};
	(void)state;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
		struct fixture f;
		fixture_init(&f);
		plan_wired(&f, profiles[i]);
		assert_file(&f, PLACE_CONF, "# Made by cardstock.\nversion = 1\n");
		assert_attr(&f, PLACE_DIR, "none");
		fixture_done(&f);
	}
}

static void without_a_network_that_is_known_no_address_is_set(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	stack_none(&f);
	plan_wired(&f, WIRED);
	assert_file(&f, PLACE_CONF, "# Made by cardstock.\nversion = 1\n");
	assert_note(&f, "the wired network is not set up");
	fixture_done(&f);
}

/* ---- what else says which node it is ---- */

static void the_name_is_that_of_all_that_wait(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	f.node = &newcomer;
	fixture_profile(&f, ADDRESS);
	fixture_run(&f, &custom_hostname);
	assert_file(&f, "/etc/hostname", "worker-join\n");
	assert_file_has(&f, "/etc/hosts", "\n10.0.0.13\tworker003 worker003.testbed\n");
	assert_file_has(&f, "/etc/hosts", "\n127.0.1.1\tworker-join\n");
	fixture_done(&f);
}

static void host_keys_are_made_on_the_board(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	f.node = &newcomer;
	fixture_put(&f, "root" HOST_KEY, "of the base\n");
	fixture_put(&f, "root" HOST_KEY ".pub", "of the base\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, HOST_KEY, "none");
	assert_attr(&f, HOST_KEY ".pub", "none");
	assert_attr(&f, HOST_KEY "-cert.pub", "none");
	assert_file_has(&f, "/etc/ssh/ssh_known_hosts", "@cert-authority worker003");
	assert_file_lacks(&f, "/etc/ssh/ssh_known_hosts", "localhost,");
	fixture_done(&f);
}

static void templates_of_a_node_are_left_out_and_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	f.node = &newcomer;
	fixture_put(&f, "site/root/etc/me", "${hostname}\n");
	fixture_put(&f, "site/root/etc/all", "${cluster}\n");
	fixture_put(&f, "site/attrs",
		    "/etc/me 0644 root root template\n/etc/all 0644 root root template\n");
	fixture_profile(&f, "overlays = {\"./site\"}");
	fixture_run(&f, &custom_overlay);
	assert_attr(&f, "/etc/me", "none");
	assert_file(&f, "/etc/all", "testbed\n");
	assert_note(&f, "/etc/me is not in this image: its template");
	fixture_done(&f);
}

/* ---- the card ---- */

#define MASTER                                                                                    \
	"role = master\nhostname = master\naddress = \"10.0.0.1/24\"\nplanned = 1\nbase = none\n" \
	"cluster = testbed\nnodectl { join = worker }\n"
#define NODE                                                                                       \
	"firstboot = true\nrole = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/24\"\n" \
	"planned = 64\nfirst-address = 11\nmembers = {\"./worker.conf\", \"./master.conf\"}\n"

static void init_member(struct fixture *f)
{
	auto_err e = ERR_INIT;
	boards_init(f);
	PUT_LIBRARY(f, "libc.so.6", NEW_LIBC);
	PUT_LIBRARY(f, "libsystemd.so.0", "LIBSYSTEMD_249");
	PUT_LIBRARY(f, "libparted.so.2", "");
	fixture_put(f, "master.conf", MASTER);
	fixture_profile_with_keys(f, NODE);
	assert_ok(cluster_newcomer(f->cluster, "worker", &f->node, &e), &e);
	assert_ok(cluster_issue(f->cluster, f->node, &e), &e);
}

static void the_card_is_the_roles(void **state)
{
	(void)state;
	struct fixture f;
	init_member(&f);
	fixture_put(&f, "root/usr/bin/ssh", "x\n");
	fixture_run(&f, &custom_firstboot);
	autofree char *cert = fixture_host(&f, CARD "-cert.pub");
	auto_str listed = STR_INIT;
	auto_err e = ERR_INIT;
	const char *const argv[] = {"ssh-keygen", "-L", "-f", cert, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &listed}, &e), &e);
	assert_non_null(strstr(str_text(&listed), "Key ID: \"join worker\""));
	assert_non_null(strstr(str_text(&listed), "Serial: 1\n"));
	assert_attr(&f, CARD, "0400 0 0");
	assert_file_has(&f, CONF, "\nregister = cardstock@10.0.0.1:2222\n");
	assert_file_has(&f, CONF, "\nbuild = ");
	assert_file_lacks(&f, CONF, "hostname =");
	assert_file_lacks(&f, CONF, "address =");
	fixture_done(&f);
}

static void an_image_that_cannot_register_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	init_member(&f);
	assert_fails(fixture_try(&f, &custom_firstboot, &e), &e, ERR_PROFILE,
		     "boards with this image could not register, which takes systemd and "
		     "openssh-client");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_network_asks_by_dhcp_and_has_the_planned_files_at_hand),
		cmocka_unit_test(where_addresses_are_those_of_dhcp_they_stay),
		cmocka_unit_test(without_a_network_that_is_known_no_address_is_set),
		cmocka_unit_test(the_name_is_that_of_all_that_wait),
		cmocka_unit_test(host_keys_are_made_on_the_board),
		cmocka_unit_test(templates_of_a_node_are_left_out_and_noted),
		cmocka_unit_test(the_card_is_the_roles),
		cmocka_unit_test(an_image_that_cannot_register_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
