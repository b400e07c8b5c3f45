/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_step.h"

#define MACHINE_ID "/etc/machine-id"
#define DBUS_ID "/var/lib/dbus/machine-id"
#define ID "0123456789abcdef0123456789abcdef\n"

/* systemd's own reader of the file. */
static void assert_systemd_reads_it(struct step_test *t)
{
	auto_str out = STR_INIT;
	autofree char *text = text_of(t, MACHINE_ID);
	autofree char *option = xasprintf("--root=%s", t->root);
	const char *const argv[] = {"systemd-machine-id-setup", "--print", option, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &t->e), &t->e);
	assert_string_equal(str_text(&out), text);
}

static void an_empty_id_is_made(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, "");
	assert_changes_once(&t, "a new /etc/machine-id");
	assert_systemd_reads_it(&t);
	step_test_done(&t);
	workdir_passed(state);
}

static void what_is_no_id_is_replaced(void **state)
{
	const char *const texts[] = {"uninitialized\n", "0123\n",
				     "00000000000000000000000000000000\n",
				     "0123456789ABCDEF0123456789abcdef\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct step_test t;
		step_test_init(&t, &step_machine_id, "");
		put(&t, MACHINE_ID, texts[i]);
		assert_step(&t, 1, "a new /etc/machine-id");
		assert_systemd_reads_it(&t);
		step_test_done(&t);
	}
	workdir_passed(state);
}

static void two_boards_do_not_get_the_same(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, "");
	assert_step(&t, 1, "");
	autofree char *first = text_of(&t, MACHINE_ID);
	put(&t, MACHINE_ID, "");
	assert_step(&t, 1, "");
	autofree char *second = text_of(&t, MACHINE_ID);
	assert_string_not_equal(first, second);
	step_test_done(&t);
	workdir_passed(state);
}

static void an_id_stays(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, ID);
	assert_changes_nothing(&t, "it has one");
	step_test_done(&t);
	workdir_passed(state);
}

static void the_copy_of_dbus_follows(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, ID);
	put(&t, DBUS_ID, "fedcba9876543210fedcba9876543210\n");
	assert_changes_once(&t, "/var/lib/dbus/machine-id follows");
	assert_file(&t, DBUS_ID, ID);
	step_test_done(&t);
	workdir_passed(state);
}

/* D-Bus of an old system made it, before anybody knew of /etc/machine-id. */
static void an_id_of_dbus_is_taken(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, DBUS_ID, ID);
	assert_changes_once(&t, "a new /etc/machine-id");
	assert_file(&t, MACHINE_ID, ID);
	assert_file(&t, DBUS_ID, ID);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_link_of_dbus_stays(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, ID);
	put_link(&t, DBUS_ID, MACHINE_ID);
	assert_changes_nothing(&t, "it has one");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_machine_id, "");
	put(&t, MACHINE_ID, "");
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "/etc/machine-id: cannot create a file beside it: Read-only");
	assert_step_fails_on(&t, DISK_FULL, ERR_SPACE, "/etc/machine-id: cannot write: No space");
	assert_file(&t, MACHINE_ID, "");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(an_empty_id_is_made),
		STEP_TEST(what_is_no_id_is_replaced),
		STEP_TEST(two_boards_do_not_get_the_same),
		STEP_TEST(an_id_stays),
		STEP_TEST(the_copy_of_dbus_follows),
		STEP_TEST(an_id_of_dbus_is_taken),
		STEP_TEST(a_link_of_dbus_stays),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
