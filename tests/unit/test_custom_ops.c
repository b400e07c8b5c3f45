/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How nodectl gets in: whose key is where, and what the image's own ssh and sshd make of it. */
#include "../custom/boards.h"
#include "../custom/sshd.h"

#define AUTHORIZED "/etc/cardstock/ops_authorized"
#define PRIVATE "/etc/cardstock/ops_key"
#define SSHD_DROP_IN "/etc/ssh/sshd_config.d/20-cardstock-ops.conf"
#define SSH_DROP_IN "/etc/ssh/ssh_config.d/20-cardstock-ops.conf"
#define WANTS "/etc/systemd/system/multi-user.target.wants/"
#define MASTER "role = master\nhostname = master\naddress = \"10.0.0.1/24\"\nplanned = 1\n"
#define WORKER                                                                   \
	"role = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/24\"\n" \
	"planned = 2\nfirst-address = 11\nbase = none\ncluster = testbed\n"
#define MEMBERS "members = {\"./worker.conf\", \"./other.conf\"}\n"

static void init(struct fixture *f)
{
	boards_init(f);
	PUT_LIBRARY(f, "libc.so.6", NEW_LIBC);
	fixture_put(f, "root/usr/sbin/sshd", "exposeauthinfo\n");
	fixture_put(f, "root/etc/ssh/ssh_config", "Include /etc/ssh/ssh_config.d/*.conf\nHost *\n");
}

/* The image is the master's; there are workers that register. */
static void run_master(struct fixture *f)
{
	fixture_put(f, "other.conf", WORKER "firstboot = true\n");
	fixture_profile_with_keys(f, MASTER MEMBERS "nodectl { }\n");
	fixture_run(f, &custom_ops);
}

/* The image is a worker's. */
static void run_worker(struct fixture *f, const char *master, const char *worker)
{
	autofree char *others =
		xasprintf(MASTER "base = none\ncluster = testbed\nfirstboot = true\n%s", master);
	autofree char *own = xasprintf("%s%s", WORKER MEMBERS, worker);
	fixture_put(f, "other.conf", others);
	fixture_profile_with_keys(f, own);
	fixture_run(f, &custom_ops);
}

static char *key_file(struct fixture *f, const char *name)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	assert_ok(cluster_read(f->cluster, name, &text, &e), &e);
	return str_steal(&text);
}

static void a_node_that_registers_lets_the_master_look(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	autofree char *public = key_file(&f, "keys/ops.pub");
	autofree char *line = xasprintf("restrict,command=\"/usr/lib/cardstock/ops\" %s", public);
	assert_file(&f, AUTHORIZED, line);
	assert_attr(&f, AUTHORIZED, "0644 0 0");
	assert_attr(&f, "/usr/lib/cardstock/ops", "0755 0 0");
	assert_file_has(&f, "/etc/passwd",
			"\ncardstock-ops:x:999:999:Looks at this node:/:/bin/sh\n");
	assert_file_has(&f, "/etc/shadow", "\ncardstock-ops:*:1::::::\n");
	assert_link(&f, WANTS "cardstock-poweroff.path",
		    "/usr/lib/systemd/system/cardstock-poweroff.path");
	assert_link(&f, WANTS "cardstock-reboot.path",
		    "/usr/lib/systemd/system/cardstock-reboot.path");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void the_private_key_is_on_the_master_alone(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	assert_attr(&f, PRIVATE, "none");
	assert_attr(&f, SSH_DROP_IN, "none");
	run_master(&f);
	autofree char *private = key_file(&f, "keys/ops");
	assert_file(&f, PRIVATE, private);
	assert_attr(&f, PRIVATE, "0600 0 0");
	assert_attr(&f, AUTHORIZED, "0644 0 0"); /* it looks at itself, too */
	fixture_done(&f);
}

static void nobody_looks_where_nobody_registers(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_worker(&f, "", "firstboot = true\n");
	assert_attr(&f, AUTHORIZED, "none");
	assert_false(cluster_has(f.cluster, "keys/ops"));
	run_worker(&f, "nodectl { }\n", "firstboot = false\n");
	assert_attr(&f, AUTHORIZED, "none");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void what_the_image_lacks_is_said(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/usr/sbin/sshd", "\177ELF ssh-ed25519 restricted");
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	assert_note(&f, "cannot look at these nodes, or switch them off: that takes "
			"openssh-server, 7.2 or later");
	fixture_put(&f, "root/sbin/init", "another\n");
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	assert_note(&f, "that takes systemd");
	assert_attr(&f, AUTHORIZED, "none");
	assert_attr(&f, "/usr/lib/cardstock/ops", "none");
	fixture_done(&f);
}

/* ---- what ssh and sshd make of it ---- */

/* The file with the image's /etc/ssh/ as that of the host; so it can be read here. */
static void relocate(struct fixture *f, const char *path)
{
	autofree char *host = fixture_host(f, path);
	autofree char *edit = xasprintf("s|/etc/ssh/|%s/etc/ssh/|g", f->root);
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "sed", "-i", edit, host, NULL), &e);
}

/* What sshd decides of one who logs in as cardstock-ops, or as another; owned. */
static char *sshd_says(struct fixture *f, const char *who)
{
	autofree char *config = fixture_host(f, "/etc/ssh/sshd_config");
	autofree char *key = path_join(f->dir, "cluster/keys/ops");
	autofree char *of = xasprintf("user=%s,host=master,addr=10.0.0.1", who);
	return sshd_test(config, key, of);
}

static void assert_let_in(struct fixture *f)
{
	autofree char *says = sshd_says(f, "cardstock-ops");
	assert_says(says, "\nauthorizedkeysfile " AUTHORIZED "\n");
	assert_says(says, "\nforcecommand /usr/lib/cardstock/ops\n");
	assert_says(says, "\nauthenticationmethods publickey\n");
	assert_says(says, "\nallowusers cardstock-ops\n");
	assert_says(says, "\nallowgroups cardstock-ops\n");
	assert_null(strstr(says, "\nallowusers ops\n"));
	assert_says(says, "\nauthorizedkeyscommand none\n");
	assert_says(says, "\ntrustedusercakeys none\n");
	assert_says(says, "\nallowtcpforwarding no\n");
	assert_says(says, "\npermittty no\n");
}

/* The settings of an administrator who trusts few are for people. */
#define NARROW                                                                           \
	"UsePAM no\nAllowUsers ops\nAllowGroups sudo\nAuthorizedKeysFile /etc/keys/%u\n" \
	"AuthenticationMethods publickey,keyboard-interactive\nPermitRootLogin no\n"     \
	"TrustedUserCAKeys /etc/people-ca\nAuthorizedKeysCommand /bin/false\n"           \
	"AuthorizedKeysCommandUser root\n"

static void narrow_settings_let_it_in_and_stay_for_others(void **state)
{
	(void)state;
	struct fixture f;
	need_namespace();
	init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config",
		    "Include /etc/ssh/sshd_config.d/*.conf\n" NARROW);
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	assert_attr(&f, SSHD_DROP_IN, "0644 0 0");
	relocate(&f, "/etc/ssh/sshd_config");
	assert_let_in(&f);
	autofree char *others = sshd_says(&f, "ops");
	assert_says(others, "\nallowusers ops\n");
	assert_says(others, "\nauthorizedkeysfile /etc/keys/%u\n");
	assert_says(others, "\nforcecommand none\n");
	fixture_done(&f);
}

static void an_sshd_config_without_include_gets_it_at_its_end(void **state)
{
	(void)state;
	struct fixture f;
	need_namespace();
	init(&f);
	fixture_put(&f, "root/etc/ssh/sshd_config", NARROW "Match User guest\n\tForceCommand no\n");
	run_worker(&f, "nodectl { }\n", "firstboot = true\n");
	assert_attr(&f, SSHD_DROP_IN, "none");
	assert_let_in(&f);
	autofree char *before = fixture_text(&f, "/etc/ssh/sshd_config");
	fixture_run(&f, &custom_ops);
	assert_file(&f, "/etc/ssh/sshd_config", before);
	fixture_done(&f);
}

/* What ssh would do, called with the master's settings; owned. */
static char *ssh_says(struct fixture *f, const char *target)
{
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	autofree char *config = fixture_host(f, "/etc/ssh/ssh_config");
	const char *argv[] = {"ssh", "-G", "-F", config, target, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	return str_steal(&out);
}

static void assert_strict(struct fixture *f)
{
	static const char *const wanted[] = {"\nidentityfile " PRIVATE "\n",
					     "\nidentitiesonly yes\n",
					     "\nbatchmode yes\n",
					     "\nstricthostkeychecking true\n",
					     "\nuserknownhostsfile /dev/null\n",
					     "\nforwardagent no\n",
					     "\nclearallforwardings yes\n"};
	autofree char *says = ssh_says(f, "cardstock-ops@worker001");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_says(says, wanted[i]);
	autofree char *others = ssh_says(f, "ops@worker001");
	assert_null(strstr(others, PRIVATE));
	assert_says(others, "\nforwardagent yes\n");
}

static void ssh_on_the_master_is_strict_with_this_user_alone(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_config",
		    "Include /etc/ssh/ssh_config.d/*.conf\nForwardAgent yes\n");
	run_master(&f);
	assert_attr(&f, SSH_DROP_IN, "0644 0 0");
	relocate(&f, "/etc/ssh/ssh_config");
	assert_strict(&f);
	fixture_done(&f);
}

static void an_ssh_config_without_include_gets_it_on_top(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/etc/ssh/ssh_config", "ForwardAgent yes\nStrictHostKeyChecking ask\n");
	run_master(&f);
	assert_attr(&f, SSH_DROP_IN, "none");
	assert_strict(&f);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_registers_lets_the_master_look),
		cmocka_unit_test(the_private_key_is_on_the_master_alone),
		cmocka_unit_test(nobody_looks_where_nobody_registers),
		cmocka_unit_test(what_the_image_lacks_is_said),
		cmocka_unit_test(narrow_settings_let_it_in_and_stay_for_others),
		cmocka_unit_test(an_sshd_config_without_include_gets_it_at_its_end),
		cmocka_unit_test(ssh_on_the_master_is_strict_with_this_user_alone),
		cmocka_unit_test(an_ssh_config_without_include_gets_it_on_top),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
