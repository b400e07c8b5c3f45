/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"

#define VENDOR "/usr/lib/systemd/system/"
#define DEFAULT "/etc/systemd/system/default.target"

static void init(struct step_test *t)
{
	step_test_init(t, &step_target, "target = multi-user.target\n");
}

static void put_systemd(struct step_test *t)
{
	put(t, VENDOR "multi-user.target", "[Unit]\n");
	put(t, VENDOR "graphical.target", "[Unit]\n");
	put_link(t, DEFAULT, "/lib/systemd/system/graphical.target");
}

/* systemctl reads the links of the root. */
static void assert_systemctl_says(struct step_test *t, const char *target)
{
	auto_str out = STR_INIT;
	autofree char *option = xasprintf("--root=%s", t->root);
	const char *const argv[] = {"systemctl", option, "get-default", NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &t->e), &t->e);
	assert_string_equal(str_text(&out), target);
}

static void files_get_the_target_where_there_is_no_bus(void **state)
{
	struct step_test t;
	init(&t);
	put_systemd(&t);
	assert_changes_once(&t, "multi-user.target from the next boot on");
	assert_systemctl_says(&t, "multi-user.target\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void another_spelling_of_the_same_link_stays(void **state)
{
	struct step_test t;
	init(&t);
	put_systemd(&t);
	put_link(&t, DEFAULT, "/lib/systemd/system/multi-user.target");
	assert_changes_nothing(&t, "multi-user.target");
	step_test_done(&t);
	workdir_passed(state);
}

static void settings_without_a_target_change_none(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_target, "");
	put_systemd(&t);
	assert_changes_nothing(&t, "the settings have none");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_target_that_is_not_there_is_refused(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_target, "target = kiosk.target\n");
	put_systemd(&t);
	assert_step_fails(&t, "boot target 'kiosk.target': not on this board");
	assert_systemctl_says(&t, "graphical.target\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void an_inittab_gets_the_runlevel(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, "/etc/inittab", "id:5:initdefault:\n");
	put(&t, "/etc/init/lightdm.conf", "start on x\n");
	assert_changes_once(&t, "multi-user.target");
	assert_file(&t, "/etc/inittab", "id:3:initdefault:\n");
	step_test_done(&t);
	workdir_passed(state);
}

/* Ubuntu of the first Parallellas. */
static void upstart_gets_the_runlevel_and_no_display(void **state)
{
	struct step_test t;
	init(&t);
	put(&t, "/sbin/init", "upstart");
	put(&t, "/etc/debian_version", "jessie/sid\n");
	put(&t, "/etc/init/rc-sysinit.conf", "env DEFAULT_RUNLEVEL=5\n");
	put(&t, "/etc/init/lightdm.conf", "start on x\n");
	assert_changes_once(&t, "multi-user.target");
	assert_file(&t, "/etc/init/rc-sysinit.conf", "env DEFAULT_RUNLEVEL=2\n");
	assert_file(&t, "/etc/init/lightdm.override", "manual\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void what_has_no_runlevel_is_told(void **state)
{
	struct step_test t;
	init(&t);
	assert_changes_nothing(&t, "is not set: there is neither systemd nor a runlevel");
	step_test_done(&t);
	workdir_passed(state);
}

static void systemd_sets_the_target(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->target, "graphical.target");
	init(&t);
	t.ctx.bus = p.bus;
	t.ctx.dry_run = true;
	assert_step(&t, 1, "");
	assert_string_equal(p.said->target, "graphical.target");
	t.ctx.dry_run = false;
	assert_step(&t, 1, "multi-user.target from the next boot on");
	assert_string_equal(p.said->target, "multi-user.target");
	assert_step(&t, 0, "multi-user.target");
	assert_string_equal(p.said->calls, "SetDefaultTarget multi-user.target\n");
	SAY(p.said->target, "graphical.target");
	SAY(p.said->refused, "SetDefaultTarget");
	assert_step_fails(&t, "boot target 'multi-user.target': org.freedesktop.systemd1: "
			      "SetDefaultTarget: org.freedesktop.DBus.Error.AccessDenied");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	init(&t);
	put_systemd(&t);
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "default.target: cannot create a symlink beside it: Read-only");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(files_get_the_target_where_there_is_no_bus),
		STEP_TEST(another_spelling_of_the_same_link_stays),
		STEP_TEST(settings_without_a_target_change_none),
		STEP_TEST(a_target_that_is_not_there_is_refused),
		STEP_TEST(an_inittab_gets_the_runlevel),
		STEP_TEST(upstart_gets_the_runlevel_and_no_display),
		STEP_TEST(what_has_no_runlevel_is_told),
		STEP_TEST(systemd_sets_the_target),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
