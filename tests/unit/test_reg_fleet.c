/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many calls of ssh at once; ssh is a script in the work directory that does what it is told. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "../assert_err.h"
#include "interrupt.h"
#include "io.h"
#include "registry/fleet.h"
#include "workdir.h"

/* argv goes to ./argv; the host says what happens, with a number behind a dash. */
#define SSH                                                                                   \
	"#!/bin/bash\n"                                                                       \
	"printf '%s|' \"$@\" >>argv; echo >>argv\n"                                           \
	"while [ \"$1\" != -- ]; do shift; done\n"                                            \
	"host=${2#*@}\n"                                                                      \
	"case $host in\n"                                                                     \
	"exit-*) echo out; echo err >&2; exit ${host#*-} ;;\n"                                \
	"gone) echo 'ssh: connect to host gone port 22: No route to host' >&2; exit 255 ;;\n" \
	"sleep-*) echo $$ >pid; sleep ${host#*-} ;;\n"                                        \
	"deaf) trap '' TERM; while :; do sleep 1; done ;;\n"                                  \
	"much) head -c 200000 /dev/zero | tr '\\0' x; echo end >&2 ;;\n"                      \
	"lines) printf 'a\\nb\\n\\nlast' ;;\n"                                                \
	"holder) sleep 10 & disown; echo out ;;\n"                                            \
	"count-*) mkdir run.$$; ls -d run.* | wc -l >>counts; sleep 0.2; rmdir run.$$ ;;\n"   \
	"kill) kill -9 $$ ;;\n"                                                               \
	"esac\n"

static const char *const words[] = {"facts", NULL};

static int enter(void **state)
{
	if (workdir_enter(state) < 0 || mkdir("bin", 0755) < 0)
		return -1;
	put_file("bin/ssh", SSH);
	autofree char *path = xasprintf("%s/bin:/usr/bin:/bin", ((struct workdir *)*state)->path);
	return chmod("bin/ssh", 0755) < 0 ? -1 : setenv("PATH", path, 1);
}

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static struct fleet_task task(const char *host)
{
	return (struct fleet_task){.name = host, .host = host};
}

/* One call with a deadline of so many seconds; the task is released by the caller. */
static struct fleet_task call(const char *host, unsigned seconds)
{
	auto_err e = ERR_INIT;
	struct fleet_task t = task(host);
	const struct fleet_order order = {.words = words, .user = FLEET_USER, .seconds = seconds};
	assert_ok(fleet_run(&t, 1, &order, &e), &e);
	return t;
}

static void assert_end(const char *host, enum fleet_end end, int status, const char *reason)
{
	struct fleet_task t = call(host, end == FLEET_TIMEOUT ? 1 : 30);
	autofree char *said = fleet_task_reason(&t);
	assert_int_equal(t.end, end);
	assert_int_equal(t.status, status);
	assert_string_equal(said, reason);
	fleet_task_done(&t);
}

static void ssh_gets_an_argv_and_no_shell(void **state)
{
	static const char *const special[] = {"a b", "$(id); *", NULL};
	static const char *const options[] = {"-o", "BatchMode=yes", NULL};
	const struct fleet_order order = {.words = special, .options = options, .seconds = 6};
	auto_err e = ERR_INIT;
	auto_str argv = STR_INIT;
	struct fleet_task t = task("exit-0"), own = call("exit-0", 0);
	assert_ok(fleet_run(&t, 1, &order, &e), &e);
	assert_true(fleet_task_ok(&t) && fleet_task_ok(&own));
	assert_ok(io_read_file("argv", 4096, &argv, &e), &e);
	assert_string_equal(str_text(&argv),
			    "-xT|-o|ConnectTimeout=10|--|cardstock-ops@exit-0|facts|\n"
			    "-xT|-o|ConnectTimeout=3|-o|BatchMode=yes|--|exit-0|a b|$(id); *|\n");
	fleet_task_done(&t);
	fleet_task_done(&own);
	workdir_passed(state);
}

static void how_it_ended_is_told_apart(void **state)
{
	struct fleet_task t = call("exit-7", 0);
	assert_string_equal(str_text(&t.output), "out\n");
	assert_string_equal(str_text(&t.messages), "err\n");
	fleet_task_done(&t);
	assert_end("exit-7", FLEET_EXITED, 7, "exit code 7: err");
	assert_end("gone", FLEET_UNREACHABLE, 255,
		   "not reached: ssh: connect to host gone port 22: No route to host");
	assert_end("kill", FLEET_SIGNALLED, SIGKILL, "ssh died of signal 9 (Killed)");
	workdir_passed(state);
}

static void nobody_is_waited_for_after_the_deadline(void **state)
{
	long long began = now_ms();
	assert_end("sleep-20", FLEET_TIMEOUT, SIGTERM, "no answer in time");
	assert_true(now_ms() - began < 3000);
	assert_end("deaf", FLEET_TIMEOUT, SIGKILL, "no answer in time");
	assert_true(now_ms() - began < 8000);
	workdir_passed(state);
}

/* A ControlMaster that ssh leaves behind keeps its stderr. */
static void who_holds_the_pipe_is_not_waited_for(void **state)
{
	long long began = now_ms();
	struct fleet_task t = call("holder", 30);
	assert_true(fleet_task_ok(&t));
	assert_string_equal(str_text(&t.output), "out\n");
	assert_true(now_ms() - began < 5000);
	fleet_task_done(&t);
	workdir_passed(state);
}

static void what_is_kept_of_the_output_has_a_limit(void **state)
{
	struct fleet_task t = call("much", 30);
	assert_true(fleet_task_ok(&t));
	assert_int_equal(t.output.len, FLEET_OUTPUT_MAX);
	assert_string_equal(str_text(&t.messages), "end\n");
	fleet_task_done(&t);
	workdir_passed(state);
}

static void add_line(void *ctx, const struct fleet_task *t, enum fleet_stream stream,
		     const char *text, size_t len)
{
	str_printf(ctx, "%s%s %.*s|", t->name, stream == FLEET_STDERR ? "!" : ":", (int)len, text);
}

static void add_length(void *ctx, const struct fleet_task *t, enum fleet_stream stream,
		       const char *text, size_t len)
{
	size_t *longest = ctx;
	(void)t;
	(void)text;
	*longest = stream == FLEET_STDOUT && len > *longest ? len : *longest;
}

static void lines_come_one_by_one(void **state)
{
	struct fleet_task t[] = {task("lines"), task("exit-1"), task("much")};
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	size_t longest = 0;
	struct fleet_order order = {.words = words, .jobs = 1, .line = add_line, .ctx = &said};
	assert_ok(fleet_run(t, 2, &order, &e), &e);
	assert_string_equal(str_text(&said),
			    "lines: a|lines: b|lines: |lines: last|exit-1: out|exit-1! err|");
	assert_int_equal(t[0].output.len + t[1].messages.len, 0);
	order.line = add_length;
	order.ctx = &longest;
	assert_ok(fleet_run(&t[2], 1, &order, &e), &e);
	assert_in_range(longest, FLEET_OUTPUT_MAX, 2 * FLEET_OUTPUT_MAX);
	for (size_t i = 0; i < 3; i++)
		fleet_task_done(&t[i]);
	workdir_passed(state);
}

static void count_done(void *ctx, const struct fleet_task *t)
{
	assert_true(fleet_task_ok(t));
	++*(size_t *)ctx;
}

static void so_many_run_at_the_same_time_and_no_more(void **state)
{
	struct fleet_task t[12];
	auto_err e = ERR_INIT;
	auto_str counts = STR_INIT;
	size_t done = 0;
	const struct fleet_order order = {
		.words = words, .jobs = 4, .done = count_done, .ctx = &done};
	for (size_t i = 0; i < 12; i++)
		t[i] = task("count-1");
	assert_ok(fleet_run(t, 12, &order, &e), &e);
	assert_int_equal(done, 12);
	assert_ok(io_read_file("counts", 4096, &counts, &e), &e);
	assert_non_null(strchr(str_text(&counts), '4'));
	assert_null(strpbrk(str_text(&counts), "5678"));
	for (size_t i = 0; i < 12; i++)
		fleet_task_done(&t[i]);
	workdir_passed(state);
}

static void without_ssh_it_says_what_to_install(void **state)
{
	auto_err e = ERR_INIT;
	struct fleet_task t = task("exit-0");
	const struct fleet_order order = {.words = words};
	autofree char *path = xstrdup(getenv("PATH"));
	setenv("PATH", "/nonexistent", 1);
	assert_fails(fleet_run(&t, 1, &order, &e), &e, ERR_FAILED,
		     "exit-0: cannot start ssh (install openssh-client)");
	setenv("PATH", path, 1);
	fleet_task_done(&t);
	workdir_passed(state);
}

/* The last one: a signal that came stays. */
static void a_caller_who_ignores_his_children_hears_how_they_ended(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	interrupt_init();
	assert_end("exit-3", FLEET_EXITED, 3, "exit code 3: err");
	workdir_passed(state);
}

static void an_interrupt_ends_what_runs(void **state)
{
	auto_err e = ERR_INIT;
	auto_str pid = STR_INIT;
	struct fleet_task t[] = {task("sleep-20"), task("sleep-20"), task("exit-0")};
	const struct fleet_order order = {.words = words, .jobs = 2};
	long long began = now_ms();
	signal(SIGINT, SIG_DFL); /* a shell ignores it for what it runs in the background */
	interrupt_init();
	pid_t other = fork();
	if (other == 0) {
		usleep(500000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	assert_fails(fleet_run(t, 3, &order, &e), &e, ERR_INTERRUPT, "interrupted");
	assert_true(now_ms() - began < 5000);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(t[0].end, FLEET_NOT_RUN);
	assert_int_equal(t[2].end, FLEET_NOT_RUN);
	assert_ok(io_read_file("pid", 64, &pid, &e), &e);
	assert_int_equal(kill((pid_t)atol(str_text(&pid)), 0), -1);
	for (size_t i = 0; i < 3; i++)
		fleet_task_done(&t[i]);
	workdir_passed(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ssh_gets_an_argv_and_no_shell),
		TEST(how_it_ended_is_told_apart),
		TEST(nobody_is_waited_for_after_the_deadline),
		TEST(who_holds_the_pipe_is_not_waited_for),
		TEST(what_is_kept_of_the_output_has_a_limit),
		TEST(lines_come_one_by_one),
		TEST(so_many_run_at_the_same_time_and_no_more),
		TEST(without_ssh_it_says_what_to_install),
		TEST(a_caller_who_ignores_his_children_hears_how_they_ended),
		TEST(an_interrupt_ends_what_runs),
	};
	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
