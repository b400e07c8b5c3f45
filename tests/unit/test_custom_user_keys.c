/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIDiOQ4bMn7dsC0zsXZ3bL7lBjNLsy8sGfaWfBgRVW2nN"
#define KEY "ssh-ed25519 " BLOB " me@laptop"
#define PRINT "2T6klYySbvBERVFXc5rDeWACW28v6V06EHnpWfzJNSE"
#define AUTHORIZED "/home/ops/.ssh/authorized_keys"

static void keys_of_files_may_log_in(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "me.pub", "# mine\n" KEY "\r\n" KEY "\n\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 authorized-keys = {\"me.pub\"} }");
	fixture_run(&f, &custom_user);
	assert_file(&f, AUTHORIZED, KEY "\n");
	assert_attr(&f, AUTHORIZED, "0600 1000 1000");
	assert_attr(&f, "/home/ops/.ssh", "0700 1000 1000");
	autofree char *file = fixture_host(&f, AUTHORIZED);
	assert_ok(run_argv(&e, "ssh-keygen", "-l", "-f", file, NULL), &e);
	fixture_done(&f);
}

static void options_before_a_key_are_kept(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "me.pub", "restrict,command=\"echo \\\"a b\\\"\" " KEY "\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 authorized-keys = {\"me.pub\"} }");
	fixture_run(&f, &custom_user);
	assert_file(&f, AUTHORIZED, "restrict,command=\"echo \\\"a b\\\"\" " KEY "\n");
	fixture_done(&f);
}

static void keys_of_the_image_stay(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/home/pi/.ssh/authorized_keys", "# by hand\nssh-rsa OLD");
	fixture_put(&f, "me.pub", KEY "\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 authorized-keys = {\"me.pub\"} }");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/home/pi/.ssh/authorized_keys", "# by hand\nssh-rsa OLD\n" KEY "\n");
	fixture_done(&f);
}

static void the_administrators_key_is_the_operators(void **state)
{
	(void)state;
	struct fixture f;
	auto_str admin = STR_INIT;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_profile_with_keys(&f, "user \"ops\" { uid = 1000 operator = true }\n"
				      "user \"mpi\" { uid = 2000 admin-key = true }\n"
				      "user \"other\" { uid = 3000 }");
	fixture_run(&f, &custom_user);
	assert_ok(cluster_read(f.cluster, "keys/admin.pub", &admin, &e), &e);
	assert_file(&f, AUTHORIZED, str_text(&admin));
	assert_file(&f, "/home/mpi/.ssh/authorized_keys", str_text(&admin));
	assert_attr(&f, "/home/other/.ssh", "none");
	fixture_done(&f);
}

static void an_operator_can_do_without_it(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true admin-key = false }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/ops/.ssh", "none");
	fixture_done(&f);
}

static void refused(const char *content, const char *fragment)
{
	struct fixture f;
	fixture_init(&f);
	if (content)
		fixture_put(&f, "me.pub", content);
	assert_refused(&f, &custom_user,
		       "user \"ops\" { uid = 1000\nauthorized-keys = {\"me.pub\"} }", fragment);
	fixture_done(&f);
}

static void a_missing_key_file_is_refused(void **state)
{
	(void)state;
	refused(NULL, "worker.conf:2:");
	refused(NULL, "me.pub");
}

static void a_private_key_is_refused(void **state)
{
	(void)state;
	refused("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n", "this is a private key");
}

static void what_is_not_a_key_is_refused(void **state)
{
	(void)state;
	refused("hello\n", "not a public ssh key");
	refused("ssh-ed25519 short me\n", "not a public ssh key");
	refused("# nothing\n", "has no public ssh key");
}

/* The plan's reason for the change of that path, or of none. Owned. */
static char *why_of(struct fixture *f, const char *path)
{
	auto_err e = ERR_INIT;
	auto_plan *plan = plan_new(NULL);
	struct plan_ctx ctx = {
		.profile = f->profile, .cluster = f->cluster, .tree = f->tree, .plan = plan};
	assert_ok(custom_user.plan(&ctx, &e), &e);
	for (size_t i = 0; i < plan_count(plan); i++) {
		if (strcmp(plan_get(plan, i)->path, path) == 0)
			return xstrdup(plan_get(plan, i)->why);
	}
	return NULL;
}

static void keys_of_github_are_told_with_their_fingerprints(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile_with_keys(&f, "user \"ops\" { uid = 1000 authorized-keys = gh:me }");
	fixture_put(&f, "cluster/keys/gh-me.pub", "# from GitHub\n" KEY "\n");
	autofree char *why = why_of(&f, AUTHORIZED);
	assert_string_equal(why, "keys that may log in; gh:me (SHA256:" PRINT ")");
	fixture_run(&f, &custom_user);
	assert_file(&f, AUTHORIZED, KEY "\n");
	fixture_done(&f);
}

static void a_plan_says_what_will_be_fetched(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "me.pub", KEY "\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 authorized-keys = {\"me.pub\", lp:me} }");
	fixture_run(&f, &custom_user);
	assert_file(&f, AUTHORIZED,
		    KEY "\n‹fetched at build from https://launchpad.net/~me/+sshkeys›\n");
	fixture_done(&f);
}

static void a_wrong_name_of_a_site_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\nauthorized-keys = gh:a/b }",
		       "worker.conf:2: authorized-keys: 'gh:a/b' is no user of GitHub");
	fixture_done(&f);
}

static void what_was_kept_is_judged_again(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_profile_with_keys(&f, "user \"ops\" { uid = 1000\nauthorized-keys = gh:me }");
	fixture_put(&f, "cluster/keys/gh-me.pub", "hello\n");
	assert_int_equal(fixture_try(&f, &custom_user, &e), -1);
	assert_non_null(strstr(e.msg, "worker.conf:2: "));
	assert_non_null(strstr(e.msg, "cluster/keys/gh-me.pub: not a public ssh key"));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_files_may_log_in),
		cmocka_unit_test(options_before_a_key_are_kept),
		cmocka_unit_test(keys_of_the_image_stay),
		cmocka_unit_test(the_administrators_key_is_the_operators),
		cmocka_unit_test(an_operator_can_do_without_it),
		cmocka_unit_test(a_missing_key_file_is_refused),
		cmocka_unit_test(a_private_key_is_refused),
		cmocka_unit_test(what_is_not_a_key_is_refused),
		cmocka_unit_test(keys_of_github_are_told_with_their_fingerprints),
		cmocka_unit_test(a_plan_says_what_will_be_fetched),
		cmocka_unit_test(a_wrong_name_of_a_site_is_refused),
		cmocka_unit_test(what_was_kept_is_judged_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
