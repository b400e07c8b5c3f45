/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define DEFAULT "/etc/systemd/system/default.target"

static void the_node_boots_to_the_target(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root" DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_profile(&f, "target = \"multi-user.target\"");
	fixture_run(&f, &custom_target);
	assert_link(&f, DEFAULT, "/usr/lib/systemd/system/multi-user.target");
	fixture_done(&f);
}

static void without_the_key_the_image_keeps_its_own(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root" DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_target);
	assert_link(&f, DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_done(&f);
}

static void a_target_that_the_image_lacks_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_target, "\ntarget = \"kiosk.target\"",
		       "worker.conf:2: target 'kiosk.target' is not in the image");
	fixture_done(&f);
}

static void what_is_not_a_target_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_target, "target = \"ssh.service\"", "is not a target");
	assert_refused(&f, &custom_target, "target = \"../x.target\"", "worker.conf:1:");
	fixture_done(&f);
}

static void an_image_without_systemd_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	auto_err e = ERR_INIT;
	autofree char *systemd = fixture_host(&f, "/usr/lib/systemd");
	assert_ok(run_argv(&e, "rm", "-r", systemd, NULL), &e);
	fixture_profile(&f, "target = \"multi-user.target\"");
	fixture_run(&f, &custom_target);
	assert_note(&f, "no systemd");
	assert_attr(&f, DEFAULT, "none");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_node_boots_to_the_target),
		cmocka_unit_test(without_the_key_the_image_keeps_its_own),
		cmocka_unit_test(a_target_that_the_image_lacks_is_refused),
		cmocka_unit_test(what_is_not_a_target_is_refused),
		cmocka_unit_test(an_image_without_systemd_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
