/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may become root, and how. */
#include "../custom/fixture.h"

#define OURS "/etc/sudoers.d/010_cardstock_"

static void visudo_accepts_each_rule(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true }\n"
			    "user \"admin\" { uid = 1002 sudo = nopasswd }\n"
			    "user \"pi\" { uid = 1001 sudo = password }");
	fixture_run(&f, &custom_user);
	autofree char *ops = fixture_host(&f, OURS "ops");
	autofree char *admin = fixture_host(&f, OURS "admin");
	autofree char *pi = fixture_host(&f, OURS "pi");
	assert_ok(run_argv(&e, "visudo", "-c", "-f", ops, NULL), &e);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", admin, NULL), &e);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", pi, NULL), &e);
	fixture_done(&f);
}

static void the_operator_needs_no_password(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true }\n"
			    "user \"mpi\" { uid = 2000 }");
	fixture_run(&f, &custom_user);
	assert_file(&f, OURS "ops", "ops ALL=(ALL:ALL) NOPASSWD: ALL\n");
	assert_attr(&f, OURS "ops", "0440 0 0");
	assert_attr(&f, OURS "mpi", "none");
	fixture_done(&f);
}

static void an_operator_may_do_without_sudo(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true sudo = none }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, OURS "ops", "none");
	fixture_done(&f);
}

/* The last rule that matches counts, so the image's would win. */
static void stock_rules_give_way_to_the_profiles(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers.d/010_pi-nopasswd",
		    "# stock\nDefaults:pi !lecture\npi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_put(&f, "root/etc/sudoers.d/020_all", "pi ALL=(ALL) ALL\nme ALL=(ALL) ALL\n");
	fixture_put(&f, "root/etc/sudoers.d/README", "# nothing\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = password }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/etc/sudoers.d/010_pi-nopasswd", "none");
	assert_file_has(&f, "/etc/sudoers.d/020_all", "pi ALL");
	assert_file_has(&f, "/etc/sudoers.d/README", "# nothing");
	assert_file(&f, OURS "pi", "pi ALL=(ALL:ALL) ALL\n");
	fixture_done(&f);
}

static void stock_rules_stay_when_the_profile_says_nothing(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers.d/010_pi-nopasswd", "pi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/sudoers.d/010_pi-nopasswd", "NOPASSWD");
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:pi\n");
	fixture_done(&f);
}

static void sudo_none_leaves_the_groups_that_have_it(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = none }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:\n");
	assert_file_has(&f, "/etc/gshadow", "\nsudo:*::\n");
	fixture_done(&f);
}

static void a_group_that_the_profile_names_is_kept(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = none groups = {\"sudo\"} }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:pi\n");
	fixture_done(&f);
}

static void an_image_without_sudo_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *dir = fixture_host(&f, "/etc/sudoers.d");
	assert_int_equal(rmdir(dir), 0);
	fixture_profile(&f, "user \"ops\" { uid = 1000 sudo = nopasswd }");
	fixture_run(&f, &custom_user);
	assert_note(&f, "no /etc/sudoers.d");
	fixture_done(&f);
}

static void sudo_with_a_password_that_nobody_has_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 sudo = password }");
	fixture_run(&f, &custom_user);
	assert_note(&f, "user ops needs a password");
	fixture_done(&f);
}

/* Also one that has the user's former name in its own. */
static void rules_of_overlays_stay(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/sudoers.d/020_pi", "pi ALL=(ALL) !/bin/su\n");
	fixture_profile(&f, "overlays = {\"./site\"}\n"
			    "user \"pi\" { uid = 1001 rename-to = \"ops\" sudo = nopasswd }");
	fixture_run(&f, &custom_overlay);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers.d/020_pi", "ops ALL=(ALL) !/bin/su\n");
	assert_note(&f, "/etc/sudoers.d/020_pi of an overlay stays");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visudo_accepts_each_rule),
		cmocka_unit_test(the_operator_needs_no_password),
		cmocka_unit_test(an_operator_may_do_without_sudo),
		cmocka_unit_test(stock_rules_give_way_to_the_profiles),
		cmocka_unit_test(stock_rules_stay_when_the_profile_says_nothing),
		cmocka_unit_test(sudo_none_leaves_the_groups_that_have_it),
		cmocka_unit_test(a_group_that_the_profile_names_is_kept),
		cmocka_unit_test(an_image_without_sudo_is_noted),
		cmocka_unit_test(sudo_with_a_password_that_nobody_has_is_noted),
		cmocka_unit_test(rules_of_overlays_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
