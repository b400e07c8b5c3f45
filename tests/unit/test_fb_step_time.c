/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"
#include "steps/patience.h"

#include <sys/timex.h>

static void a_clock_that_is_right_is_told(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	p.said->synchronized = 1;
	step_test_init(&t, &step_time, "ntp = yes\n");
	t.ctx.bus = p.bus;
	assert_int_equal(time_wait(&t.ctx, 0, 1, &t.message, &t.e), 0);
	assert_string_equal(str_text(&t.message), "the clock is synchronised");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void it_is_asked_until_it_is_right(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	p.said->in_step_after = 4;
	step_test_init(&t, &step_time, "ntp = yes\n");
	t.ctx.bus = p.bus;
	assert_int_equal(time_wait(&t.ctx, 60000, 1, &t.message, &t.e), 0);
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void without_a_server_it_ends_in_a_message(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	step_test_init(&t, &step_time, "ntp = yes\n");
	t.ctx.bus = p.bus;
	assert_fails(time_wait(&t.ctx, 1000, 100, &t.message, &t.e), &t.e, ERR_FAILED,
		     "the clock is not synchronised after 1 s: is the time server on, and does the "
		     "network reach it?");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

/* The kernel knows as well. */
static void without_timedated_the_kernel_is_asked(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, MANAGER);
	step_test_init(&t, &step_time, "ntp = yes\n");
	t.ctx.bus = p.bus;
	int is = time_wait(&t.ctx, 0, 1, &t.message, &t.e);
	struct timex kernel = {0};
	assert_true(adjtimex(&kernel) >= 0);
	assert_int_equal(is, kernel.maxerror < 16000000 ? 0 : -1);
	assert_non_null(strstr(is < 0 ? t.e.msg : str_text(&t.message), "synchronised"));
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void it_is_not_waited_for_in_vain(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_time, "ntp = no\n");
	t.ctx.root = "";
	assert_step(&t, 0, "nobody gives it");
	step_test_done(&t);
	step_test_init(&t, &step_time, "ntp = yes\n");
	assert_changes_nothing(&t, "the board waits for it");
	t.ctx.root = "";
	t.ctx.dry_run = true;
	assert_step(&t, 0, "would wait");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(a_clock_that_is_right_is_told),
		STEP_TEST(it_is_asked_until_it_is_right),
		STEP_TEST(without_a_server_it_ends_in_a_message),
		STEP_TEST(without_timedated_the_kernel_is_asked),
		STEP_TEST(it_is_not_waited_for_in_vain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
