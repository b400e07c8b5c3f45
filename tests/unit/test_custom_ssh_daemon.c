/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sshd itself makes of its settings, and what its program and its files tell of it. */
#include "../custom/sshd.h"

#define DROP_IN "/etc/ssh/sshd_config.d/10-cardstock.conf"
#define CONFIG "/etc/ssh/sshd_config"
#define ELF "\177ELF "
#define MODERN ELF "ssh-ed25519 prohibit-password "

/* The file again, with the image's paths as those of the host. */
static void relocate(struct fixture *f, const char *path)
{
	autofree char *text = fixture_text(f, path);
	auto_str out = STR_INIT;
	if (!*text)
		return;
	for (const char *s = text; *s;) {
		if (strncmp(s, "/etc/ssh/", 9) == 0)
			str_puts(&out, f->root);
		str_add(&out, s++, 1);
	}
	autofree char *to = xasprintf("root%s", path);
	fixture_put(f, to, str_text(&out));
}

/* What sshd would do with the image's configuration; owned. */
static char *sshd_says(struct fixture *f)
{
	autofree char *config = fixture_host(f, CONFIG),
		      *key = fixture_host(f, "/etc/ssh/ssh_host_ed25519_key");
	relocate(f, CONFIG);
	relocate(f, DROP_IN);
	return sshd_test(config, key, NULL);
}

static void assert_obeyed(struct fixture *f, const char *passwords, const char *root)
{
	fixture_run(f, &custom_ssh);
	autofree char *says = sshd_says(f);
	autofree char *key = xasprintf("\nhostkey %s/etc/ssh/ssh_host_ed25519_key\n", f->root);
	autofree char *cert =
		xasprintf("\nhostcertificate %s/etc/ssh/ssh_host_ed25519_key-cert.pub\n", f->root);
	autofree char *password = xasprintf("\npasswordauthentication %s\n", passwords);
	autofree char *keyboard = xasprintf("\nkbdinteractiveauthentication %s\n", passwords);
	autofree char *login = xasprintf("\npermitrootlogin %s\n", root);
	assert_says(says, key);
	assert_says(says, cert);
	assert_says(says, password);
	assert_says(says, keyboard);
	assert_says(says, login);
}

static void sshd_obeys_the_drop_in(void **state)
{
	(void)state;
	struct fixture f;
	need_namespace();
	fixture_init(&f);
	fixture_profile_with_keys(&f, "");
	assert_obeyed(&f, "no", "without-password");
	fixture_done(&f);
}

static void cloud_init_comes_too_late(void **state)
{
	(void)state;
	struct fixture f;
	need_namespace();
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config.d/50-cloud-init.conf",
		    "PasswordAuthentication yes\nPermitRootLogin yes\n");
	fixture_profile_with_keys(&f, "ssh-root = no");
	assert_obeyed(&f, "no", "no");
	fixture_done(&f);
}

static void sshd_obeys_the_settings_on_top(void **state)
{
	(void)state;
	struct fixture f;
	need_namespace();
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config",
		    "PermitRootLogin yes\nPasswordAuthentication no\nUsePAM no\n"
		    "Match User nobody\n\tPasswordAuthentication no\n");
	fixture_profile_with_keys(&f, "ssh-passwords = true");
	assert_obeyed(&f, "yes", "without-password");
	assert_attr(&f, DROP_IN, "none");
	fixture_done(&f);
}

static void a_drop_in_that_comes_first_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config.d/01-site.conf", "#\npermitrootlogin yes\n");
	fixture_put(&f, "root/etc/ssh/sshd_config.d/02-site", "PasswordAuthentication yes\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_note(&f, "/etc/ssh/sshd_config.d/01-site.conf says permitrootlogin before");
	assert_int_equal(f.notes.n, 1);
	fixture_done(&f);
}

static void a_wrong_root_login_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_ssh, "\nssh-root = yes", "worker.conf:2: ssh-root:");
	assert_refused(&f, &custom_ssh, "\nssh-root = yes", "none of key|no");
	assert_refused(&f, &custom_ssh, "\nssh-passwords = maybe", "worker.conf:2: ");
	fixture_done(&f);
}

static void host_keys_of_the_image_go(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_host_rsa_key", "old\n");
	fixture_put(&f, "root/etc/ssh/ssh_host_rsa_key.pub", "old\n");
	fixture_put(&f, "root/etc/ssh/ssh_host_ecdsa_key", "old\n");
	fixture_put(&f, "root/etc/ssh/ssh_host_ed25519_key", "old\n");
	fixture_put(&f, "root/etc/ssh/moduli", "2026\n");
	fixture_profile_with_keys(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/ssh/ssh_host_rsa_key", "none");
	assert_attr(&f, "/etc/ssh/ssh_host_rsa_key.pub", "none");
	assert_attr(&f, "/etc/ssh/ssh_host_ecdsa_key", "none");
	assert_file_lacks(&f, "/etc/ssh/ssh_host_ed25519_key", "old");
	assert_file(&f, "/etc/ssh/moduli", "2026\n");
	fixture_done(&f);
}

static void an_old_sshd_is_told_in_its_words(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", ELF "ssh-ed25519");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_file_has(&f, DROP_IN, "\nPermitRootLogin without-password\n");
	fixture_done(&f);
}

static void an_sshd_without_ed25519_keeps_its_keys(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", ELF "ssh-rsa");
	fixture_put(&f, "root/etc/ssh/ssh_host_rsa_key", "old\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_ssh);
	assert_note(&f, "older than OpenSSH 6.5");
	assert_file_lacks(&f, DROP_IN, "HostKey");
	assert_file(&f, "/etc/ssh/ssh_host_rsa_key", "old\n");
	fixture_done(&f);
}

static void a_second_program_tells_that_sshd_is_new(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", ELF);
	fixture_put(&f, "root/usr/lib/openssh/sshd-session", ELF "libwrap.so.0");
	fixture_put(&f, "root/etc/hosts.deny", "ALL: ALL\n");
	fixture_profile(&f, "address = \"10.0.0.%d/20\"");
	fixture_run(&f, &custom_ssh);
	assert_file_has(&f, DROP_IN, "\nPermitRootLogin prohibit-password\n");
	assert_file_has(&f, DROP_IN, "HostKey ");
	assert_note(&f, "only the network of the cluster is let in");
	fixture_done(&f);
}

static void live_wrappers_let_the_cluster_in(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", MODERN "libwrap.so.0");
	fixture_put(&f, "root/etc/hosts.deny", "# x\nALL: ALL\n");
	fixture_put(&f, "root/etc/hosts.allow", "ALL: 10.1.0.1\n");
	fixture_profile(&f, "address = \"10.0.0.%d/20\"");
	fixture_run(&f, &custom_ssh);
	assert_file(&f, "/etc/hosts.allow",
		    "# BEGIN cardstock ssh\nsshd: 127.0.0.1 10.0.0.0/255.255.240.0\n"
		    "# END cardstock ssh\nALL: 10.1.0.1\n");
	assert_note(&f, "only the network of the cluster is let in");
	fixture_done(&f);
}

static void wrappers_that_nobody_asks_are_left_alone(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", MODERN);
	fixture_put(&f, "root/etc/hosts.deny", "ALL: ALL\n");
	fixture_profile(&f, "address = \"10.0.0.%d/24\"");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/hosts.allow", "none");
	fixture_put(&f, "root/usr/sbin/sshd", MODERN "libwrap.so.0");
	fixture_put(&f, "root/etc/hosts.deny", "# ALL: ALL\nin.fingerd: ALL\n\n");
	fixture_run(&f, &custom_ssh);
	assert_attr(&f, "/etc/hosts.allow", "none");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sshd_obeys_the_drop_in),
		cmocka_unit_test(cloud_init_comes_too_late),
		cmocka_unit_test(sshd_obeys_the_settings_on_top),
		cmocka_unit_test(a_drop_in_that_comes_first_is_noted),
		cmocka_unit_test(a_wrong_root_login_is_refused),
		cmocka_unit_test(host_keys_of_the_image_go),
		cmocka_unit_test(an_old_sshd_is_told_in_its_words),
		cmocka_unit_test(an_sshd_without_ed25519_keeps_its_keys),
		cmocka_unit_test(a_second_program_tells_that_sshd_is_new),
		cmocka_unit_test(live_wrappers_let_the_cluster_in),
		cmocka_unit_test(wrappers_that_nobody_asks_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
