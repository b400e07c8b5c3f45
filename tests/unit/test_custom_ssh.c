/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define DROP_IN "/etc/ssh/sshd_config.d/10-cardstock.conf"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"
#define SETTINGS                                  \
	"HostKey " HOST_KEY "\n"                  \
	"HostCertificate " HOST_KEY "-cert.pub\n" \
	"PasswordAuthentication no\n"             \
	"KbdInteractiveAuthentication no\n"

static void the_host_key_is_signed_for_the_node(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	fixture_init(&f);
	fixture_profile_with_keys(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	autofree char *cert = fixture_host(&f, HOST_KEY "-cert.pub");
	const char *argv[] = {"ssh-keygen", "-L", "-f", cert, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	assert_non_null(strstr(str_text(&out), "host certificate"));
	assert_non_null(strstr(str_text(&out), "worker001"));
	assert_attr(&f, HOST_KEY, "0600 0 0");
	assert_attr(&f, HOST_KEY ".pub", "0644 0 0");
	fixture_done(&f);
}

static void sshd_uses_it_and_takes_no_passwords(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_file(&f, DROP_IN, SETTINGS);
	assert_file(&f, "/etc/ssh/sshd_config",
		    "# stock\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
	fixture_done(&f);
}

static void passwords_can_be_let_in(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "ssh-passwords = true");
	fixture_run(&f, &custom_ssh);
	assert_file_has(&f, DROP_IN, "\nPasswordAuthentication yes\n");
	fixture_done(&f);
}

static void an_sshd_without_include_gets_the_settings_on_top(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config",
		    "# Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	fixture_run(&f, &custom_ssh);
	assert_file(&f, "/etc/ssh/sshd_config",
		    "# BEGIN cardstock ssh\n" SETTINGS "# END cardstock ssh\n"
		    "# Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
	assert_attr(&f, DROP_IN, "none");
	fixture_done(&f);
}

static void an_include_after_the_setting_comes_too_late(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config",
		    "PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_file_has(&f, "/etc/ssh/sshd_config", "# BEGIN cardstock ssh\n" SETTINGS);
	fixture_done(&f);
}

static void every_node_knows_the_clusters_authority(void **state)
{
	(void)state;
	struct fixture f;
	auto_str ca = STR_INIT;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_known_hosts", "old.example ssh-rsa AAAA\n");
	fixture_profile_with_keys(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	assert_ok(cluster_read(f.cluster, "keys/host-ca.pub", &ca, &e), &e);
	assert_file_has(&f, "/etc/ssh/ssh_known_hosts", "old.example ssh-rsa AAAA\n");
	assert_file_has(&f, "/etc/ssh/ssh_known_hosts",
			"\n@cert-authority worker001,worker001.testbed,10.0.0.1 ssh-ed25519 ");
	assert_file_has(&f, "/etc/ssh/ssh_known_hosts", str_text(&ca));
	fixture_done(&f);
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

static void an_image_without_sshd_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *config = fixture_host(&f, "/etc/ssh/sshd_config");
	assert_int_equal(unlink(config), 0);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_note(&f, "openssh-server is not in this image");
	assert_attr(&f, HOST_KEY, "none");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_key_is_signed_for_the_node),
		cmocka_unit_test(sshd_uses_it_and_takes_no_passwords),
		cmocka_unit_test(passwords_can_be_let_in),
		cmocka_unit_test(an_sshd_without_include_gets_the_settings_on_top),
		cmocka_unit_test(an_include_after_the_setting_comes_too_late),
		cmocka_unit_test(every_node_knows_the_clusters_authority),
		cmocka_unit_test(sshd_starts_at_boot),
		cmocka_unit_test(a_mask_is_lifted),
		cmocka_unit_test(ubuntus_socket_is_left_to_start_it),
		cmocka_unit_test(raspberry_pi_os_is_asked_by_its_file),
		cmocka_unit_test(an_image_without_sshd_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
