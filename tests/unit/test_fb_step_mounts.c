/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"
#include "interrupt.h"
#include "pace.h"
#include "steps/patience.h"
#include "unit_text.h"

static void start(struct private_bus *p, struct step_test *t, const char *settings)
{
	private_bus_start(p, EVERYBODY);
	step_test_init(t, &step_mounts, settings);
	t->ctx.bus = p->bus;
}

static void stop(struct private_bus *p, struct step_test *t)
{
	step_test_done(t);
	private_bus_stop(p);
}

static void units_are_called_as_systemd_calls_them(void **state)
{
	const char *const paths[] = {"/srv/cluster", "/", "/a-b/.c/d e", "/srv/x_1:2/",
				     "/srv/\xc3\xa4"};
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		auto_str out = STR_INIT;
		auto_err e = ERR_INIT;
		autofree char *unit = unit_of_path(paths[i], ".mount");
		autofree char *line = xasprintf("%s\n", unit);
		const char *const argv[] = {"systemd-escape", "--path", "--suffix=mount", paths[i],
					    NULL};
		assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
		assert_string_equal(line, str_text(&out));
	}
}

static void what_is_not_mounted_is_started(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/cluster\nmount = /home/mpi\n");
	standin_add(p.said, "srv-cluster.mount", "generated");
	SAY(standin_add(p.said, "home-mpi.mount", "generated")->active, "active");
	assert_int_equal(mounts_wait(&t.ctx, 2000, &t.message, &t.e), 1);
	assert_string_equal(str_text(&t.message), "mounted: /srv/cluster, /home/mpi");
	assert_string_equal(p.said->calls, "StartUnit srv-cluster.mount\n");
	assert_int_equal(mounts_wait(&t.ctx, 2000, &t.message, &t.e), 0);
	assert_string_equal(p.said->calls, "StartUnit srv-cluster.mount\n");
	stop(&p, &t);
	workdir_passed(state);
}

/* Both servers are off; their mounts take their time together. */
static void dead_servers_end_in_a_message(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/a\nmount = /srv/b\n");
	SAY(standin_add(p.said, "srv-a.mount", "generated")->started, "activating");
	SAY(standin_add(p.said, "srv-b.mount", "generated")->started, "activating");
	uint64_t before = pace_now_ms();
	assert_fails(
		mounts_wait(&t.ctx, 3000, &t.message, &t.e), &t.e, ERR_FAILED,
		"'/srv/a': not mounted after 3 s: is the server on, and does the network reach "
		"it? See 'systemctl status srv-a.mount'; '/srv/b': not mounted after 3 s");
	assert_in_range(pace_now_ms() - before, 3000, 5900);
	stop(&p, &t);
	workdir_passed(state);
}

static void a_mount_that_failed_is_tried_again_told_and_leaves_no_failed_unit(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/a\nmount = /srv/b\n");
	struct standin_unit *a = standin_add(p.said, "srv-a.mount", "generated");
	standin_add(p.said, "srv-b.mount", "generated");
	SAY(a->active, "failed");
	SAY(a->started, "failed");
	SAY(a->result, "exit-code");
	assert_fails(mounts_wait(&t.ctx, 1000, &t.message, &t.e), &t.e, ERR_FAILED,
		     "'/srv/a': not mounted (exit-code): is the server on, and does it export "
		     "this? See 'systemctl status srv-a.mount'");
	assert_string_equal(p.said->calls, "ResetFailedUnit srv-a.mount\nStartUnit srv-a.mount\n"
					   "StartUnit srv-b.mount\nResetFailedUnit srv-a.mount\n");
	stop(&p, &t);
	workdir_passed(state);
}

/* The unit is stopped, or the machine goes down. */
static void a_signal_ends_the_wait(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/a\n");
	SAY(standin_add(p.said, "srv-a.mount", "generated")->started, "activating");
	pid_t pid = fork();
	if (pid == 0) {
		struct bus *own = NULL;
		interrupt_init();
		alarm(50);
		if (bus_open_at(p.address, 60000, &own, &t.e) < 0)
			_exit(1);
		t.ctx.bus = own;
		put_file("waits", "");
		(void)!mounts_wait(&t.ctx, 60000, &t.message, &t.e);
		_exit(t.e.code);
	}
	int status;
	while (access("waits", F_OK) < 0 && waitpid(pid, &status, WNOHANG) == 0)
		usleep(1000);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ERR_INTERRUPT);
	stop(&p, &t);
	workdir_passed(state);
}

static void a_path_that_fstab_lacks_is_told(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/a\n");
	assert_fails(mounts_wait(&t.ctx, 1000, &t.message, &t.e), &t.e, ERR_FAILED,
		     "'/srv/a': /etc/fstab has no line for it; add one");
	stop(&p, &t);
	workdir_passed(state);
}

static void without_a_bus_it_is_told(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_mounts, "mount = /srv/a\n");
	assert_changes_nothing(&t, "the board mounts them");
	t.ctx.root = "";
	assert_step_fails(&t, "/srv/a: there is no system bus to have them mounted");
	step_test_done(&t);
	step_test_init(&t, &step_mounts, "");
	t.ctx.root = "";
	assert_step(&t, 0, "the settings have none");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_dry_run_mounts_nothing(void **state)
{
	struct private_bus p;
	struct step_test t;
	start(&p, &t, "mount = /srv/a\n");
	t.ctx.root = "";
	t.ctx.dry_run = true;
	assert_step(&t, 1, "/srv/a");
	assert_string_equal(p.said->calls, "");
	stop(&p, &t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_called_as_systemd_calls_them),
		STEP_TEST(what_is_not_mounted_is_started),
		STEP_TEST(dead_servers_end_in_a_message),
		STEP_TEST(a_mount_that_failed_is_tried_again_told_and_leaves_no_failed_unit),
		STEP_TEST(a_signal_ends_the_wait),
		STEP_TEST(a_path_that_fstab_lacks_is_told),
		STEP_TEST(without_a_bus_it_is_told),
		STEP_TEST(a_dry_run_mounts_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
