/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <utime.h>

#include "fb_step.h"
#include "steps/clock.h"

#define BUILD 1767225600 /* 2026-01-01 */

/* What the step sets instead of the machine's clock. */
static time_t clock_is;

static int set(struct bus *b, time_t to, struct err *e)
{
	(void)b, (void)e;
	clock_is = to;
	return 0;
}

static int refuse(struct bus *b, time_t to, struct err *e)
{
	(void)b, (void)to;
	return err_set(e, ERR_FAILED, "cannot set the clock: not permitted");
}

static void init(struct step_test *t)
{
	step_test_init(t, &step_clock, "");
	autofree char *file = put_in_root(t, SETTINGS_PATH, "version = 1\n");
	const struct utimbuf times = {BUILD, BUILD};
	assert_int_equal(utime(file, &times), 0);
}

static int step_at(struct step_test *t, time_t now, clock_setter *setter)
{
	t->message.len = 0;
	return clock_step(&t->ctx, now, setter, &t->message, &t->e);
}

static void a_clock_of_1970_goes_to_the_image(void **state)
{
	struct step_test t;
	init(&t);
	assert_int_equal(step_at(&t, 60, set), 1);
	assert_int_equal(clock_is, BUILD);
	assert_string_equal(str_text(&t.message), "1970-01-01 00:01:00 UTC, before the image; set "
						  "to 2026-01-01 00:00:00 UTC");
	assert_int_equal(step_at(&t, clock_is, set), 0);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_later_clock_stays(void **state)
{
	struct step_test t;
	init(&t);
	clock_is = 0;
	assert_int_equal(step_at(&t, BUILD + 1, set), 0);
	assert_int_equal(clock_is, 0);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_dry_run_only_tells(void **state)
{
	struct step_test t;
	init(&t);
	clock_is = 0;
	t.ctx.dry_run = true;
	assert_int_equal(step_at(&t, 60, set), 1);
	assert_int_equal(clock_is, 0);
	step_test_done(&t);
	workdir_passed(state);
}

static void a_clock_that_cannot_be_set_is_told(void **state)
{
	struct step_test t;
	init(&t);
	assert_fails(
		step_at(&t, 60, refuse), &t.e, ERR_FAILED,
		"the clock says 1970-01-01 00:01:00 UTC, before the image (2026-01-01 00:00:00 "
		"UTC): cannot set the clock: not permitted");
	step_test_done(&t);
	workdir_passed(state);
}

/* Nothing says how old the image is, or the root is a directory on a laptop. */
static void the_clock_of_others_is_not_ours(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_clock, "");
	assert_int_equal(step_at(&t, 60, set), 0);
	step_test_done(&t);
	init(&t);
	assert_changes_nothing(&t, " UTC");
	assert_int_equal(step_at(&t, 60, NULL), 0);
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(a_clock_of_1970_goes_to_the_image),
		STEP_TEST(a_later_clock_stays),
		STEP_TEST(a_dry_run_only_tells),
		STEP_TEST(a_clock_that_cannot_be_set_is_told),
		STEP_TEST(the_clock_of_others_is_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
