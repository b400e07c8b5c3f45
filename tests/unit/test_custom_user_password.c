/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <crypt.h>

#include "../custom/fixture.h"
#include "edit.h"

#define HASH "$y$j9T$abcdefghijklmnopqrstuv$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

/* The password field of a user; owned. */
static char *hash_of(struct fixture *f, const char *user)
{
	autofree char *shadow = fixture_text(f, "/etc/shadow");
	autofree char *line = db_get(shadow, user);
	assert_non_null(line);
	return db_field(line, 1);
}

static void assert_password(struct fixture *f, const char *user, const char *password)
{
	autofree char *hash = hash_of(f, user);
	assert_true(str_starts(hash, "$y$"));
	assert_string_equal(crypt(password, hash), hash);
}

static void a_password_is_a_hash_given_or_in_a_file(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "secret", HASH "\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 password-hash = '" HASH "' }\n"
			    "user \"pi\" { uid = 1001 password-hash-file = \"secret\" }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/shadow", "\nops:" HASH ":19675:0:99999:7:::\n");
	assert_file_has(&f, "/etc/shadow", "\npi:" HASH ":19675:0:99999:7:::\n");
	fixture_done(&f);
}

static void a_password_in_a_file_is_hashed_with_yescrypt(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "one", "correct horse: bättery\r\n");
	fixture_put(&f, "two", "no newline");
	fixture_profile(&f, "user \"ops\" { uid = 1000 password-file = \"one\" }\n"
			    "user \"pi\" { uid = 1001 password-file = \"two\" }");
	fixture_run(&f, &custom_user);
	assert_password(&f, "ops", "correct horse: bättery");
	assert_password(&f, "pi", "no newline");
	fixture_done(&f);
}

/* By cluster and user: images repeat, and equal passwords do not show. */
static void the_salt_is_the_clusters_and_the_users(void **state)
{
	(void)state;
	struct fixture f, other;
	const char *profile = "user \"ops\" { uid = 1000 password-file = \"pw\" }\n"
			      "user \"mpi\" { uid = 2000 password-file = \"pw\" }";
	fixture_init(&f);
	fixture_init(&other);
	fixture_put(&f, "pw", "same\n");
	fixture_put(&other, "pw", "same\n");
	fixture_profile_with_keys(&f, profile);
	fixture_profile_with_keys(&other, profile);
	fixture_run(&f, &custom_user);
	fixture_run(&other, &custom_user);
	autofree char *ops = hash_of(&f, "ops"), *mpi = hash_of(&f, "mpi");
	autofree char *others = hash_of(&other, "ops");
	assert_string_not_equal(ops, mpi);
	assert_string_not_equal(ops, others);
	fixture_run(&f, &custom_user);
	autofree char *again = hash_of(&f, "ops");
	assert_string_equal(ops, again);
	fixture_done(&other);
	fixture_done(&f);
}

/* Only a build asks: plan and verify leave what the image has. */
static void a_plan_does_not_ask(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shadow", "root:*:19000:0:99999:7:::\npi:" HASH ":0:::::\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 password = ask }\n"
			    "user \"pi\" { uid = 1001 password = ask }");
	fixture_run(&f, &custom_user);
	assert_note(&f, "the password of user ops is asked for by the build");
	assert_file_has(&f, "/etc/shadow", "\npi:" HASH ":0:::::\n");
	assert_file_has(&f, "/etc/shadow", "\nops:*:19675:");
	fixture_done(&f);
}

static void a_password_that_is_due_is_locked_instead(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shadow", "root:*:19000::::::\npi:" HASH ":0:0:99999:7:::\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/shadow", "\npi:*:19675:0:99999:7:::\n");
	assert_note(&f, "user pi had to change the image's password");
	fixture_done(&f);
}

static void roots_password_is_locked(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shadow", "root:" HASH ":0:0:99999:7:::\npi:!:19000::::::\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/shadow", "root:!" HASH ":19675:0:99999:7:::\npi:!:19000::::::\n");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/shadow", "root:!$y$");
	fixture_done(&f);
}

static void a_root_without_any_password_is_locked(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shadow", "root::19000:0:99999:7:::\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/shadow", "root:!:19000:0:99999:7:::\n");
	fixture_done(&f);
}

static void root_may_keep_its_password(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/shadow", "root:" HASH ":19000:0:99999:7:::\n");
	fixture_profile(&f, "lock-root = false");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/shadow", "root:" HASH ":19000:0:99999:7:::\n");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_a_hash_given_or_in_a_file),
		cmocka_unit_test(a_password_in_a_file_is_hashed_with_yescrypt),
		cmocka_unit_test(the_salt_is_the_clusters_and_the_users),
		cmocka_unit_test(a_plan_does_not_ask),
		cmocka_unit_test(a_password_that_is_due_is_locked_instead),
		cmocka_unit_test(roots_password_is_locked),
		cmocka_unit_test(a_root_without_any_password_is_locked),
		cmocka_unit_test(root_may_keep_its_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
