/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "interrupt.h"
#include "jobs.h"
#include "mem.h"
#include "run.h"
#include "workdir.h"

/* What the children write and the test reads. */
struct shared {
	int ran[64];
	int running, most;
	pid_t pids[64];
};

static struct shared *shared_new(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

struct task {
	struct shared *shared;
	int number;
};

static void nap(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int count_running(void *ctx, struct jobs *j, struct err *e)
{
	(void)e;
	struct task *t = ctx;
	int running = __atomic_add_fetch(&t->shared->running, 1, __ATOMIC_SEQ_CST);
	if (running > t->shared->most)
		t->shared->most = running;
	job_progress(j, 1);
	nap(20);
	t->shared->ran[t->number]++;
	__atomic_sub_fetch(&t->shared->running, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int sleep_or_stop(void *ctx, struct jobs *j, struct err *e)
{
	struct task *t = ctx;
	t->shared->pids[t->number] = getpid();
	for (uint64_t i = 0; i < 3000; i++) {
		job_progress(j, i);
		nap(10);
		if (interrupt_check(e) < 0)
			return -1;
	}
	return 0;
}

static int fail_soon(void *ctx, struct jobs *j, struct err *e)
{
	(void)ctx;
	(void)j;
	nap(50);
	return err_set(e, ERR_SPACE, "worker002.img: no space, 12 MiB missing; free some");
}

static int die(void *ctx, struct jobs *j, struct err *e)
{
	(void)ctx;
	(void)j;
	(void)e;
	return kill(getpid(), SIGKILL);
}

/* Its program needs longer to end than a job without one may. */
static int run_slow_to_end(void *ctx, struct jobs *j, struct err *e)
{
	static const char script[] = "trap 'sleep 4; exit 1' TERM; touch started; "
				     "while :; do sleep 0.1; done";
	struct task *t = ctx;
	(void)j;
	interrupt_init();
	int r = run_argv(e, "sh", "-c", script, NULL);
	t->shared->ran[t->number]++;
	return r;
}

static int fail_once_started(void *ctx, struct jobs *j, struct err *e)
{
	for (int i = 0; i < 1000 && access("started", F_OK) < 0; i++)
		nap(10);
	return fail_soon(ctx, j, e);
}

static int ignore_sigterm(void *ctx, struct jobs *j, struct err *e)
{
	signal(SIGTERM, SIG_IGN);
	return sleep_or_stop(ctx, j, e);
}

static size_t make_jobs(struct job *jobs, struct task *tasks, struct shared *s, size_t n,
			int (*work)(void *, struct jobs *, struct err *))
{
	for (size_t i = 0; i < n; i++) {
		tasks[i] = (struct task){s, (int)i};
		jobs[i] = (struct job){"job", 10, work, &tasks[i], NULL};
	}
	return n;
}

static void runs_every_job_once_and_at_most_parallel_at_once(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	struct task tasks[10];
	struct job jobs[10];
	auto_err e = ERR_INIT;
	assert_int_equal(jobs_run(jobs, make_jobs(jobs, tasks, s, 10, count_running), 3, NULL, &e),
			 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(s->ran[i], 1);
	assert_in_range(s->most, 2, 3);
	assert_null(e.msg);
}

static void parallel_zero_uses_the_cores(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	struct task tasks[4];
	struct job jobs[4];
	auto_err e = ERR_INIT;
	assert_int_equal(jobs_run(jobs, make_jobs(jobs, tasks, s, 4, count_running), 0, NULL, &e),
			 0);
	assert_int_equal(s->ran[0] + s->ran[1] + s->ran[2] + s->ran[3], 4);
}

static void no_jobs_is_success(void **state)
{
	(void)state;
	auto_err e = ERR_INIT;
	assert_int_equal(jobs_run(NULL, 0, 2, NULL, &e), 0);
}

static void gone(pid_t pid)
{
	assert_true(pid > 0);
	assert_int_equal(kill(pid, 0), -1);
}

static void first_failure_ends_the_others_and_its_error_is_returned(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	struct task tasks[4];
	struct job jobs[4];
	auto_err e = ERR_INIT;
	make_jobs(jobs, tasks, s, 4, sleep_or_stop);
	jobs[1].work = fail_soon;
	assert_int_equal(jobs_run(jobs, 4, 2, NULL, &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_string_equal(e.msg, "worker002.img: no space, 12 MiB missing; free some");
	gone(s->pids[0]);
	assert_int_equal(s->pids[2], 0); /* never started */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Each card is written on its own. */
static void jobs_apart_all_run_and_each_error_is_told(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	struct task tasks[4];
	struct job jobs[4];
	auto_err e = ERR_INIT;
	make_jobs(jobs, tasks, s, 4, count_running);
	jobs[1].work = fail_soon;
	jobs[2].work = die;
	assert_int_equal(jobs_run_apart(jobs, 4, NULL, &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_string_equal(e.msg, "2 of 4 failed:\n"
				   "worker002.img: no space, 12 MiB missing; free some\n"
				   "job: its process was ended by signal 9 (Killed)");
	assert_int_equal(s->ran[0] + s->ran[3], 2);
	assert_int_equal(jobs_run_apart(jobs + 1, 1, NULL, &e), -1);
	assert_string_equal(e.msg, "worker002.img: no space, 12 MiB missing; free some");
	assert_int_equal(jobs_run_apart(jobs, 1, NULL, &e), 0);
}

static void job_that_is_killed_is_an_error_with_its_name(void **state)
{
	(void)state;
	struct job job = {"worker003.img", 0, die, NULL, NULL};
	auto_err e = ERR_INIT;
	assert_int_equal(jobs_run(&job, 1, 1, NULL, &e), -1);
	assert_int_equal(e.code, ERR_FAILED);
	assert_non_null(strstr(e.msg, "worker003.img: its process was ended by signal 9"));
}

static void job_that_ignores_sigterm_is_killed(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	struct task tasks[2];
	struct job jobs[2];
	auto_err e = ERR_INIT;
	make_jobs(jobs, tasks, s, 2, ignore_sigterm);
	jobs[1].work = fail_soon;
	run_set_interrupt(NULL, 0);
	assert_int_equal(jobs_run(jobs, 2, 2, NULL, &e), -1);
	run_set_interrupt(NULL, RUN_PATIENCE_MS);
	assert_int_equal(e.code, ERR_SPACE);
	gone(s->pids[0]);
}

static void job_waits_for_its_program_to_end(void **state)
{
	struct shared *s = shared_new();
	struct task tasks[2];
	struct job jobs[2];
	auto_err e = ERR_INIT;
	make_jobs(jobs, tasks, s, 2, run_slow_to_end);
	jobs[1].work = fail_once_started;
	assert_int_equal(jobs_run(jobs, 2, 2, NULL, &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_int_equal(s->ran[0], 1);
	workdir_passed(state);
}

/* Runs jobs_run in a process of its own; its exit code is the error's. */
static pid_t fork_runner(struct shared *s)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	struct task tasks[2];
	struct job jobs[2];
	auto_err e = ERR_INIT;
	interrupt_init();
	if (jobs_run(jobs, make_jobs(jobs, tasks, s, 2, sleep_or_stop), 2, NULL, &e) == 0)
		_exit(0);
	_exit(interrupted() ? (int)e.code : 99);
}

static void wait_for_start(struct shared *s)
{
	for (int i = 0; i < 500 && !(s->pids[0] && s->pids[1]); i++)
		nap(10);
}

static void signal_ends_all_children(int number)
{
	signal(number, SIG_DFL); /* a shell ignores SIGINT for what it runs in the background */
	struct shared *s = shared_new();
	pid_t pid = fork_runner(s);
	int status;
	wait_for_start(s);
	kill(pid, number);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ERR_INTERRUPT);
	gone(s->pids[0]);
	gone(s->pids[1]);
}

static void sigint_ends_all_children(void **state)
{
	(void)state;
	signal_ends_all_children(SIGINT);
}

static void sigterm_ends_all_children(void **state)
{
	(void)state;
	signal_ends_all_children(SIGTERM);
}

static void wait_until_gone(pid_t pid)
{
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
		nap(10);
	gone(pid);
}

static void children_die_with_a_parent_that_is_killed(void **state)
{
	(void)state;
	struct shared *s = shared_new();
	pid_t pid = fork_runner(s);
	wait_for_start(s);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	wait_until_gone(s->pids[0]);
	wait_until_gone(s->pids[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_every_job_once_and_at_most_parallel_at_once),
		cmocka_unit_test(parallel_zero_uses_the_cores),
		cmocka_unit_test(no_jobs_is_success),
		cmocka_unit_test(first_failure_ends_the_others_and_its_error_is_returned),
		cmocka_unit_test(jobs_apart_all_run_and_each_error_is_told),
		cmocka_unit_test(job_that_is_killed_is_an_error_with_its_name),
		cmocka_unit_test(job_that_ignores_sigterm_is_killed),
		cmocka_unit_test_setup_teardown(job_waits_for_its_program_to_end, workdir_enter,
						workdir_leave),
		cmocka_unit_test(sigint_ends_all_children),
		cmocka_unit_test(sigterm_ends_all_children),
		cmocka_unit_test(children_die_with_a_parent_that_is_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
