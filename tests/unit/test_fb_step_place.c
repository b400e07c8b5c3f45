/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board that nobody planned takes the name and the address that the master told it. */
#include "fb_step.h"
#include "place.h"

#define HOSTNAME "/etc/hostname"
#define HOSTS "/etc/hosts"
#define KNOWN_HOSTS "/etc/ssh/ssh_known_hosts"
#define CONFIG "/etc/systemd/network/0-cardstock-eth0.network"
#define TAKEN "/var/lib/cardstock/join/place"
#define PLANNED                                    \
	"# BEGIN cardstock hosts\n"                \
	"10.0.0.13\tworker003 worker003.beowulf\n" \
	"# END cardstock hosts\n"
#define WAITING "127.0.0.1\tlocalhost\n" PLANNED "127.0.1.1\tworker-join\n"
#define DHCP "[Network]\nDHCP=ipv4\n"
#define FIB                          \
	"Local:\n"                   \
	"     |-- 10.0.0.1\n"        \
	"        /32 link UNICAST\n" \
	"     |-- 10.0.0.13\n"       \
	"        /32 host LOCAL\n"

static void tell(struct step_test *t, const char *members)
{
	autofree char *reply = xasprintf("{\"version\":1,%s}\n", members);
	put(t, "/var/lib/cardstock/join/reply", reply);
}

static void accept(struct step_test *t, const char *name, const char *address)
{
	autofree char *members = xasprintf("\"result\":\"accepted\",\"name\":\"%s\",\"address\":%s",
					   name, address);
	tell(t, members);
}

/* A card of mkimage --generic, which is in a board. */
static void init(struct step_test *t)
{
	step_test_init(t, &step_place, "");
	put(t, HOSTNAME, "worker-join\n");
	put(t, HOSTS, WAITING);
	put(t, CONFIG, DHCP);
	put(t, "/etc/cardstock/place.conf",
	    "# Made by cardstock.\nversion = 1\nnetwork = systemd-networkd\nfile = " CONFIG "\n");
	put(t, "/usr/lib/cardstock/place" CONFIG,
	    "[Network]\nDHCP=no\nAddress=THE-PLANNED-ADDRESS/0\n");
}

static void files_get_name_and_address(void **state)
{
	struct step_test t;
	init(&t);
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	assert_changes_once(
		&t, "worker003 in place of worker-join, 10.0.0.13/24 from the next boot on");
	assert_file(&t, HOSTNAME, "worker003\n");
	assert_file(&t, HOSTS, "127.0.0.1\tlocalhost\n" PLANNED);
	assert_file(&t, CONFIG, "[Network]\nDHCP=no\nAddress=10.0.0.13/24\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void once_the_address_is_the_boards_nothing_is_written_again(void **state)
{
	struct step_test t;
	init(&t);
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	put(&t, "/proc/net/fib_trie", FIB);
	assert_changes_once(&t, "worker003");
	assert_file(&t, TAKEN, "worker003 10.0.0.13/24\n");
	put(&t, CONFIG, "what a person wants\n");
	assert_changes_nothing(&t, "worker003");
	step_test_done(&t);
	workdir_passed(state);
}

static void an_address_of_somebody_else_is_not_the_boards(void **state)
{
	struct step_test t;
	init(&t);
	accept(&t, "worker001", "\"10.0.0.1/24\"");
	put(&t, "/proc/net/fib_trie", FIB);
	assert_step(&t, 1, "10.0.0.1/24 from the next boot on");
	assert_file(&t, TAKEN, "(absent)");
	step_test_done(&t);
	workdir_passed(state);
}

static void where_no_address_is_planned_dhcp_stays(void **state)
{
	struct step_test t;
	init(&t);
	accept(&t, "worker003", "null");
	assert_changes_once(&t, "worker003 in place of worker-join");
	assert_file(&t, CONFIG, DHCP);
	assert_file(&t, HOSTS, "127.0.0.1\tlocalhost\n" PLANNED "127.0.1.1\tworker003\n");
	assert_file(&t, TAKEN, "worker003 -\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void another_name_is_taken_too(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, "/proc/net/fib_trie", FIB);
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	assert_step(&t, 1, "");
	put(&t, CONFIG, "what a person wants\n");
	accept(&t, "bigmem", "\"10.0.0.13/24\"");
	assert_changes_once(&t, "bigmem in place of worker003");
	assert_file(&t, HOSTS,
		    "127.0.0.1\tlocalhost\n" PLANNED "# BEGIN cardstock self\n10.0.0.13\tbigmem\n"
		    "# END cardstock self\n");
	assert_file(&t, CONFIG, "what a person wants\n");
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	assert_step(&t, 1, "");
	assert_file(&t, HOSTS, "127.0.0.1\tlocalhost\n" PLANNED);
	accept(&t, "worker003", "\"10.0.0.14/24\"");
	assert_step(&t, 1, "10.0.0.14/24 from the next boot on");
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	assert_step(&t, 1, "10.0.0.13/24");
	assert_file(&t, CONFIG, "[Network]\nDHCP=no\nAddress=10.0.0.13/24\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void the_board_knows_its_own_host_key(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, KNOWN_HOSTS, "@cert-authority worker003 ssh-ed25519 CA\n");
	put(&t, "/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 OWN root@localhost\n");
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	assert_changes_once(&t, "worker003");
	assert_file(&t, KNOWN_HOSTS,
		    "@cert-authority worker003 ssh-ed25519 CA\n"
		    "# BEGIN cardstock ssh-localhost\n"
		    "localhost,127.0.0.1,::1,worker003,10.0.0.13 ssh-ed25519 OWN root@localhost\n"
		    "# END cardstock ssh-localhost\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_board_that_waits_stays_as_it_is(void **state)
{
	struct step_test t;
	init(&t);
	assert_changes_nothing(&t, "the master has not given it one yet");
	tell(&t, "\"result\":\"confirm\",\"name\":\"worker003\"");
	assert_changes_nothing(&t, "the master has not given it one yet");
	assert_file(&t, HOSTNAME, "worker-join\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void the_card_of_a_planned_node_stays_as_it_is(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_place, "hostname = worker003\n");
	accept(&t, "worker004", "\"10.0.0.14/24\"");
	assert_changes_nothing(&t, "the card is a planned node's");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_template_that_is_gone_is_named(void **state)
{
	struct step_test t;
	init(&t);
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	put(&t, "/usr/lib/cardstock/place" CONFIG, NULL);
	assert_step_fails(&t, "/usr/lib/cardstock/place" CONFIG ": is gone");
	assert_file(&t, CONFIG, DHCP);
	assert_file(&t, TAKEN, "(absent)");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_network_that_nobody_knows_is_refused(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, "/etc/cardstock/place.conf", "version = 1\nnetwork = wicked\n");
	assert_fails(run_step(&t), &t.e, ERR_PROFILE, "place.conf:2");
	step_test_done(&t);
	workdir_passed(state);
}

static void settings_without_a_name_get_what_was_told(void **state)
{
	struct step_test t;
	init(&t);
	place_complete(&t.ctx, &t.settings);
	assert_null(t.settings.hostname);
	accept(&t, "worker003", "\"10.0.0.13/24\"");
	place_complete(&t.ctx, &t.settings);
	assert_string_equal(t.settings.hostname, "worker003");
	assert_string_equal(t.settings.address, "10.0.0.13/24");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(files_get_name_and_address),
		STEP_TEST(once_the_address_is_the_boards_nothing_is_written_again),
		STEP_TEST(an_address_of_somebody_else_is_not_the_boards),
		STEP_TEST(where_no_address_is_planned_dhcp_stays),
		STEP_TEST(another_name_is_taken_too),
		STEP_TEST(the_board_knows_its_own_host_key),
		STEP_TEST(a_board_that_waits_stays_as_it_is),
		STEP_TEST(the_card_of_a_planned_node_stays_as_it_is),
		STEP_TEST(a_template_that_is_gone_is_named),
		STEP_TEST(a_network_that_nobody_knows_is_refused),
		STEP_TEST(settings_without_a_name_get_what_was_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
