/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd starts at boot, whatever starts things in the image. */
#include "../custom/fixture.h"

static void remove_unit(struct fixture *f)
{
	autofree char *unit = fixture_host(f, "/usr/lib/systemd/system/ssh.service");
	assert_int_equal(unlink(unit), 0);
}

static void sshd_starts_at_boot(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_link(&f, "/etc/systemd/system/multi-user.target.wants/ssh.service",
		    "/usr/lib/systemd/system/ssh.service");
	fixture_done(&f);
}

static void a_mask_is_lifted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root/etc/systemd/system/ssh.service", "/dev/null");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/systemd/system/ssh.service", "none");
	fixture_done(&f);
}

static void ubuntus_socket_is_left_to_start_it(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/lib/systemd/system/ssh.socket", "[Socket]\n");
	fixture_symlink(&f, "root/etc/systemd/system/sockets.target.wants/ssh.socket",
			"/usr/lib/systemd/system/ssh.socket");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/systemd/system/multi-user.target.wants/ssh.service", "none");
	fixture_done(&f);
}

static void raspberry_pi_os_is_asked_by_its_file(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/lib/systemd/system/sshswitch.service", "[Unit]\n");
	fixture_mkdir(&f, "root/boot/firmware");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/boot/firmware/ssh", "0644 0 0");
	fixture_done(&f);
}

static void a_masked_socket_is_lifted_too(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/lib/systemd/system/ssh.socket", "[Socket]\n");
	fixture_symlink(&f, "root/etc/systemd/system/sockets.target.wants/ssh.socket",
			"/usr/lib/systemd/system/ssh.socket");
	fixture_symlink(&f, "root/etc/systemd/system/ssh.socket", "/dev/null");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/systemd/system/ssh.socket", "none");
	fixture_done(&f);
}

static void fedoras_unit_is_sshd(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	remove_unit(&f);
	fixture_put(&f, "root/usr/lib/systemd/system/sshd.service", "[Service]\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_link(&f, "/etc/systemd/system/multi-user.target.wants/sshd.service",
		    "/usr/lib/systemd/system/sshd.service");
	fixture_done(&f);
}

static void a_file_that_forbids_sshd_goes(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_not_to_be_run", "");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/ssh/sshd_not_to_be_run", "none");
	fixture_done(&f);
}

static void system_v_init_gets_links(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	remove_unit(&f);
	fixture_put(&f, "root/etc/init.d/ssh", "#!/bin/sh\n");
	fixture_symlink(&f, "root/etc/rc2.d/K80ssh", "../init.d/ssh");
	fixture_symlink(&f, "root/etc/rc3.d/S16ssh", "../init.d/ssh");
	fixture_symlink(&f, "root/etc/rc2.d/K80sshguard", "../init.d/sshguard");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_link(&f, "/etc/rc2.d/S20ssh", "../init.d/ssh");
	assert_attr(&f, "/etc/rc2.d/K80ssh", "none");
	assert_link(&f, "/etc/rc2.d/K80sshguard", "../init.d/sshguard");
	assert_attr(&f, "/etc/rc3.d/S20ssh", "none");
	assert_attr(&f, "/etc/rc4.d", "none");
	fixture_done(&f);
}

static void upstarts_manual_is_lifted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	remove_unit(&f);
	fixture_put(&f, "root/etc/init/ssh.conf", "start on runlevel [2345]\n# manual\nmanual \n");
	fixture_put(&f, "root/etc/init/ssh.override", "manual\n");
	fixture_put(&f, "root/etc/init.d/ssh", "#!/bin/sh\n");
	fixture_mkdir(&f, "root/etc/rc2.d");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_file(&f, "/etc/init/ssh.conf", "start on runlevel [2345]\n# manual\n");
	assert_attr(&f, "/etc/init/ssh.override", "none");
	assert_attr(&f, "/etc/rc2.d/S20ssh", "none");
	fixture_done(&f);
}

static void nothing_that_starts_it_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	remove_unit(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_note(&f, "sshd is not switched on");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sshd_starts_at_boot),
		cmocka_unit_test(a_mask_is_lifted),
		cmocka_unit_test(ubuntus_socket_is_left_to_start_it),
		cmocka_unit_test(a_masked_socket_is_lifted_too),
		cmocka_unit_test(raspberry_pi_os_is_asked_by_its_file),
		cmocka_unit_test(fedoras_unit_is_sshd),
		cmocka_unit_test(a_file_that_forbids_sshd_goes),
		cmocka_unit_test(system_v_init_gets_links),
		cmocka_unit_test(upstarts_manual_is_lifted),
		cmocka_unit_test(nothing_that_starts_it_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
