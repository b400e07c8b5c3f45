/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stock user gets another name, or other numbers, without a trace. */
#include "../custom/fixture.h"

#define RENAME "user \"pi\" { uid = 1001 rename-to = \"ops\" }"

/* What a stock image says about its user. */
static void stock(struct fixture *f)
{
	fixture_init(f);
	fixture_mkdir(f, "root/root");
	fixture_mkdir(f, "root/var/lib/systemd/linger");
	fixture_put(f, "root/etc/group",
		    "root:x:0:\ndaemon:x:1:\nadm:x:4:pi\nsudo:x:27:daemon,pi\nvideo:x:44:pi\n"
		    "pi:x:1001:\n");
	fixture_put(f, "root/etc/gshadow",
		    "root:*::\ndaemon:*::\nadm:*::pi\nsudo:*:pi:daemon,pi\nvideo:*::pi\npi:!::\n");
	fixture_put(f, "root/etc/passwd-", "pi:x:1001:1001:,,,:/home/pi:/bin/bash\n");
	fixture_put(
		f, "root/etc/sudoers",
		"# pi\nDefaults:pi !lecture\nroot ALL=(ALL:ALL) ALL\nUser_Alias A = daemon, pi\n"
		"A ALL=(pi) /home/pi/bin/run, /home/pipe\n@includedir /etc/sudoers.d\n");
	fixture_put(f, "root/etc/sudoers.d/010_pi-nopasswd", "pi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_put(f, "root/etc/systemd/system/getty@tty1.service.d/autologin.conf",
		    "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin pi --noclear %I\n");
	fixture_put(f, "root/etc/lightdm/lightdm.conf", "[Seat:*]\nautologin-user=pi\n#user=pi\n");
	fixture_put(f, "root/var/spool/cron/crontabs/pi", "@reboot /home/pi/run\n");
	fixture_put(f, "root/var/mail/pi", "From\n");
	fixture_put(f, "root/var/lib/AccountsService/users/pi", "Icon=/home/pi/.face\n");
	fixture_put(f, "root/var/lib/systemd/linger/pi", "");
	fixture_put(f, "root/home/pi/.bashrc", "x\n");
	fixture_put(f, "root/home/pi/docs/a", "a\n");
	fixture_put(f, "root/home/pi/.ssh/id", "secret\n");
	fixture_symlink(f, "root/home/pi/inner", "/home/pi/docs");
	fixture_symlink(f, "root/home/pi/outer", "/etc/motd");
}

static void set_attr(struct fixture *f, const char *path, uint32_t mode, uint32_t uid)
{
	auto_err e = ERR_INIT;
	assert_ok(f->fs->ops->attr(f->fs, path, mode, uid, uid, &e), &e);
}

/* Owners as they are in an image: all of the home is the user's, but for one file of root's. */
static void own_home(struct fixture *f)
{
	set_attr(f, "/home/pi", 0750, 1001);
	set_attr(f, "/home/pi/.bashrc", 0644, 1001);
	set_attr(f, "/home/pi/docs", 0755, 1001);
	set_attr(f, "/home/pi/docs/a", 0600, 0);
	set_attr(f, "/home/pi/.ssh", 0700, 1001);
	set_attr(f, "/home/pi/.ssh/id", 0600, 1001);
	set_attr(f, "/var/spool/cron/crontabs/pi", 0600, 1001);
}

static void the_name_is_gone_from_the_user_databases(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1001:1001:,,,:/home/ops:/bin/bash\n");
	assert_file_has(&f, "/etc/shadow", "\nops:!:19000:0:99999:7:::\n");
	assert_file(&f, "/etc/group",
		    "root:x:0:\ndaemon:x:1:\nadm:x:4:ops\nsudo:x:27:daemon,ops\nvideo:x:44:ops\n"
		    "ops:x:1001:\n");
	assert_file(&f, "/etc/gshadow",
		    "root:*::\ndaemon:*::\nadm:*::ops\nsudo:*:ops:daemon,ops\nvideo:*::ops\n"
		    "ops:!::\n");
	assert_file(&f, "/etc/subuid", "ops:100000:65536\n");
	assert_file(&f, "/etc/subgid", "ops:100000:65536\n");
	assert_attr(&f, "/etc/passwd-", "none");
	fixture_done(&f);
}

static void the_home_moves_with_all_that_is_in_it(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	own_home(&f);
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/pi", "none");
	assert_attr(&f, "/home/ops", "0750 1001 1001");
	assert_attr(&f, "/home/ops/.ssh/id", "0600 1001 1001");
	assert_attr(&f, "/home/ops/docs/a", "0600 0 0");
	assert_file(&f, "/home/ops/docs/a", "a\n");
	assert_link(&f, "/home/ops/inner", "/home/ops/docs");
	assert_link(&f, "/home/ops/outer", "/etc/motd");
	fixture_done(&f);
}

/* Nothing that only the owner may read is shown by the plan. */
static void what_the_home_hides_stays_hidden(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_plan *role = plan_new(NULL);
	stock(&f);
	own_home(&f);
	fixture_profile(&f, RENAME);
	struct plan_ctx ctx = {.profile = f.profile,
			       .cluster = f.cluster,
			       .tree = f.tree,
			       .plan = role,
			       .custom = "user",
			       .now = FIXTURE_NOW};
	assert_ok(custom_user.plan(&ctx, &e), &e);
	size_t found = 0;
	for (size_t i = 0; i < plan_count(role); i++) {
		const struct change *c = plan_get(role, i);
		if (strcmp(c->path, "/home/ops/.ssh/id") == 0 ||
		    strcmp(c->path, "/var/spool/cron/crontabs/ops") == 0) {
			assert_true(c->secret);
			found++;
		}
	}
	assert_int_equal(found, 2);
	fixture_done(&f);
}

static void sudoers_name_the_new_user(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	stock(&f);
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers",
		    "# pi\nDefaults:ops !lecture\nroot ALL=(ALL:ALL) ALL\n"
		    "User_Alias A = daemon, ops\nA ALL=(ops) /home/ops/bin/run, /home/pipe\n"
		    "@includedir /etc/sudoers.d\n");
	assert_file(&f, "/etc/sudoers.d/010_ops-nopasswd", "ops ALL=(ALL) NOPASSWD: ALL\n");
	assert_attr(&f, "/etc/sudoers.d/010_pi-nopasswd", "none");
	autofree char *main_file = fixture_host(&f, "/etc/sudoers");
	autofree char *drop_in = fixture_host(&f, "/etc/sudoers.d/010_ops-nopasswd");
	assert_ok(run_argv(&e, "visudo", "-c", "-f", main_file, NULL), &e);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", drop_in, NULL), &e);
	fixture_done(&f);
}

static void logins_without_a_password_name_the_new_user(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	fixture_put(&f, "root/etc/systemd/system/kiosk.service",
		    "[Service]\nUser=pi\nWorkingDirectory=/home/pi\nExecStart=/usr/bin/run pi\n");
	fixture_put(&f, "root/etc/ssh/sshd_config", "AllowUsers pi root\nUsePAM yes\n");
	fixture_put(&f, "root/etc/init/tty1.conf", "exec /sbin/getty -8 38400 tty1 -a pi\n");
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/systemd/system/getty@tty1.service.d/autologin.conf",
			"agetty --autologin ops --noclear");
	assert_file(&f, "/etc/lightdm/lightdm.conf", "[Seat:*]\nautologin-user=ops\n#user=pi\n");
	assert_file(&f, "/etc/systemd/system/kiosk.service",
		    "[Service]\nUser=ops\nWorkingDirectory=/home/ops\nExecStart=/usr/bin/run pi\n");
	assert_file(&f, "/etc/ssh/sshd_config", "AllowUsers ops root\nUsePAM yes\n");
	assert_file(&f, "/etc/init/tty1.conf", "exec /sbin/getty -8 38400 tty1 -a ops\n");
	fixture_done(&f);
}

static void files_named_after_the_user_follow(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	own_home(&f);
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/var/spool/cron/crontabs/ops", "@reboot /home/ops/run\n");
	assert_attr(&f, "/var/spool/cron/crontabs/ops", "0600 1001 1001");
	assert_file(&f, "/var/mail/ops", "From\n");
	assert_file(&f, "/var/lib/AccountsService/users/ops", "Icon=/home/ops/.face\n");
	assert_attr(&f, "/var/lib/systemd/linger/ops", "0644 0 0");
	assert_attr(&f, "/var/spool/cron/crontabs/pi", "none");
	assert_attr(&f, "/var/mail/pi", "none");
	assert_attr(&f, "/var/lib/AccountsService/users/pi", "none");
	assert_attr(&f, "/var/lib/systemd/linger/pi", "none");
	fixture_done(&f);
}

/* In the root itself, so that homes, shells and members are looked for there. */
static void pwck_and_grpck_find_nothing(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	stock(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1500 rename-to = \"ops\" groups = {\"video\"} }");
	fixture_run(&f, &custom_user);
	assert_ok(run_argv(&e, "unshare", "-r", "pwck", "-r", "-R", f.root, NULL), &e);
	assert_ok(run_argv(&e, "unshare", "-r", "grpck", "-r", "-R", f.root, NULL), &e);
	fixture_done(&f);
}

static void a_rename_only_section_makes_room_for_another(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1001 comment = \"Operator\" }\n"
			    "user \"pi\" { rename-to = \"ops\" }\n"
			    "user \"ubuntu\" { rename-to = \"ops\" }\n");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1001:1001:Operator:/home/ops:/bin/bash\n");
	assert_file_lacks(&f, "/etc/passwd", "pi");
	assert_file(&f, "/home/ops/docs/a", "a\n");
	fixture_done(&f);
}

static void without_the_former_user_the_new_one_is_made(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ubuntu\" { uid = 1000 rename-to = \"ops\" }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1000:1000::/home/ops:/bin/bash\n");
	fixture_done(&f);
}

static void a_home_may_stay_where_it_is(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 rename-to = \"ops\" home = \"/home/pi\" }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1001:1001:,,,:/home/pi:/bin/bash\n");
	assert_file(&f, "/home/pi/docs/a", "a\n");
	assert_file_has(&f, "/etc/sudoers", "/home/pi/bin/run");
	fixture_done(&f);
}

static void what_an_overlay_put_into_the_new_home_stays(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_plan *role = plan_new(NULL);
	stock(&f);
	own_home(&f);
	fixture_put(&f, "site/root/home/ops/.bashrc", "from the overlay\n");
	fixture_put(&f, "site/attrs", "/home/ops/.bashrc 0600 pi ops\n");
	fixture_profile(&f, "overlays = {\"./site\"}\n" RENAME);
	struct plan_ctx ctx = {.profile = f.profile,
			       .cluster = f.cluster,
			       .tree = f.tree,
			       .plan = role,
			       .now = FIXTURE_NOW};
	ctx.custom = "overlay";
	assert_ok(custom_overlay.plan(&ctx, &e), &e);
	ctx.custom = "user";
	assert_ok(custom_user.plan(&ctx, &e), &e);
	assert_ok(plan_apply(role, f.tree, &e), &e);
	assert_file_has(&f, "/home/ops/.bashrc", "from the overlay\n");
	assert_file_lacks(&f, "/home/ops/.bashrc", "x\n");
	assert_attr(&f, "/home/ops/.bashrc", "0600 1001 1001");
	assert_file(&f, "/home/ops/docs/a", "a\n");
	assert_attr(&f, "/home/ops", "0750 1001 1001");
	fixture_done(&f);
}

static void new_numbers_own_the_home(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	own_home(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1500 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\npi:x:1500:1500:,,,:/home/pi:/bin/bash\n");
	assert_file_has(&f, "/etc/group", "\npi:x:1500:\n");
	assert_attr(&f, "/home/pi", "0750 1500 1500");
	assert_attr(&f, "/home/pi/.ssh/id", "0600 1500 1500");
	assert_attr(&f, "/home/pi/docs/a", "0600 0 0");
	assert_attr(&f, "/var/spool/cron/crontabs/pi", "0600 1500 1500");
	assert_note(&f, "user pi had UID 1001 and GID 1001 in the image and gets 1500 and 1500");
	fixture_done(&f);
}

static void a_moved_home_has_the_new_numbers(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	own_home(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1000 rename-to = \"ops\" }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/ops", "0750 1000 1000");
	assert_attr(&f, "/home/ops/.ssh/id", "0600 1000 1000");
	assert_attr(&f, "/var/spool/cron/crontabs/ops", "0600 1000 1000");
	fixture_done(&f);
}

static void another_primary_group_is_one_of_the_image(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 gid = 100 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\npi:x:1001:100:");
	assert_file_has(&f, "/etc/group", "\npi:x:1001:\n");
	fixture_done(&f);
}

static void numbers_move_out_of_the_way_of_a_new_user(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1001 }\nuser \"pi\" { uid = 1500 }\n");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "\nops:x:1001:1001:");
	assert_file_has(&f, "/etc/passwd", "\npi:x:1500:1500:");
	fixture_done(&f);
}

static void a_home_that_is_too_deep_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_str path = STR_INIT;
	fixture_init(&f);
	str_puts(&path, "root/home/pi");
	for (int i = 0; i < 40; i++)
		str_puts(&path, "/d");
	fixture_mkdir(&f, str_text(&path));
	fixture_profile(&f, RENAME);
	assert_int_equal(fixture_try(&f, &custom_user, &e), -1);
	assert_non_null(strstr(e.msg, "keep it where it is by the key 'home'"));
	assert_file_has(&f, "/etc/passwd", "\npi:");
	fixture_done(&f);
}

static void planned_again_there_is_nothing_to_do(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_plan *again = plan_new(NULL);
	stock(&f);
	own_home(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1000 rename-to = \"ops\" }");
	fixture_run(&f, &custom_user);
	struct plan_ctx ctx = {.profile = f.profile,
			       .cluster = f.cluster,
			       .tree = f.tree,
			       .plan = again,
			       .custom = "user",
			       .now = FIXTURE_NOW};
	autofree char *passwd = fixture_text(&f, "/etc/passwd");
	assert_ok(custom_user.plan(&ctx, &e), &e);
	assert_ok(plan_verify(again, NULL, f.tree, &e), &e);
	assert_int_equal(plan_notes(again)->n, 0);
	assert_file(&f, "/etc/passwd", passwd);
	fixture_done(&f);
}

/* The stock rule goes, as the profile has one; the overlay's stays as it was. */
static void what_an_overlay_has_under_the_new_name_stays(void **state)
{
	(void)state;
	struct fixture f;
	stock(&f);
	fixture_put(&f, "site/root/etc/sudoers.d/010_ops-nopasswd", "ops ALL=(ALL) /bin/ls\n");
	fixture_put(&f, "site/root/var/spool/cron/crontabs/ops", "@daily new\n");
	fixture_put(&f, "site/root/var/mail/ops", "new\n");
	fixture_profile(&f, "overlays = {\"./site\"}\n"
			    "user \"pi\" { uid = 1001 rename-to = \"ops\" sudo = password }");
	fixture_run(&f, &custom_overlay);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers.d/010_ops-nopasswd", "ops ALL=(ALL) /bin/ls\n");
	assert_attr(&f, "/etc/sudoers.d/010_pi-nopasswd", "none");
	assert_file(&f, "/var/spool/cron/crontabs/ops", "@daily new\n");
	assert_file(&f, "/var/mail/ops", "new\n");
	assert_file(&f, "/var/mail/pi", "From\n");
	assert_note(&f, "/etc/sudoers.d/010_pi-nopasswd is not moved to "
			"/etc/sudoers.d/010_ops-nopasswd, which is there already");
	assert_note(&f, "/var/spool/cron/crontabs/pi is not moved");
	assert_note(&f, "/var/mail/pi is not moved");
	fixture_done(&f);
}

static void what_cannot_be_copied_stays(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root/var/mail/pi", "/srv/none");
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_link(&f, "/var/mail/pi", "/srv/none");
	assert_attr(&f, "/var/mail/ops", "none");
	assert_note(&f, "/var/mail/pi is not moved to /var/mail/ops: neither file nor directory");
	fixture_done(&f);
}

/* The stock user's home is as in passwd. */
static void image_with_home(struct fixture *f, const char *home)
{
	autofree char *passwd = xasprintf("pi:x:1001:1001:,,,:%s:/bin/bash\n", home);
	fixture_init(f);
	fixture_put(f, "root/etc/passwd", passwd);
	fixture_put(f, "root/home/pi/.bashrc", "x\n");
}

static void a_slash_behind_a_home_is_no_other_home(void **state)
{
	(void)state;
	struct fixture f;
	image_with_home(&f, "/home/pi/");
	fixture_profile(&f, RENAME);
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/passwd", "ops:x:1001:1001:,,,:/home/ops:/bin/bash\n");
	assert_file_has(&f, "/home/ops/.bashrc", "x\n");
	assert_attr(&f, "/home/pi", "none");
	fixture_done(&f);
}

static void a_home_that_cannot_move_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	image_with_home(&f, "/home/pi/");
	assert_refused(&f, &custom_user,
		       "user \"pi\" { uid = 1001 home = \"/home/pi/new\"\nrename-to = \"ops\" }",
		       "worker.conf:2: 'pi' cannot become 'ops': its new home would be inside");
	fixture_done(&f);
	image_with_home(&f, "//");
	assert_refused(&f, &custom_user,
		       "user \"pi\" { uid = 1001 home = \"/home/ops\"\nrename-to = \"ops\" }",
		       "worker.conf:2: 'pi' cannot become 'ops': its home is '/'");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_gone_from_the_user_databases),
		cmocka_unit_test(the_home_moves_with_all_that_is_in_it),
		cmocka_unit_test(what_the_home_hides_stays_hidden),
		cmocka_unit_test(sudoers_name_the_new_user),
		cmocka_unit_test(logins_without_a_password_name_the_new_user),
		cmocka_unit_test(files_named_after_the_user_follow),
		cmocka_unit_test(pwck_and_grpck_find_nothing),
		cmocka_unit_test(a_rename_only_section_makes_room_for_another),
		cmocka_unit_test(without_the_former_user_the_new_one_is_made),
		cmocka_unit_test(a_home_may_stay_where_it_is),
		cmocka_unit_test(what_an_overlay_put_into_the_new_home_stays),
		cmocka_unit_test(new_numbers_own_the_home),
		cmocka_unit_test(a_moved_home_has_the_new_numbers),
		cmocka_unit_test(another_primary_group_is_one_of_the_image),
		cmocka_unit_test(numbers_move_out_of_the_way_of_a_new_user),
		cmocka_unit_test(a_home_that_is_too_deep_is_refused),
		cmocka_unit_test(planned_again_there_is_nothing_to_do),
		cmocka_unit_test(what_an_overlay_has_under_the_new_name_stays),
		cmocka_unit_test(what_cannot_be_copied_stays),
		cmocka_unit_test(a_slash_behind_a_home_is_no_other_home),
		cmocka_unit_test(a_home_that_cannot_move_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
