/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"

#define KEY "/etc/ssh/ssh_host_ed25519_key"

static void init(struct step_test *t)
{
	step_test_init(t, &step_host_keys, "hostname = worker003\n");
	put(t, "/usr/sbin/sshd", "");
	put(t, "/etc/ssh/sshd_config", "");
}

/* ssh-keygen reads the private key and the public one, and they are a pair. */
static void assert_pair(struct step_test *t, const char *path)
{
	auto_str derived = STR_INIT, listed = STR_INIT;
	autofree char *file = xasprintf("%s%s", t->root, path);
	autofree char *public = xasprintf("%s.pub", path);
	const char *const derive[] = {"ssh-keygen", "-y", "-f", file, NULL};
	const char *const list[] = {"ssh-keygen", "-l", "-f", file, NULL};
	assert_ok(run(&(struct run){.argv = derive, .output = &derived}, &t->e), &t->e);
	assert_ok(run(&(struct run){.argv = list, .output = &listed}, &t->e), &t->e);
	assert_file(t, public, str_text(&derived));
	assert_non_null(strstr(str_text(&listed), "root@worker003 (ED25519)"));
}

static void assert_mode(struct step_test *t, const char *path, mode_t mode)
{
	struct stat st;
	autofree char *file = xasprintf("%s%s", t->root, path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void a_key_is_made_where_there_is_none(void **state)
{
	struct step_test t;
	init(&t);
	assert_changes_once(&t, "a new host key (ed25519)");
	assert_pair(&t, KEY);
	assert_mode(&t, KEY, 0600);
	assert_mode(&t, KEY ".pub", 0644);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_key_of_the_image_stays(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, "/etc/ssh/ssh_host_rsa_key", "secret");
	assert_changes_nothing(&t, "ssh_host_rsa_key");
	step_test_done(&t);
	workdir_passed(state);
}

static void without_sshd_there_is_none(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_host_keys, "");
	put(&t, "/etc/ssh/ssh_config", "");
	assert_changes_nothing(&t, "there is no sshd");
	step_test_done(&t);
	workdir_passed(state);
}

/* Power went while somebody wrote: an empty key, and what a run of ours leaves. */
static void what_a_power_cut_left_is_replaced(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, KEY, "");
	put(&t, "/etc/ssh/.ssh_host_ed25519_key.cardstock", "half");
	put(&t, "/etc/ssh/.ssh_host_ed25519_key.cardstock.pub", "half");
	assert_changes_once(&t, "a new host key");
	assert_pair(&t, KEY);
	assert_file(&t, "/etc/ssh/.ssh_host_ed25519_key.cardstock", "(absent)");
	step_test_done(&t);
	workdir_passed(state);
}

/* An ssh-keygen from before 2014, in a directory that comes first in PATH. */
static void an_old_ssh_keygen_makes_another_kind(void **state)
{
	struct step_test t;
	const char *path = getenv("PATH");
	autofree char *before = xstrdup(path);
	autofree char *here = getcwd(NULL, 0), *with = xasprintf("%s:%s", here, path);
	put_file("ssh-keygen", "#!/bin/sh\nPATH=${PATH#*:}\n"
			       "case $* in *ed25519*) echo unknown key type ed25519 >&2; exit 1 ;; "
			       "esac\nexec ssh-keygen \"$@\" -b 2048\n");
	assert_int_equal(chmod("ssh-keygen", 0755), 0);
	init(&t);
	setenv("PATH", with, 1);
	assert_step(&t, 1, "a new host key (rsa)");
	setenv("PATH", before, 1);
	assert_mode(&t, "/etc/ssh/ssh_host_rsa_key", 0600);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_missing_ssh_keygen_is_named(void **state)
{
	struct step_test t;
	autofree char *before = xstrdup(getenv("PATH"));
	init(&t);
	setenv("PATH", "/nowhere", 1);
	int is = run_step(&t);
	setenv("PATH", before, 1);
	assert_fails(is, &t.e, ERR_FAILED,
		     "/etc/ssh/ssh_host_rsa_key: program 'ssh-keygen' is not installed");
	step_test_done(&t);
	workdir_passed(state);
}

static void sshd_reads_the_new_key(void **state)
{
	const struct {
		const char *unit, *active, *calls;
	} cases[] = {
		{"ssh.service", "active", "RestartUnit ssh.service\n"},
		{"sshd.service", "failed",
		 "ResetFailedUnit sshd.service\nRestartUnit sshd.service\n"},
		{"ssh.service", "inactive", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct step_test t;
		struct private_bus p;
		private_bus_start(&p, EVERYBODY);
		SAY(standin_add(p.said, cases[i].unit, "enabled")->active, cases[i].active);
		init(&t);
		put_link(&t, KEY, "absent");
		t.ctx.bus = p.bus;
		assert_step(&t, 1, "a new host key");
		assert_string_equal(p.said->calls, cases[i].calls);
		step_test_done(&t);
		private_bus_stop(&p);
		unlink("bus");
	}
	workdir_passed(state);
}

/* The key stays: the next run finds it, and the next boot starts sshd with it. */
static void a_bus_that_refuses_is_told(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	SAY(standin_add(p.said, "ssh.service", "enabled")->active, "active");
	SAY(p.said->refused, "RestartUnit");
	init(&t);
	t.ctx.bus = p.bus;
	assert_step_fails(&t, "the host key is made, but sshd has not read it; reboot: "
			      "org.freedesktop.systemd1: RestartUnit: "
			      "org.freedesktop.DBus.Error.AccessDenied");
	assert_step(&t, 0, "ssh_host_ed25519_key");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	init(&t);
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "Read-only file system; mount it writable");
	assert_step_fails_on(&t, DISK_FULL, ERR_SPACE, "No space left on device; make room");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(a_key_is_made_where_there_is_none),
		STEP_TEST(a_key_of_the_image_stays),
		STEP_TEST(without_sshd_there_is_none),
		STEP_TEST(what_a_power_cut_left_is_replaced),
		STEP_TEST(an_old_ssh_keygen_makes_another_kind),
		STEP_TEST(a_missing_ssh_keygen_is_named),
		STEP_TEST(sshd_reads_the_new_key),
		STEP_TEST(a_bus_that_refuses_is_told),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
