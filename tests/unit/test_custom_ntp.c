/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define NODES "address = \"10.0.0.%d/24\"\nfirst-address = 11\n"
#define ONE NODES "planned = 1\nhostname = master\n"
#define VENDOR "/usr/lib/systemd/system/"
#define ADMIN "/etc/systemd/system/"
#define TIMESYNCD "/etc/systemd/timesyncd.conf.d/10-cardstock.conf"
#define CHRONY "/etc/chrony/conf.d/10-cardstock.conf"

static void init_timesyncd(struct fixture *f)
{
	fixture_init(f);
	fixture_put(f, "root" VENDOR "systemd-timesyncd.service", "[Unit]\n");
}

static void init_chrony(struct fixture *f, const char *config)
{
	fixture_init(f);
	fixture_put(f, "root/usr/sbin/chronyd", "");
	fixture_put(f, "root" VENDOR "chrony.service", "[Unit]\n");
	fixture_put(f, "root/etc/chrony/chrony.conf", config);
}

static void run_profile(struct fixture *f, const char *profile)
{
	fixture_profile(f, profile);
	fixture_run(f, &custom_ntp);
}

static void timesyncd_asks_the_server_first(void **state)
{
	(void)state;
	struct fixture f;
	init_timesyncd(&f);
	run_profile(&f, NODES "ntp { from = worker002 servers = {\"ntp.example.org\"} }");
	assert_file(&f, TIMESYNCD, "[Time]\nNTP=10.0.0.12 ntp.example.org\n");
	assert_link(&f, ADMIN "sysinit.target.wants/systemd-timesyncd.service",
		    VENDOR "systemd-timesyncd.service");
	run_profile(&f, "ntp { from = \"10.0.0.250\" }");
	assert_file(&f, TIMESYNCD, "[Time]\nNTP=10.0.0.250\n");
	run_profile(&f, "ntp { servers = {\"a.example\", \"b.example\"} }");
	assert_file(&f, TIMESYNCD, "[Time]\nNTP=a.example b.example\n");
	fixture_done(&f);
}

static void timesyncd_cannot_serve(void **state)
{
	(void)state;
	struct fixture f;
	init_timesyncd(&f);
	run_profile(&f, NODES "ntp { from = worker001 }");
	assert_note(&f, "gives nobody the time: systemd-timesyncd only asks; add the package "
			"chrony");
	assert_attr(&f, TIMESYNCD, "none");
	fixture_done(&f);
}

static void chrony_serves_the_wired_network(void **state)
{
	(void)state;
	struct fixture f;
	init_chrony(&f, "confdir /etc/chrony/conf.d\npool debian.pool.ntp.org iburst\n");
	run_profile(&f, ONE "ntp { from = worker servers = \"ntp.example.org\" }");
	assert_file(&f, CHRONY,
		    "server ntp.example.org iburst\nallow 10.0.0.0/24\nlocal stratum 10\n");
	assert_link(&f, ADMIN "multi-user.target.wants/chrony.service", VENDOR "chrony.service");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void chrony_without_drop_ins_gets_a_block(void **state)
{
	(void)state;
	struct fixture f;
	init_chrony(&f, "pool debian.pool.ntp.org iburst\n");
	run_profile(&f, NODES "ntp { from = worker002 }");
	assert_file(
		&f, "/etc/chrony/chrony.conf",
		"pool debian.pool.ntp.org iburst\n# BEGIN cardstock ntp\n"
		"server 10.0.0.12 iburst minpoll 2 prefer\nmakestep 1 -1\n# END cardstock ntp\n");
	fixture_done(&f);
}

static void ntpd_serves_and_asks(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/ntpd", "");
	fixture_put(&f, "root/etc/ntpsec/ntp.conf", "driftfile /x\n");
	run_profile(&f, NODES "ntp { from = worker002 }");
	assert_file_has(&f, "/etc/ntpsec/ntp.conf", "\nserver 10.0.0.12 iburst prefer\n");
	run_profile(&f, ONE "ntp { from = worker }");
	assert_file(&f, "/etc/ntpsec/ntp.conf",
		    "driftfile /x\n# BEGIN cardstock ntp\ntos orphan 10\n# END cardstock ntp\n");
	fixture_done(&f);
}

static void an_image_without_any_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "");
	assert_int_equal(f.notes.n, 0);
	run_profile(&f, "ntp { from = \"10.0.0.250\" }");
	assert_note(&f, "asks nobody for the time");
	fixture_done(&f);
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	init_timesyncd(&f);
	assert_refused(&f, &custom_ntp, "\nntp { from = \"a b\" }",
		       "worker.conf:2: from: 'a b' is no server");
	assert_refused(&f, &custom_ntp, "\nntp { from = nas }",
		       "worker.conf:2: 'nas' is neither a role nor a node");
	assert_refused(&f, &custom_ntp, NODES "ntp { from = worker }", "has 3 nodes");
	assert_refused(&f, &custom_ntp, "ntp { from = worker001 }", "has no planned address");
	assert_refused(&f, &custom_ntp, "\nntp { servers = {\"a\",\n\"b; c\"} }",
		       "worker.conf:3: servers: 'b; c' is not a time server");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timesyncd_asks_the_server_first),
		cmocka_unit_test(timesyncd_cannot_serve),
		cmocka_unit_test(chrony_serves_the_wired_network),
		cmocka_unit_test(chrony_without_drop_ins_gets_a_block),
		cmocka_unit_test(ntpd_serves_and_asks),
		cmocka_unit_test(an_image_without_any_is_noted),
		cmocka_unit_test(wrong_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
