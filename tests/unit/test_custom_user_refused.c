/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users that cannot be: each refusal names file, line and both sides. */
#include "../custom/fixture.h"

static void refused(const char *profile, const char *fragment)
{
	struct fixture f;
	fixture_init(&f);
	autofree char *before = fixture_text(&f, "/etc/passwd");
	assert_refused(&f, &custom_user, profile, fragment);
	assert_file(&f, "/etc/passwd", before);
	fixture_done(&f);
}

static void a_uid_of_another_user_of_the_image(void **state)
{
	(void)state;
	refused("user \"ops\" {\nuid = 1001\n}", "worker.conf:2: user 'ops' wants UID 1001, which "
						 "is that of 'pi' in the image; write user "
						 "\"pi\" { rename-to = \"ops\" }");
	refused("user \"ops\" {\nuid = 1\n}", "worker.conf:2: user 'ops' wants UID 1, which is "
					      "that of 'daemon' in the image; use "
					      "another uid");
}

static void a_user_of_the_system_with_another_uid(void **state)
{
	(void)state;
	refused("user \"daemon\" {\nuid = 1000\n}",
		"worker.conf:2: user 'daemon' is a user of the system with UID 1");
}

static void a_group_of_others_with_another_gid(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/passwd", "pi:x:1001:100::/home/pi:/bin/bash\n");
	assert_refused(&f, &custom_user, "user \"pi\" {\nuid = 1001\n}",
		       "worker.conf:2: user 'pi' has GID 100 in the image");
	fixture_done(&f);
}

static void a_new_name_that_the_image_has(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/passwd",
		    "pi:x:1001:1001::/home/pi:/bin/bash\nops:x:1002:1002::/home/ops:/bin/bash\n");
	assert_refused(&f, &custom_user, "user \"pi\" { uid = 1001\nrename-to = \"ops\" }",
		       "worker.conf:2: 'pi' cannot become 'ops': the image has both");
	fixture_done(&f);
}

static void a_new_name_that_is_a_group(void **state)
{
	(void)state;
	refused("user \"pi\" { uid = 1001\nrename-to = \"video\" }",
		"worker.conf:2: 'pi' cannot become 'video': the image has a group of each name");
}

static void a_new_name_for_a_user_of_the_system(void **state)
{
	(void)state;
	refused("user \"daemon\" { uid = 1\nrename-to = \"ops\" }",
		"worker.conf:2: 'daemon' cannot become 'ops': it is a user of the system");
}

static void a_new_name_that_is_none(void **state)
{
	(void)state;
	refused("user \"pi\" { uid = 1001\nrename-to = \"Ops\" }",
		"worker.conf:2: rename-to: 'Ops' is not a user or group name: use 1 to 32 of a-z");
	refused("user \"pi\" { uid = 1001\nrename-to = \"pi\" }",
		"worker.conf:2: user 'pi' has that name already; leave rename-to out");
}

static void what_belongs_into_the_section_of_the_new_name(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1001 }\nuser \"pi\" { rename-to = \"ops\"\nsudo = none }",
		"worker.conf:3: user 'pi' becomes 'ops', who has a section at");
}

static void two_users_with_one_new_name(void **state)
{
	(void)state;
	refused("user \"pi\" { uid = 1001 rename-to = \"ops\" }\n"
		"user \"me\" { uid = 1002 rename-to = \"ops\" }",
		"worker.conf:2: user 'ops' has a section at");
}

static void a_gid_that_is_another_group(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 100 }", "GID 100, which is that of group 'users'");
}

static void a_group_of_that_name_with_another_gid(void **state)
{
	(void)state;
	refused("user \"video\" { uid = 1000 }", "group 'video' has GID 44 in the image");
}

static void a_group_that_the_image_lacks(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\ngroups = {\"video\",\n\"gpio\"} }",
		"group 'gpio' of user 'ops' is not in the image; it has adm, daemon, ops, pi");
}

static void a_shell_that_the_image_lacks(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\nshell = \"/bin/zsh\" }",
		"worker.conf:2: shell '/bin/zsh'");
}

/* As Alpine has it; the default has no line of its own, so the section's is named. */
static void a_default_shell_that_the_image_lacks(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shells", "# shells\n/bin/sh\n/bin/gone\n/bin/ash\n");
	fixture_put(&f, "root/usr/bin/sh", "");
	autofree char *bash = fixture_host(&f, "/usr/bin/bash");
	autofree char *ash = fixture_host(&f, "/usr/bin/ash");
	assert_int_equal(rename(bash, ash), 0);
	assert_refused(&f, &custom_user, "\nuser \"ops\" { uid = 1000 }",
		       "worker.conf:2: shell '/bin/bash' of user 'ops' is not a program of the "
		       "image; write shell = \"/bin/ash\", which is");
	assert_int_equal(unlink(ash), 0);
	assert_refused(&f, &custom_user, "\nuser \"ops\" { uid = 1000 }",
		       "image; write shell = \"/bin/sh\"");
	fixture_done(&f);
}

static void an_image_without_shadow(void **state)
{
	(void)state;
	static const char *const files[] = {"/etc/passwd", "/etc/shadow", "/etc/group"};
	for (size_t i = 0; i < 3; i++) {
		struct fixture f;
		fixture_init(&f);
		autofree char *path = fixture_host(&f, files[i]);
		autofree char *fragment = xasprintf("worker.conf:2: user 'ops' cannot be made: the "
						    "image of base 'none' has no file %s; use",
						    files[i]);
		assert_int_equal(unlink(path), 0);
		assert_refused(&f, &custom_user, "\nuser \"ops\" { uid = 1000 }", fragment);
		fixture_done(&f);
	}
}

static void a_number_for_root(void **state)
{
	(void)state;
	refused("user \"root\" {\nuid = 2005\n}",
		"worker.conf:2: the uid of user 'root' is 0 and cannot be set; leave the key out");
	refused("user \"root\" {\nuid = 0\n}",
		"worker.conf:2: the uid of user 'root' is 0 and cannot be set; leave the key out");
	refused("user \"root\" {\ngid = 5\n}", "worker.conf:2: the gid of user 'root'");
	refused("user \"ops\" {\nuid = 0\n}", "worker.conf:2: uid: '0' is not a number from 1 to");
}

static void no_uid(void **state)
{
	(void)state;
	refused("\nuser \"ops\" { }", "worker.conf:2: user 'ops' has no uid");
}

static void a_uid_out_of_range(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 60000 }", "59999");
}

static void two_users_with_one_uid(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000 }\nuser \"mpi\" { uid = 1000 }",
		"worker.conf:2: UID 1000 is that of user 'ops'");
}

static void two_operators(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000 operator = true }\n"
		"user \"mpi\" { uid = 2000 operator = true }",
		"worker.conf:2: user 'ops'");
}

static void a_name_that_passwd_cannot_hold(void **state)
{
	(void)state;
	refused("user \"Ops:x\" { uid = 1000 }", "worker.conf:1: 'Ops:x' is not a user");
}

static void a_comment_with_a_colon(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\ncomment = \"a:b\" }", "worker.conf:2:");
}

static void a_password_that_is_not_a_hash(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\npassword-hash = \"secret\" }", "worker.conf:2:");
}

static void a_missing_hash_file(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\npassword-hash-file = \"gone\" }", "worker.conf:2:");
}

static void two_passwords(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\n"
		"password-hash = '$y$j9T$abcdefghijkl$abcdefghijkl'\n"
		"password-hash-file = \"x\" }",
		"worker.conf:3: user 'ops' has password-hash and password-hash-file; use one");
	refused("user \"ops\" { uid = 1000 password = ask\npassword-file = \"x\" }",
		"worker.conf:2: user 'ops' has password and password-file; use one");
}

/* What stands there may be the password itself: the message must not show it. */
static void a_password_in_the_profile(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	assert_int_equal(fixture_load(&f, "user \"ops\" { uid = 1000\npassword = \"hunter2\" }",
				      CLUSTER_READ, &e),
			 -1);
	assert_non_null(strstr(e.msg, "worker.conf:2: password: a password has no place in a "
				      "profile: write ask"));
	assert_null(strstr(e.msg, "hunter2"));
	fixture_done(&f);
}

static void refused_password_file(const char *content, size_t len, const char *fragment)
{
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	autofree char *path = path_join(f.dir, "pw");
	if (content)
		assert_ok(io_replace_file(path, content, len, 0600, &e), &e);
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\npassword-file = \"pw\" }",
		       "worker.conf:2: ");
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\npassword-file = \"pw\" }",
		       fragment);
	fixture_done(&f);
}

static void a_password_file_with_no_password(void **state)
{
	(void)state;
	char large[600];
	memset(large, 'a', sizeof(large));
	refused_password_file(NULL, 0, "pw: cannot open");
	refused_password_file("", 0, "the password is empty");
	refused_password_file("\n", 1, "the password is empty");
	refused_password_file("one\ntwo\n", 8, "a password is one line");
	refused_password_file("a\0b\n", 4, "without NUL bytes");
	refused_password_file(large, sizeof(large), "more than 511 bytes");
}

static void sudo_that_is_none_of_the_three(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000\nsudo = all }",
		"worker.conf:2: sudo: 'all' is none of none|nopasswd|password");
}

static void switches_that_are_neither_on_nor_off(void **state)
{
	(void)state;
	refused("\nlock-root = maybe",
		"worker.conf:2: lock-root: 'maybe' is neither true nor false");
	refused("user \"ops\" { uid = 1000\noperator = 2 }",
		"worker.conf:2: operator: '2' is neither true nor false");
}

static void a_home_that_is_a_file(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/srv/ops", "");
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\nhome = \"/srv/ops\" }",
		       "worker.conf:2: home '/srv/ops'");
	fixture_done(&f);
}

static void a_home_that_belongs_to_the_system(void **state)
{
	(void)state;
	static const char *const homes[] = {
		"/",	  "/etc",  "/etc/x",   "/usr",	 "/usr/bin", "/bin/x", "/sbin", "/lib/x",
		"/lib64", "/boot", "/dev/shm", "/proc",	 "/sys",     "/run/x", "/home", "/root",
		"/srv",	  "/var",  "/mnt",     "/media", "/opt",     "/tmp"};
	for (size_t i = 0; i < sizeof(homes) / sizeof(*homes); i++) {
		autofree char *text = xasprintf("user \"ops\" { uid = 1000\nhome = \"%s\" }",
						homes[i]);
		autofree char *fragment = xasprintf(
			"worker.conf:2: home: '%s' belongs to the system: use a directory of its "
			"own, such as '/home/me'",
			homes[i]);
		refused(text, fragment);
	}
	refused("user \"ops\" { uid = 1000\nhome = \"/./etc\" }", "'/./etc' has a part '.'");
	refused("user \"ops\" { uid = 1000\nhome = \"/srv/x/\" }", "'/srv/x/' ends with '/'");
}

static void a_home_of_another_user_of_the_profile(void **state)
{
	(void)state;
	refused("user \"ops\" { uid = 1000 }\nuser \"a\" { uid = 2005\nhome = \"/home/ops\" }",
		"worker.conf:3: home '/home/ops' of user 'a' is, holds or is inside '/home/ops', "
		"the "
		"home of user 'ops' (");
	refused("user \"a\" { uid = 2005\nhome = \"/home/ops\" }\nuser \"ops\" { uid = 1000 }",
		"worker.conf:2: home '/home/ops' of user 'a' is");
	refused("user \"a\" { uid = 2005\nhome = \"/home/ops\" }\nuser \"ops\" { uid = 1000 }",
		"worker.conf:3); sshd would");
	refused("user \"ops\" { uid = 1000 }\nuser \"a\" { uid = 2005\nhome = \"/home/ops/a\" }",
		"worker.conf:3: home '/home/ops/a' of user 'a' is");
	refused("user \"a\" { uid = 2005 home = \"/srv/x/y\" }\n"
		"user \"b\" { uid = 2006\nhome = \"/srv/x\" }",
		"worker.conf:3: home '/srv/x' of user 'b' is");
	refused("user \"pi\" { uid = 1001 rename-to = \"ops\" }\n"
		"user \"a\" { uid = 2005\nhome = \"/home/ops\" }",
		"worker.conf:3: home '/home/ops' of user 'a' is");
}

static void a_home_of_another_user_of_the_image(void **state)
{
	(void)state;
	refused("user \"a\" { uid = 2005\nhome = \"/home/pi\" }",
		"worker.conf:2: home '/home/pi' of user 'a' is, holds or is inside '/home/pi', the "
		"home of user 'pi' of the image");
	refused("user \"a\" { uid = 2005\nhome = \"/home/pi/a\" }",
		"worker.conf:2: home '/home/pi/a' of user 'a'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uid_of_another_user_of_the_image),
		cmocka_unit_test(a_user_of_the_system_with_another_uid),
		cmocka_unit_test(a_group_of_others_with_another_gid),
		cmocka_unit_test(a_new_name_that_the_image_has),
		cmocka_unit_test(a_new_name_that_is_a_group),
		cmocka_unit_test(a_new_name_for_a_user_of_the_system),
		cmocka_unit_test(a_new_name_that_is_none),
		cmocka_unit_test(what_belongs_into_the_section_of_the_new_name),
		cmocka_unit_test(two_users_with_one_new_name),
		cmocka_unit_test(a_gid_that_is_another_group),
		cmocka_unit_test(a_group_of_that_name_with_another_gid),
		cmocka_unit_test(a_group_that_the_image_lacks),
		cmocka_unit_test(a_shell_that_the_image_lacks),
		cmocka_unit_test(a_default_shell_that_the_image_lacks),
		cmocka_unit_test(an_image_without_shadow),
		cmocka_unit_test(a_number_for_root),
		cmocka_unit_test(no_uid),
		cmocka_unit_test(a_uid_out_of_range),
		cmocka_unit_test(two_users_with_one_uid),
		cmocka_unit_test(two_operators),
		cmocka_unit_test(a_name_that_passwd_cannot_hold),
		cmocka_unit_test(a_comment_with_a_colon),
		cmocka_unit_test(a_password_that_is_not_a_hash),
		cmocka_unit_test(a_missing_hash_file),
		cmocka_unit_test(two_passwords),
		cmocka_unit_test(a_password_in_the_profile),
		cmocka_unit_test(a_password_file_with_no_password),
		cmocka_unit_test(sudo_that_is_none_of_the_three),
		cmocka_unit_test(switches_that_are_neither_on_nor_off),
		cmocka_unit_test(a_home_that_is_a_file),
		cmocka_unit_test(a_home_that_belongs_to_the_system),
		cmocka_unit_test(a_home_of_another_user_of_the_profile),
		cmocka_unit_test(a_home_of_another_user_of_the_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
