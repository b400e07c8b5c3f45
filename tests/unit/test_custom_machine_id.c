/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

static void the_id_is_there_and_empty(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_machine_id);
	assert_file(&f, "/etc/machine-id", "");
	assert_attr(&f, "/etc/machine-id", "0644 0 0");
	fixture_done(&f);
}

static void an_image_without_id_gets_the_empty_file(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *id = fixture_host(&f, "/etc/machine-id");
	assert_int_equal(unlink(id), 0);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_machine_id);
	assert_attr(&f, "/etc/machine-id", "0444 0 0");
	fixture_done(&f);
}

static void the_copy_of_dbus_goes_unless_it_is_a_link(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_machine_id);
	assert_attr(&f, "/var/lib/dbus/machine-id", "none");
	fixture_symlink(&f, "root/var/lib/dbus/machine-id", "/etc/machine-id");
	fixture_run(&f, &custom_machine_id);
	assert_link(&f, "/var/lib/dbus/machine-id", "/etc/machine-id");
	fixture_done(&f);
}

static void seeds_and_secrets_are_removed(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/var/lib/systemd/random-seed", "x");
	fixture_put(&f, "root/var/lib/systemd/credential.secret", "x");
	fixture_put(&f, "root/boot/firmware/loader/random-seed", "x");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_machine_id);
	assert_attr(&f, "/var/lib/systemd/random-seed", "none");
	assert_attr(&f, "/var/lib/systemd/credential.secret", "none");
	assert_attr(&f, "/boot/firmware/loader/random-seed", "none");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_is_there_and_empty),
		cmocka_unit_test(an_image_without_id_gets_the_empty_file),
		cmocka_unit_test(the_copy_of_dbus_goes_unless_it_is_a_link),
		cmocka_unit_test(seeds_and_secrets_are_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
