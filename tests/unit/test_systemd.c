/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"
#include "custom/systemd.h"

#define VENDOR "/usr/lib/systemd/system/"
#define ADMIN "/etc/systemd/system/"

/* A call of systemd.h as the only customisation. */
static const char *asked;

static int disable(struct plan_ctx *ctx, struct err *e)
{
	return systemd_disable(ctx, asked, "test", e);
}

static int mask(struct plan_ctx *ctx, struct err *e)
{
	return systemd_mask(ctx, asked, "test", e);
}

static int enable(struct plan_ctx *ctx, struct err *e)
{
	return systemd_enable(ctx, asked, "multi-user.target", "test", e);
}

static void call(struct fixture *f, int (*function)(struct plan_ctx *, struct err *),
		 const char *unit)
{
	const struct custom c = {.name = "test", .plan = function};
	asked = unit;
	fixture_profile(f, "");
	fixture_run(f, &c);
}

static void disable_removes_what_pulls_the_unit_in(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" VENDOR "a.service", "[Unit]\n");
	fixture_symlink(&f, "root" ADMIN "multi-user.target.wants/a.service",
			"/lib/systemd/system/a.service");
	fixture_symlink(&f, "root" ADMIN "x.target.requires/a.service", VENDOR "a.service");
	fixture_symlink(&f, "root" ADMIN "alias.service", "/lib/systemd/system/a.service");
	fixture_symlink(&f, "root" ADMIN "multi-user.target.wants/other.service",
			VENDOR "other.service");
	call(&f, disable, "a.service");
	assert_attr(&f, ADMIN "multi-user.target.wants/a.service", "none");
	assert_attr(&f, ADMIN "x.target.requires/a.service", "none");
	assert_attr(&f, ADMIN "alias.service", "none");
	assert_link(&f, ADMIN "multi-user.target.wants/other.service", VENDOR "other.service");
	fixture_done(&f);
}

static void disable_keeps_a_mask_and_the_vendors_links(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root" ADMIN "a.service", "/dev/null");
	fixture_symlink(&f, "root" VENDOR "multi-user.target.wants/a.service", "../a.service");
	call(&f, disable, "a.service");
	call(&f, disable, "absent.service");
	assert_link(&f, ADMIN "a.service", "/dev/null");
	assert_link(&f, VENDOR "multi-user.target.wants/a.service", "../a.service");
	fixture_done(&f);
}

static void a_template_is_disabled_with_its_instances(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" VENDOR "a@.service", "[Unit]\n");
	fixture_symlink(&f, "root" ADMIN "multi-user.target.wants/a@x.service",
			VENDOR "a@.service");
	fixture_symlink(&f, "root" ADMIN "multi-user.target.wants/a@y.service",
			VENDOR "a@.service");
	call(&f, disable, "a@x.service");
	assert_attr(&f, ADMIN "multi-user.target.wants/a@x.service", "none");
	assert_link(&f, ADMIN "multi-user.target.wants/a@y.service", VENDOR "a@.service");
	call(&f, disable, "a@.service");
	assert_attr(&f, ADMIN "multi-user.target.wants/a@y.service", "none");
	fixture_done(&f);
}

static void mask_is_a_link_to_dev_null(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" VENDOR "a.service", "[Unit]\n");
	fixture_put(&f, "root" ADMIN "mine.service", "[Unit]\n");
	call(&f, mask, "a.service");
	call(&f, mask, "mine.service");
	call(&f, mask, "absent.service");
	assert_link(&f, ADMIN "a.service", "/dev/null");
	assert_link(&f, ADMIN "mine.service", "/dev/null");
	assert_attr(&f, ADMIN "absent.service", "none");
	fixture_done(&f);
}

static void an_instance_is_enabled_by_its_template(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" VENDOR "wpa_supplicant@.service", "[Unit]\n");
	call(&f, enable, "wpa_supplicant@wlan0.service");
	assert_link(&f, ADMIN "multi-user.target.wants/wpa_supplicant@wlan0.service",
		    VENDOR "wpa_supplicant@.service");
	fixture_done(&f);
}

static void enable_lifts_a_mask(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" VENDOR "a.service", "[Unit]\n");
	fixture_symlink(&f, "root" ADMIN "a.service", "/dev/null");
	call(&f, enable, "a.service");
	assert_attr(&f, ADMIN "a.service", "none");
	assert_link(&f, ADMIN "multi-user.target.wants/a.service", VENDOR "a.service");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disable_removes_what_pulls_the_unit_in),
		cmocka_unit_test(disable_keeps_a_mask_and_the_vendors_links),
		cmocka_unit_test(a_template_is_disabled_with_its_instances),
		cmocka_unit_test(mask_is_a_link_to_dev_null),
		cmocka_unit_test(an_instance_is_enabled_by_its_template),
		cmocka_unit_test(enable_lifts_a_mask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
