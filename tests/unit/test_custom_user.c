/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

static void a_new_user_has_the_same_numbers_everywhere(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 comment = \"Operator\" }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1000:1000:Operator:/home/ops:/bin/bash\n");
	assert_file_has(&f, "/etc/group", "\nops:x:1000:\n");
	assert_file_has(&f, "/etc/gshadow", "\nops:!::\n");
	assert_file_has(&f, "/etc/subuid", "\nops:165536:65536\n");
	fixture_done(&f);
}

static void passwd_and_shadow_satisfy_pwck(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 home = \"/srv/ops\" }\n"
			    "user \"mpi\" { uid = 2000 gid = 100 comment = \"Jobs\" }\n"
			    "user \"pi\" { uid = 1001 groups = {\"video\"} }");
	fixture_run(&f, &custom_user);
	autofree char *passwd = fixture_host(&f, "/etc/passwd");
	autofree char *shadow = fixture_host(&f, "/etc/shadow");
	assert_ok(run_argv(&e, "pwck", "-q", "-r", passwd, shadow, NULL), &e);
	fixture_done(&f);
}

static void homes_outside_home_are_fine(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"slurm\" { uid = 1500 home = \"/var/lib/slurm\" }\n"
			    "user \"mpi\" { uid = 2000 home = \"/srv/mpi\" }\n"
			    "user \"none\" { uid = 2001 home = \"/nonexistent\" }\n"
			    "user \"etcd\" { uid = 2002 home = \"/etcd\" }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/var/lib/slurm", "0700 1500 1500");
	assert_attr(&f, "/srv/mpi", "0700 2000 2000");
	assert_file_has(&f, "/etc/passwd", ":/nonexistent:");
	assert_attr(&f, "/etcd", "0700 2002 2002");
	fixture_done(&f);
}

/* grpck looks for members on the host: daemon is on every one. */
static void group_and_gshadow_satisfy_grpck(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "root/etc/group", "root:x:0:\ndaemon:x:1:\nvideo:x:44:\nsudo:x:27:\n");
	fixture_put(&f, "root/etc/gshadow", "root:*::\ndaemon:*::\nvideo:*::\nsudo:*::\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }\n"
			    "user \"daemon\" { uid = 1 groups = {\"video\", \"ops\"} }");
	fixture_run(&f, &custom_user);
	autofree char *group = fixture_host(&f, "/etc/group");
	autofree char *gshadow = fixture_host(&f, "/etc/gshadow");
	assert_ok(run_argv(&e, "grpck", "-r", group, gshadow, NULL), &e);
	fixture_done(&f);
}

/* '*' and not '!': sshd without PAM would refuse the key, too. */
static void a_user_without_password_is_locked_with_a_star(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/shadow", "\nops:*:19675:0:99999:7:::\n");
	fixture_done(&f);
}

static void a_user_of_the_image_is_completed(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 groups = {\"video\", \"sudo\"} }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\npi:x:1001:1001:,,,:/home/pi:/bin/bash\n");
	assert_file_has(&f, "/etc/shadow", "\npi:!:19000:0:99999:7:::\n");
	assert_file_has(&f, "/etc/group", "\nvideo:x:44:pi\n");
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:pi\n");
	assert_file_has(&f, "/etc/gshadow", "\nvideo:*::pi\n");
	assert_file_has(&f, "/etc/subuid", "pi:100000:65536\n");
	fixture_done(&f);
}

static void lines_that_are_not_concerned_stay_as_they_are(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/passwd", "root:x:0:0\n\n# odd\nbad line\n+@nis::::::\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/passwd",
		    "root:x:0:0\n\n# odd\nbad line\n"
		    "ops:x:1000:1000::/home/ops:/bin/bash\n+@nis::::::\n");
	fixture_done(&f);
}

static void the_home_is_filled_from_the_images_skeleton(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/skel/.config/app", "x\n");
	fixture_symlink(&f, "root/etc/skel/link", ".profile");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/ops", "0700 1000 1000");
	assert_attr(&f, "/home/ops/.profile", "0644 1000 1000");
	assert_attr(&f, "/home/ops/.config", "0755 1000 1000");
	assert_file(&f, "/home/ops/.config/app", "x\n");
	assert_link(&f, "/home/ops/link", ".profile");
	fixture_done(&f);
}

static void a_hostile_skeleton_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	autofree char *skel = fixture_host(&f, "/etc/skel");
	assert_ok(run_argv(&e, "rm", "-r", skel, NULL), &e);
	fixture_symlink(&f, "root/etc/skel", "/");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	assert_int_equal(fixture_try(&f, &custom_user, &e), -1);
	assert_int_equal(e.code, ERR_IMAGE);
	assert_non_null(strstr(e.msg, "/etc/skel in the image is no home"));
	assert_attr(&f, "/home/ops", "none");
	fixture_done(&f);
}

static void a_user_may_be_in_the_group_of_a_later_one(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 groups = {\"mpi\"} }\n"
			    "user \"mpi\" { uid = 2000 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/group", "\nmpi:x:2000:ops\n");
	fixture_done(&f);
}

static void ranges_for_containers_do_not_overlap(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/subuid", "pi:90000:100000\nbad\nold:231072:65536\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/subuid", "\nops:296608:65536\n");
	fixture_done(&f);
}

static void root_needs_no_number(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "dots/.vimrc", "set ts=8\n");
	fixture_profile(&f, "user \"root\" { skeleton = {\"dots\"} comment = \"Charlie\" }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "root:x:0:0:Charlie:/root:/bin/bash\n");
	assert_attr(&f, "/root/.vimrc", "0644 0 0");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_user_has_the_same_numbers_everywhere),
		cmocka_unit_test(passwd_and_shadow_satisfy_pwck),
		cmocka_unit_test(homes_outside_home_are_fine),
		cmocka_unit_test(group_and_gshadow_satisfy_grpck),
		cmocka_unit_test(a_user_without_password_is_locked_with_a_star),
		cmocka_unit_test(a_user_of_the_image_is_completed),
		cmocka_unit_test(lines_that_are_not_concerned_stay_as_they_are),
		cmocka_unit_test(the_home_is_filled_from_the_images_skeleton),
		cmocka_unit_test(a_hostile_skeleton_is_refused),
		cmocka_unit_test(a_user_may_be_in_the_group_of_a_later_one),
		cmocka_unit_test(ranges_for_containers_do_not_overlap),
		cmocka_unit_test(root_needs_no_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
