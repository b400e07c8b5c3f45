/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define OVERLAY "address = \"10.0.0.%d/24\"\noverlays = {\"./site\"}\n"

/* Both stages with overlays, as a build has them. */
static int build(struct fixture *f, struct err *e)
{
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	struct plan_ctx ctx = {.profile = f->profile,
			       .cluster = f->cluster,
			       .tree = f->tree,
			       .plan = role,
			       .now = FIXTURE_NOW};
	if (plan_build_role(&ctx, e) < 0)
		return -1;
	ctx.plan = node;
	ctx.node = &f->cluster->members[0].nodes[0];
	return plan_build_node(&ctx, e);
}

static void assert_build_refused(struct fixture *f, const char *fragment)
{
	auto_err e = ERR_INIT;
	fixture_profile_with_keys(f, OVERLAY);
	assert_int_equal(build(f, &e), -1);
	if (e.code != ERR_PROFILE || !strstr(e.msg, fragment))
		fail_msg("code %d: %s", (int)e.code, e.msg);
}

static void garbage_in_an_overlay_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/fstab", "# mine\n\nmount the big disk please\n");
	assert_build_refused(&f, "site/root/etc/fstab:3: it is not a line of fstab(5)");
	fixture_done(&f);
}

static void garbage_in_a_template_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/fstab", "# ${hostname}\n${address} rubbish\n");
	fixture_put(&f, "site/attrs", "/etc/fstab 0644 root root template\n");
	assert_build_refused(&f, "site/root/etc/fstab:2: it is not a line of fstab(5)");
	fixture_done(&f);
}

static void garbage_of_the_image_is_a_note(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/fstab", "proc /proc proc\nrubbish\n");
	fixture_put(&f, "site/root/etc/motd", "welcome\n");
	fixture_profile(&f, OVERLAY);
	fixture_run(&f, &custom_fstab);
	assert_int_equal(f.notes.n, 1);
	assert_note(&f, "line 2 of the image's own /etc/fstab is not right: it is not a line");
	assert_file(&f, "/etc/fstab", "proc /proc proc\nrubbish\n");
	fixture_done(&f);
}

static void a_right_file_is_no_news(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/fstab", "LABEL=rootfs / ext4 defaults 0 1\n");
	fixture_profile_with_keys(&f, OVERLAY);
	assert_ok(build(&f, &e), &e);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_in_an_overlay_is_refused),
		cmocka_unit_test(garbage_in_a_template_is_refused),
		cmocka_unit_test(garbage_of_the_image_is_a_note),
		cmocka_unit_test(a_right_file_is_no_news),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
