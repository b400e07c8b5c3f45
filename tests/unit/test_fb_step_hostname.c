/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"

#define HOSTS "/etc/hosts"
#define HOSTNAME "/etc/hostname"
#define LOCALHOST "127.0.0.1\tlocalhost\n"
#define STOCK LOCALHOST "127.0.1.1\traspberrypi\n10.0.0.1\tmaster\n"

static void init(struct step_test *t, const char *settings)
{
	step_test_init(t, &step_hostname, settings);
	put(t, HOSTNAME, "raspberrypi\n");
	put(t, HOSTS, STOCK);
}

static void files_get_the_name_where_there_is_no_bus(void **state)
{
	struct step_test t;
	init(&t, "hostname = worker003\naddress = 10.0.0.13/24\n");
	assert_changes_once(&t, "worker003 in place of raspberrypi");
	assert_file(&t, HOSTNAME, "worker003\n");
	assert_file(&t, HOSTS, LOCALHOST "10.0.0.1\tmaster\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_node_without_address_knows_itself(void **state)
{
	struct step_test t;
	init(&t, "hostname = worker003\n");
	assert_changes_once(&t, "worker003");
	assert_file(&t, HOSTS, LOCALHOST "10.0.0.1\tmaster\n127.0.1.1\tworker003\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_node_that_mkimage_named_is_left_alone(void **state)
{
	struct step_test t;
	init(&t, "hostname = worker003\naddress = 10.0.0.13/24\n");
	put(&t, HOSTNAME, "worker003\n");
	put(&t, HOSTS, LOCALHOST "10.0.0.13\tworker003 worker003.beowulf\n");
	assert_changes_nothing(&t, "worker003");
	step_test_done(&t);
	workdir_passed(state);
}

static void settings_without_a_name_change_none(void **state)
{
	struct step_test t;
	init(&t, "");
	assert_changes_nothing(&t, "the settings have none");
	step_test_done(&t);
	workdir_passed(state);
}

static void hostnamed_sets_the_name(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->hostname, "raspberrypi");
	init(&t, "hostname = worker003\n");
	t.ctx.bus = p.bus;
	t.ctx.dry_run = true;
	assert_step(&t, 1, "worker003 in place of raspberrypi");
	assert_string_equal(p.said->hostname, "raspberrypi");
	t.ctx.dry_run = false;
	assert_step(&t, 1, "worker003 in place of raspberrypi");
	assert_string_equal(p.said->hostname, "worker003");
	assert_file(&t, HOSTS, LOCALHOST "10.0.0.1\tmaster\n127.0.1.1\tworker003\n");
	/* That of hostnamed; here it is another process's. */
	assert_file(&t, HOSTNAME, "raspberrypi\n");
	assert_step(&t, 0, "worker003");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void without_hostnamed_files_get_the_name(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, MANAGER);
	init(&t, "hostname = worker003\n");
	t.ctx.bus = p.bus;
	assert_changes_once(&t, "worker003 in place of raspberrypi");
	assert_file(&t, HOSTNAME, "worker003\n");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_hostnamed_that_refuses_is_told_and_files_get_the_name(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->refused, "SetStaticHostname");
	init(&t, "hostname = worker003\n");
	t.ctx.bus = p.bus;
	assert_step(&t, 1,
		    "set in files, because hostnamed did not: org.freedesktop.hostname1: "
		    "SetStaticHostname: org.freedesktop.DBus.Error.AccessDenied: the test "
		    "says no; worker003");
	assert_file(&t, HOSTNAME, "worker003\n");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	init(&t, "hostname = worker003\n");
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED, "hostname 'worker003': /");
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "Read-only file system; mount it writable");
	assert_step_fails_on(&t, DISK_FULL, ERR_SPACE, "/etc/hosts: cannot write: No space");
	assert_file(&t, HOSTNAME, "raspberrypi\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void damaged_hosts_are_not_edited(void **state)
{
	struct step_test t;
	init(&t, "hostname = worker003\n");
	autofree char *file = put_in_root(&t, HOSTS, NULL);
	auto_err e = ERR_INIT;
	assert_ok(io_replace_file(file, "a\0b", 3, 0644, &e), &e);
	assert_step_fails(&t, "hostname 'worker003': /etc/hosts: has NUL bytes; repair it");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(files_get_the_name_where_there_is_no_bus),
		STEP_TEST(a_node_without_address_knows_itself),
		STEP_TEST(a_node_that_mkimage_named_is_left_alone),
		STEP_TEST(settings_without_a_name_change_none),
		STEP_TEST(hostnamed_sets_the_name),
		STEP_TEST(without_hostnamed_files_get_the_name),
		STEP_TEST(a_hostnamed_that_refuses_is_told_and_files_get_the_name),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
		STEP_TEST(damaged_hosts_are_not_edited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
