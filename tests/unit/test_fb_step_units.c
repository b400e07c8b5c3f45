/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"

#define VENDOR "/usr/lib/systemd/system/"
#define ADMIN "/etc/systemd/system/"
#define UNIT "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

static void init(struct step_test *t, const char *settings)
{
	step_test_init(t, &step_units, settings);
	put(t, VENDOR "on.service", UNIT);
	put(t, VENDOR "off.service", UNIT);
	put(t, VENDOR "never.service", UNIT);
	put(t, VENDOR "static.service", "[Service]\nExecStart=/bin/true\n");
	put_link(t, ADMIN "multi-user.target.wants/off.service", VENDOR "off.service");
}

static void assert_systemctl_says(struct step_test *t, const char *unit, const char *state)
{
	auto_str out = STR_INIT;
	autofree char *option = xasprintf("--root=%s", t->root);
	const char *const argv[] = {"systemctl", option, "is-enabled", unit, NULL};
	int code = run(&(struct run){.argv = argv, .output = &out, .ok_status = 1 << 1}, &t->e);
	assert_ok(code, &t->e);
	assert_string_equal(str_text(&out), state);
}

static void files_say_what_is_on_where_there_is_no_bus(void **state)
{
	struct step_test t;
	init(&t, "enable = on.service\ndisable = off.service\nmask = never.service\n"
		 "mask = not-yet.service\n");
	assert_changes_once(&t, "disabled off.service, masked never.service, "
				"masked not-yet.service, enabled on.service");
	assert_systemctl_says(&t, "on.service", "enabled\n");
	assert_systemctl_says(&t, "off.service", "disabled\n");
	assert_systemctl_says(&t, "never.service", "masked\n");
	step_test_done(&t);
	workdir_passed(state);
}

/* One that cannot be does not keep the others from being done. */
static void all_that_failed_are_named(void **state)
{
	struct step_test t;
	init(&t, "enable = static.service\nenable = absent.service\nenable = on.service\n");
	assert_step_fails(&t, "unit 'static.service' cannot be enabled: its file has no [Install] "
			      "section, so other units start it; take it out of the settings; unit "
			      "'absent.service' is not on this board; install what brings it");
	assert_systemctl_says(&t, "on.service", "enabled\n");
	step_test_done(&t);
	workdir_passed(state);
}

static void without_systemd_there_are_none(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_units, "enable = on.service\n");
	put(&t, "/sbin/init", "sysvinit");
	assert_changes_nothing(&t, "there is no systemd");
	step_test_done(&t);
	workdir_passed(state);
}

static void systemd_switches_units(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	standin_add(p.said, "on.service", "disabled");
	standin_add(p.said, "was-masked.service", "masked");
	standin_add(p.said, "off.service", "enabled");
	standin_add(p.said, "never.service", "enabled");
	step_test_init(&t, &step_units,
		       "enable = on.service\nenable = was-masked.service\n"
		       "disable = off.service\nmask = never.service\n");
	t.ctx.bus = p.bus;
	t.ctx.dry_run = true;
	assert_step(&t, 1,
		    "disabled off.service, masked never.service, enabled on.service, "
		    "enabled was-masked.service");
	assert_string_equal(p.said->calls, "");
	t.ctx.dry_run = false;
	assert_step(&t, 1, "enabled on.service");
	assert_string_equal(standin_unit(p.said, "on.service")->active, "active");
	assert_string_equal(standin_unit(p.said, "was-masked.service")->file, "enabled");
	assert_string_equal(standin_unit(p.said, "off.service")->file, "disabled");
	assert_string_equal(standin_unit(p.said, "never.service")->file, "masked");
	*p.said->calls = '\0';
	assert_step(&t, 0, "as they are to be");
	assert_string_equal(p.said->calls, "");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void what_systemd_refuses_is_told(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	standin_add(p.said, "off.service", "enabled");
	step_test_init(&t, &step_units, "enable = absent.service\ndisable = off.service\n");
	t.ctx.bus = p.bus;
	assert_step_fails(&t, "unit 'absent.service' is not on this board; install what brings it");
	assert_string_equal(standin_unit(p.said, "off.service")->file, "disabled");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	init(&t, "enable = on.service\n");
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "on.service: cannot create a symlink beside it: Read-only");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(files_say_what_is_on_where_there_is_no_bus),
		STEP_TEST(all_that_failed_are_named),
		STEP_TEST(without_systemd_there_are_none),
		STEP_TEST(systemd_switches_units),
		STEP_TEST(what_systemd_refuses_is_told),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
