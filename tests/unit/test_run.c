/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <cmocka.h>

#include "run.h"
#include "workdir.h"

#define SH(script)                                  \
	(const char *const[])                       \
	{                                           \
		"/bin/sh", "-c", script, "sh", NULL \
	}

static void assert_failure(const struct run *r, enum err_code code, const char *fragment)
{
	auto_err e = ERR_INIT;
	assert_int_equal(run(r, &e), -1);
	assert_int_equal(e.code, code);
	if (!strstr(e.msg, fragment))
		fail_msg("no '%s' in '%s'", fragment, e.msg);
}

static void output_is_collected(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	assert_int_equal(run(&(struct run){.argv = SH("echo a; echo b"), .output = &out}, &e), 0);
	assert_string_equal(str_text(&out), "a\nb\n");
}

/* More than a pipe holds, both ways at once. */
static void input_goes_in_while_output_comes_out(void **state)
{
	(void)state;
	size_t len = 1 << 20;
	autofree char *input = malloc(len);
	memset(input, 'x', len);
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	const struct run r = {.argv = SH("cat"), .input = input, .input_len = len, .output = &out};
	assert_int_equal(run(&r, &e), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, input, len);
}

static void exit_codes_named_in_ok_status_are_success(void **state)
{
	(void)state;
	auto_err e = ERR_INIT;
	assert_int_equal(run(&(struct run){.argv = SH("exit 3"), .ok_status = 1 << 3}, &e), 3);
	assert_failure(&(struct run){.argv = SH("echo why >&2; exit 4"), .ok_status = 1 << 3},
		       ERR_FAILED, "sh: exit code 4: why");
}

static void missing_program_is_named(void **state)
{
	(void)state;
	assert_failure(&(struct run){.argv = (const char *const[]){"no-such-tool", NULL}},
		       ERR_FAILED, "program 'no-such-tool' is not installed");
}

static void environment_is_the_c_locale_and_ours(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	const struct run r = {.argv = SH("echo $LC_ALL $TZ $MINE"),
			      .env = (const char *const[]){"MINE=1", "TZ=CET", NULL},
			      .output = &out};
	assert_int_equal(run(&r, &e), 0);
	assert_string_equal(str_text(&out), "C CET 1\n");
}

static void signal_that_ended_a_program_is_named(void **state)
{
	(void)state;
	assert_failure(&(struct run){.argv = SH("kill -9 $$")}, ERR_FAILED,
		       "sh: ended by signal 9 (Killed)");
}

static void pipe_that_cannot_be_made_is_an_error(void **state)
{
	(void)state;
	struct rlimit before, none;
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int r = run(&(struct run){.argv = SH("echo a"), .output = &out}, &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(r, -1);
	assert_non_null(strstr(e.msg, "cannot start: Too many open files"));
}

/* Stands for a signal that came between two system calls: nothing wakes run() but its own look. */
static int exists_started(void)
{
	return access("started", F_OK) == 0;
}

static void assert_interrupted(const char *script, bool passthrough, long most_seconds)
{
	struct timespec from, to;
	auto_str out = STR_INIT;
	unlink("started");
	run_set_interrupt(exists_started, 2000);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_failure(&(struct run){.argv = SH(script),
				     .output = passthrough ? NULL : &out,
				     .passthrough = passthrough},
		       ERR_INTERRUPT, "sh: interrupted");
	clock_gettime(CLOCK_MONOTONIC, &to);
	run_set_interrupt(NULL, RUN_PATIENCE_MS);
	assert_true(to.tv_sec - from.tv_sec <= most_seconds);
}

static void interrupt_ends_the_program(void **state)
{
	assert_interrupted("touch started; exec sleep 30", false, 2);
	assert_interrupted("touch started; exec sleep 30", true, 2);
	workdir_passed(state);
}

static void program_may_clean_up_when_interrupted(void **state)
{
	assert_interrupted("trap 'touch cleaned; exit 143' TERM; touch started; "
			   "while :; do sleep 0.1; done",
			   true, 2);
	assert_int_equal(access("cleaned", F_OK), 0);
	workdir_passed(state);
}

/* The sleep it started holds the pipe open longer than the program lives. */
static void program_that_ignores_the_interrupt_is_killed(void **state)
{
	assert_interrupted("trap '' TERM; touch started; sleep 8; :", false, 5);
	workdir_passed(state);
}

/* Nobody asked for interrupts: the program still gets time to end. */
static void program_that_prints_too_much_may_clean_up(void **state)
{
	auto_str out = STR_INIT;
	assert_failure(&(struct run){.argv = SH("trap 'touch cleaned; exit 1' TERM; "
						"head -c 300000000 /dev/zero; sleep 1"),
				     .output = &out},
		       ERR_FAILED, "printed more than");
	assert_int_equal(access("cleaned", F_OK), 0);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_collected),
		cmocka_unit_test(input_goes_in_while_output_comes_out),
		cmocka_unit_test(exit_codes_named_in_ok_status_are_success),
		cmocka_unit_test(missing_program_is_named),
		cmocka_unit_test(environment_is_the_c_locale_and_ours),
		cmocka_unit_test(signal_that_ended_a_program_is_named),
		cmocka_unit_test(pipe_that_cannot_be_made_is_an_error),
		cmocka_unit_test_setup_teardown(program_that_prints_too_much_may_clean_up,
						workdir_enter, workdir_leave),
		cmocka_unit_test_setup_teardown(interrupt_ends_the_program, workdir_enter,
						workdir_leave),
		cmocka_unit_test_setup_teardown(program_may_clean_up_when_interrupted,
						workdir_enter, workdir_leave),
		cmocka_unit_test_setup_teardown(program_that_ignores_the_interrupt_is_killed,
						workdir_enter, workdir_leave),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
