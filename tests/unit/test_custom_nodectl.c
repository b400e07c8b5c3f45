/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry on the master: program, user, plan of the cluster, and what starts them. */
#include "../custom/boards.h"
#include "roster.h"

#define PROGRAM "/usr/bin/nodectl"
#define ROSTER "/etc/cardstock/nodectl.conf"
#define WANTS "/etc/systemd/system/multi-user.target.wants/"
#define MASTER                                                                       \
	"role = master\nhostname = master\naddress = \"10.0.0.1/24\"\nplanned = 1\n" \
	"members = {\"./worker.conf\", \"./other.conf\"}\n"
#define WORKER                                                                                \
	"role = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/24\"\nplanned = 2\n" \
	"first-address = 11\nbase = none\ncluster = testbed\nfirstboot = true\n"
#define SHARE "share \"/srv/a b\" { from = master at = \"/mnt/a b\" }\n"
#define OTHERS_SHARE "share \"/srv/c\" { from = \"10.0.0.250\" read-only = true }\n"

/* An image that can have the registry, and the workers' profile. */
static void init(struct fixture *f)
{
	boards_init(f);
	PUT_LIBRARY(f, "libc.so.6", NEW_LIBC);
	fixture_put(f, "root/usr/sbin/sshd", "exposeauthinfo\n");
	fixture_put(f, "other.conf", WORKER SHARE OTHERS_SHARE);
}

static void run_it(struct fixture *f, const char *more)
{
	autofree char *profile = xasprintf(MASTER "%s", more);
	fixture_profile_with_keys(f, profile);
	fixture_run(f, &custom_nodectl);
}

static void nothing_is_done_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_it(&f, "");
	assert_attr(&f, PROGRAM, "none");
	assert_attr(&f, ROSTER, "none");
	fixture_done(&f);
}

static void the_master_gets_program_user_and_units(void **state)
{
	static const char *const units[] = {"import.service", "register.service", "render.path",
					    "render.service"};
	(void)state;
	struct fixture f;
	init(&f);
	run_it(&f, "nodectl { }\n");
	assert_file(&f, PROGRAM, "arm64 nodectl\n");
	assert_attr(&f, PROGRAM, "0755 0 0");
	assert_file(&f, "/usr/share/man/man8/nodectl.8.gz", "manual of nodectl\n");
	assert_attr(&f, "/usr/share/man/man8/nodectl.8.gz", "0644 0 0");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *link = xasprintf(WANTS "cardstock-%s", units[i]);
		autofree char *file = xasprintf("/usr/lib/systemd/system/cardstock-%s", units[i]);
		assert_link(&f, link, file);
	}
	assert_link(&f, "/etc/systemd/system/timers.target.wants/cardstock-probe.timer",
		    "/usr/lib/systemd/system/cardstock-probe.timer");
	assert_file_has(&f, "/usr/lib/systemd/system/cardstock-probe.service",
			"\nExecStart=/usr/bin/nodectl probe\n");
	assert_file_has(&f, "/etc/cardstock/sshd_config", "\nForceCommand exec /usr/bin/nodectl");
	assert_file_has(&f, "/etc/cardstock/enrol-ca.pub", "ecdsa-sha2-nistp256 ");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

/* A word that sshd does not know would keep it from starting. */
static void a_newer_sshd_is_told_how_long_a_board_may_hold_a_connection(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_it(&f, "nodectl { }\n");
	assert_file_lacks(&f, "/etc/cardstock/sshd_config", "PerSource");
	assert_file_lacks(&f, "/etc/cardstock/sshd_config", "UnusedConnectionTimeout");
	fixture_put(&f, "root/usr/sbin/sshd",
		    "exposeauthinfo\npersourcemaxstartups\nunusedconnectiontimeout\n");
	run_it(&f, "nodectl { }\n");
	assert_file_has(&f, "/etc/cardstock/sshd_config", "\nPerSourceMaxStartups 4\n");
	assert_file_has(&f, "/etc/cardstock/sshd_config", "\nUnusedConnectionTimeout 15\n");
	fixture_done(&f);
}

/* '*' and not '!': sshd without PAM refuses the keys of a user whose password is '!'. */
static void boards_log_in_as_a_locked_user_with_a_free_number(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/etc/group", "root:x:0:\nsystemd-journal:x:999:\n");
	run_it(&f, "nodectl { }\n");
	assert_file_has(&f, "/etc/passwd", "\ncardstock:x:998:998:Registry of boards:/:/bin/sh\n");
	assert_file_has(&f, "/etc/group", "\ncardstock:x:998:\n");
	assert_file_has(&f, "/etc/shadow", "\ncardstock:*:1::::::\n");
	assert_file_has(&f, "/etc/gshadow", "\ncardstock:!::\n");
	autofree char *before = fixture_text(&f, "/etc/passwd");
	fixture_run(&f, &custom_nodectl);
	assert_file(&f, "/etc/passwd", before);
	fixture_done(&f);
}

static void the_plan_of_the_cluster_is_one_that_nodectl_reads(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_roster r = {0};
	init(&f);
	run_it(&f, SHARE OTHERS_SHARE
	       "ntp { from = master servers = {\"ntp.example.org\"} }\n"
	       "nodectl { join = worker munge = true pin = {\"dc:a6:32:01:02:03 worker002\"} "
	       "hardware = {\"worker 4 3700\"} }\n");
	autofree char *text = fixture_text(&f, ROSTER);
	assert_ok(roster_parse(text, strlen(text), ROSTER, &r, &e), &e);
	assert_string_equal(r.cluster, "testbed");
	assert_string_equal(r.master, "master");
	assert_string_equal(r.join, "worker");
	assert_true(r.munge && !r.slurm && r.host_ca);
	autofree char *nodes = strv_join(&r.nodes, "|"), *mounts = strv_join(&r.mounts, "|");
	autofree char *exports = strv_join(&r.exports, "|"), *ntp = strv_join(&r.ntp, "|");
	assert_string_equal(nodes, "master 1 master 10.0.0.1/24|worker 1 worker001 10.0.0.11/24|"
				   "worker 2 worker002 10.0.0.12/24");
	assert_string_equal(mounts, "master:/srv/a\\040b /mnt/a\\040b|10.0.0.250:/srv/c /srv/c");
	assert_string_equal(exports, "/srv/a\\040b rw");
	assert_string_equal(ntp, "10.0.0.1|ntp.example.org");
	assert_string_equal(r.pins.v[0], "dc:a6:32:01:02:03 worker002");
	assert_string_equal(r.hardware.v[0], "worker 4 3700");
	fixture_done(&f);
}

static void what_the_image_lacks_is_said(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", "an old one\n");
	run_it(&f, "nodectl { }\n");
	assert_note(&f, "no board registers here: that takes openssh-server, 7.6 or later");
	assert_attr(&f, PROGRAM, "none");
	fixture_put(&f, "root/usr/sbin/sshd", "exposeauthinfo\n");
	PUT_LIBRARY(&f, "libc.so.6", "GLIBC_2.17\0GLIBC_2.31");
	run_it(&f, "nodectl { }\n");
	assert_note(&f, "takes libc.so.6 with GLIBC_2.34");
	fixture_put(&f, "root/sbin/init", "another\n");
	run_it(&f, "nodectl { }\n");
	assert_note(&f, "takes systemd");
	assert_attr(&f, ROSTER, "none");
	fixture_done(&f);
}

static const struct {
	const char *profile, *message;
} impossible[] = {
	{MASTER "nodectl { join = boss }", "worker.conf:6: role 'boss' is not among the members"},
	{MASTER "nodectl { pin = {\"dc:a6:32:01:02:03 worker009\"} }",
	 "worker.conf:6: 'worker009' is no planned node"},
	{MASTER "nodectl { pin = {\"dc:a6:32:01:02 worker001\"} }",
	 "worker.conf:6: pin: 'dc:a6:32:01:02' is not a MAC"},
	{MASTER "nodectl { hardware = {\"boss 4 900\"} }",
	 "worker.conf:6: role 'boss' is not among the members"},
	{MASTER "nodectl { hardware = {\"worker 4\"} }",
	 "worker.conf:6: hardware: 'worker 4' should be 'ROLE CPUS MIB'"},
	{"role = master\nplanned = 2\naddress = \"10.0.0.%d/24\"\nnodectl { }",
	 "worker.conf:4: nodectl: the cluster has one registry, but role 'master' plans 2 nodes"},
	{"role = master\nplanned = 1\nnodectl { }",
	 "worker.conf:3: nodectl: 'worker001' has no planned address"},
};

static void what_cannot_be_is_refused_at_its_line(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++)
		assert_refused(&f, &custom_nodectl, impossible[i].profile, impossible[i].message);
	fixture_put(&f, "other.conf", WORKER "planned = 1\nnodectl { }\n");
	assert_refused(&f, &custom_nodectl, MASTER "nodectl { }", "is another; take one of them");
	fixture_done(&f);
}

static void a_manual_that_was_not_made_is_refused_with_what_to_do(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	autofree char *page = path_join(f.dir, "boards/man/nodectl.8.gz");
	assert_int_equal(unlink(page), 0);
	assert_refused(&f, &custom_nodectl, MASTER "nodectl { }",
		       "nodectl: its manual is not built: run 'make boards' in the Cardstock");
	fixture_done(&f);
}

/* Whoever is decommissioned is served no more, which a network would not know. */
static void shares_are_served_to_accepted_nodes_and_not_to_a_network(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/usr/sbin/exportfs", "");
	fixture_profile(&f, MASTER SHARE "nodectl { }\n");
	fixture_run(&f, &custom_nfs);
	assert_file_lacks(&f, "/etc/exports", "/srv/a");
	assert_int_equal(f.notes.n, 1); /* of the server, of which the image has exportfs alone */
	assert_attr(&f, "/etc/exports.d", "0755 0 0");
	assert_attr(&f, "/srv/a b", "0755 0 0");
	fixture_put(&f, "other.conf", WORKER "firstboot = false\n" SHARE);
	fixture_profile(&f, MASTER SHARE "nodectl { }\n");
	fixture_run(&f, &custom_nfs);
	assert_file_has(&f, "/etc/exports", "10.0.0.0/24(rw");
	assert_note(&f, "served to whole networks, decommissioned nodes included: the nodes of "
			"role 'worker' do not register");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_unless_it_is_asked_for),
		cmocka_unit_test(the_master_gets_program_user_and_units),
		cmocka_unit_test(a_newer_sshd_is_told_how_long_a_board_may_hold_a_connection),
		cmocka_unit_test(boards_log_in_as_a_locked_user_with_a_free_number),
		cmocka_unit_test(the_plan_of_the_cluster_is_one_that_nodectl_reads),
		cmocka_unit_test(what_the_image_lacks_is_said),
		cmocka_unit_test(what_cannot_be_is_refused_at_its_line),
		cmocka_unit_test(a_manual_that_was_not_made_is_refused_with_what_to_do),
		cmocka_unit_test(shares_are_served_to_accepted_nodes_and_not_to_a_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
