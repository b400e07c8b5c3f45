/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define DROP_IN "/etc/ssh/sshd_config.d/10-cardstock.conf"
#define CLIENT "/etc/ssh/ssh_config.d/10-cardstock.conf"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"
#define SETTINGS                                  \
	"HostKey " HOST_KEY "\n"                  \
	"HostCertificate " HOST_KEY "-cert.pub\n" \
	"PasswordAuthentication no\n"             \
	"KbdInteractiveAuthentication no\n"       \
	"PermitRootLogin prohibit-password\n"

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
	auto_strv words = {0};
	strv_split(&words, strstr(str_text(&out), "Principals:"), " \n");
	assert_string_equal(words.v[1], "worker001");
	assert_string_equal(words.v[2], "worker001.testbed");
	assert_string_equal(words.v[3], "10.0.0.1");
	assert_string_equal(words.v[4], "Critical");
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

static void localhost_is_known_by_the_nodes_own_key(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	fixture_init(&f);
	fixture_profile_with_keys(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	fixture_run(&f, &custom_ssh);
	autofree char *key = fixture_text(&f, HOST_KEY ".pub");
	autofree char *line = xasprintf("\nlocalhost,127.0.0.1,::1 %s", key);
	assert_file_has(&f, "/etc/ssh/ssh_known_hosts", line);
	autofree char *hosts = fixture_host(&f, "/etc/ssh/ssh_known_hosts");
	const char *argv[] = {"ssh-keygen", "-l", "-F", "localhost", "-f", hosts, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	assert_non_null(strstr(str_text(&out), "localhost ED25519 SHA256:"));
	fixture_done(&f);
}

/* What ssh makes of the image's configuration for a host. Owned. */
static char *ssh_says(struct fixture *f, const char *config, const char *host)
{
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	autofree char *path = fixture_host(f, config);
	const char *argv[] = {"ssh", "-G", "-F", path, host, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	return str_steal(&out);
}

static void assert_strict(struct fixture *f, const char *config)
{
	static const char *const names[] = {"worker001", "worker003.testbed", "10.0.0.2"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *node = ssh_says(f, config, names[i]);
		assert_non_null(strstr(node, "\nstricthostkeychecking true\n"));
		assert_non_null(strstr(node, "\nhashknownhosts no\n"));
	}
	autofree char *other = ssh_says(f, config, "www.example.org");
	assert_non_null(strstr(other, "\nstricthostkeychecking ask\n"));
	assert_non_null(strstr(other, "\nhashknownhosts yes\n"));
}

static void nodes_never_ask_for_nodes(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_config",
		    "Include /etc/ssh/ssh_config.d/*.conf\nHost *\n\tHashKnownHosts yes\n");
	fixture_profile(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	fixture_put(&f, "root/try", "");
	autofree char *drop_in = fixture_host(&f, CLIENT);
	autofree char *config = xasprintf("Include %s\nHost *\n\tHashKnownHosts yes\n", drop_in);
	fixture_put(&f, "root/try", config);
	assert_strict(&f, "/try");
	assert_attr(&f, CLIENT, "0644 0 0");
	fixture_done(&f);
}

static void an_ssh_without_include_gets_it_on_top(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_config", "HashKnownHosts yes\n");
	fixture_profile(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	fixture_run(&f, &custom_ssh);
	assert_strict(&f, "/etc/ssh/ssh_config");
	assert_file_has(&f, "/etc/ssh/ssh_config",
			"Host *\n# END cardstock ssh\nHashKnownHosts yes\n");
	assert_attr(&f, CLIENT, "none");
	fixture_done(&f);
}

static void lines_for_many_nodes_stay_short(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_config", "");
	fixture_profile(&f, "planned = 200\nhostname = \"node%03d\"");
	fixture_run(&f, &custom_ssh);
	autofree char *text = fixture_text(&f, "/etc/ssh/ssh_config");
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines)
		assert_true(strlen(*line) < 1000);
	autofree char *last = ssh_says(&f, "/etc/ssh/ssh_config", "node200");
	assert_non_null(strstr(last, "\nstricthostkeychecking true\n"));
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
		cmocka_unit_test(localhost_is_known_by_the_nodes_own_key),
		cmocka_unit_test(nodes_never_ask_for_nodes),
		cmocka_unit_test(an_ssh_without_include_gets_it_on_top),
		cmocka_unit_test(lines_for_many_nodes_stay_short),
		cmocka_unit_test(an_image_without_sshd_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
