/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

/* The stage that only clones have, made. */
static void clone_stage(struct fixture *f, bool sysprep)
{
	auto_err e = ERR_INIT;
	auto_plan *plan = plan_new(NULL);
	struct plan_ctx ctx = {.profile = f->profile,
			       .cluster = f->cluster,
			       .node = f->cluster->members[0].nodes,
			       .tree = f->tree,
			       .plan = plan,
			       .custom = "used",
			       .sysprep = sysprep,
			       .now = FIXTURE_NOW};
	assert_ok(custom_used.plan_clone(&ctx, &e), &e);
	assert_ok(plan_apply(plan, f->tree, &e), &e);
}

static void leases_and_ids_go_and_settings_stay(void **state)
{
	static const char *const gone[] = {
		"/etc/dhcpcd.duid",
		"/etc/iscsi/initiatorname.iscsi",
		"/var/lib/dhcp/dhclient.eth0.leases",
		"/var/lib/dhcpcd/eth0.lease",
		"/var/lib/dhcpcd/wlan0-home.lease6",
		"/var/lib/NetworkManager/internal-1-eth0.lease",
		"/var/lib/systemd/network/leases/eth0",
	};
	static const char *const kept[] = {"/var/lib/dhcp/readme", "/var/lib/dhcpcd/eth0.conf",
					   "/var/lib/NetworkManager/NetworkManager.state",
					   "/var/log/syslog", "/root/.bash_history"};
	struct fixture f;
	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		autofree char *path = xasprintf("root%s", gone[i]);
		fixture_put(&f, path, "x");
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		autofree char *path = xasprintf("root%s", kept[i]);
		fixture_put(&f, path, "kept\n");
	}
	fixture_profile(&f, "");
	clone_stage(&f, false);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		assert_attr(&f, gone[i], "none");
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_file(&f, kept[i], "kept\n");
	fixture_done(&f);
}

static void sysprep_drops_logs_and_keeps_their_directories(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	fixture_put(&f, "root/var/log/app/old/today.log", "x");
	fixture_put(&f, "root/var/log/wtmp", "x");
	fixture_put(&f, "root/var/log/journal/8f14e45f/system.journal", "x");
	fixture_put(&f, "root/var/tmp/left", "x");
	fixture_put(&f, "root/home/ops/.bash_history", "x");
	fixture_put(&f, "root/home/ops/.profile", "kept\n");
	fixture_put(&f, "root/srv/data", "kept\n");
	fixture_symlink(&f, "root/var/log/elsewhere", "/srv");
	fixture_profile(&f, "");
	clone_stage(&f, true);
	assert_attr(&f, "/var/log/app/old/today.log", "none");
	assert_attr(&f, "/var/log/app/old", "0755 0 0");
	assert_attr(&f, "/var/log/wtmp", "none");
	assert_attr(&f, "/var/log/journal/8f14e45f", "none");
	assert_attr(&f, "/var/log/journal", "0755 0 0");
	assert_attr(&f, "/var/tmp/left", "none");
	assert_attr(&f, "/home/ops/.bash_history", "none");
	assert_file(&f, "/home/ops/.profile", "kept\n");
	assert_file(&f, "/srv/data", "kept\n");
	assert_link(&f, "/var/log/elsewhere", "/srv");
	fixture_done(&f);
}

static void a_build_is_left_alone(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	fixture_put(&f, "root/var/lib/dhcp/dhclient.eth0.leases", "x");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_used);
	assert_file(&f, "/var/lib/dhcp/dhclient.eth0.leases", "x");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leases_and_ids_go_and_settings_stay),
		cmocka_unit_test(sysprep_drops_logs_and_keeps_their_directories),
		cmocka_unit_test(a_build_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
