/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../assert_err.h"
#include "fb_bus.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void hostname_is_asked_for_and_set(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	autofree char *name = NULL, *after = NULL;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->hostname, "raspberrypi");
	assert_int_equal(bus_get_hostname(p.bus, &name, &e), 1);
	assert_string_equal(name, "raspberrypi");
	assert_int_equal(bus_set_hostname(p.bus, "worker003", &e), 1);
	assert_int_equal(bus_get_hostname(p.bus, &after, &e), 1);
	assert_string_equal(after, "worker003");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void who_is_absent_is_no_error(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	bool synchronized;
	char *name;
	private_bus_start(&p, MANAGER);
	assert_int_equal(bus_get_hostname(p.bus, &name, &e), 0);
	assert_int_equal(bus_set_hostname(p.bus, "worker003", &e), 0);
	assert_int_equal(bus_time_synchronized(p.bus, &synchronized, &e), 0);
	assert_null(e.msg);
	private_bus_stop(&p);
	workdir_passed(state);
}

/* PID 1 is always there: its absence is an error, not a lack. */
static void a_bus_without_pid_1_is_an_error(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	char *target;
	private_bus_start(&p, HOSTNAMED);
	assert_fails(bus_get_default_target(p.bus, &target, &e), &e, ERR_FAILED,
		     "org.freedesktop.systemd1: GetDefaultTarget: "
		     "org.freedesktop.DBus.Error.ServiceUnknown: ");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void an_error_has_method_name_and_message(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->refused, "SetStaticHostname");
	assert_fails(bus_set_hostname(p.bus, "worker003", &e), &e, ERR_FAILED,
		     "org.freedesktop.hostname1: SetStaticHostname: "
		     "org.freedesktop.DBus.Error.AccessDenied: the test says no");
	assert_fails(bus_start_unit(p.bus, "a.mount", &e), &e, ERR_FAILED,
		     "StartUnit: org.freedesktop.systemd1.NoSuchUnit: Unit a.mount not found.");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void there_may_be_no_bus(void **state)
{
	auto_err e = ERR_INIT;
	struct bus *bus = NULL;
	assert_ok(bus_open_at("unix:path=absent", 1000, &bus, &e), &e);
	assert_null(bus);
	workdir_passed(state);
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* Somebody listens and says nothing: a bus that hangs. */
static void a_bus_that_does_not_greet_is_left_in_time(void **state)
{
	auto_err e = ERR_INIT;
	struct bus *bus = NULL;
	int fd = listen_at("mute");
	time_t before = time(NULL);
	assert_fails(bus_open_at("unix:path=mute", 300, &bus, &e), &e, ERR_FAILED,
		     "system bus 'unix:path=mute': cannot connect: ");
	assert_in_range(time(NULL) - before, 0, 15);
	/* Of a process that is gone, the socket remains. */
	close(fd);
	assert_ok(bus_open_at("unix:path=mute", 300, &bus, &e), &e);
	assert_null(bus);
	workdir_passed(state);
}

/* Its patience may be shorter than ours, and is not said to be as long. */
static void a_bus_that_gave_up_is_quoted(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	private_bus_start(&p, EVERYBODY);
	SAY(p.said->refused, "SetStaticHostname");
	p.said->gave_up = 1;
	assert_fails(bus_set_hostname(p.bus, "worker003", &e), &e, ERR_FAILED,
		     "SetStaticHostname: no answer: the bus gave up; look at what it does with ");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void who_does_not_answer_is_left_in_time(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	struct bus *hasty = NULL;
	char *name;
	private_bus_start(&p, EVERYBODY);
	p.said->is_silent = 1;
	assert_ok(bus_open_at(p.address, 1500, &hasty, &e), &e);
	assert_fails(bus_get_hostname(hasty, &name, &e), &e, ERR_FAILED,
		     "org.freedesktop.hostname1: StaticHostname: no answer within 1.5 s");
	assert_fails(bus_set_hostname(hasty, "worker003", &e), &e, ERR_FAILED,
		     "SetStaticHostname: no answer within 1.5 s");
	bus_close(hasty);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void unit_files_change_once(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	autofree char *file = NULL, *absent = NULL;
	private_bus_start(&p, EVERYBODY);
	standin_add(p.said, "ssh.service", "disabled");
	assert_int_equal(bus_enable_unit(p.bus, "ssh.service", &e), 1);
	assert_int_equal(bus_enable_unit(p.bus, "ssh.service", &e), 0);
	assert_ok(bus_unit_file_state(p.bus, "ssh.service", &file, &e), &e);
	assert_string_equal(file, "enabled");
	assert_int_equal(bus_disable_unit(p.bus, "ssh.service", &e), 1);
	assert_int_equal(bus_disable_unit(p.bus, "ssh.service", &e), 0);
	assert_int_equal(bus_mask_unit(p.bus, "ssh.service", &e), 1);
	assert_int_equal(bus_mask_unit(p.bus, "ssh.service", &e), 0);
	assert_int_equal(bus_unmask_unit(p.bus, "ssh.service", &e), 1);
	assert_ok(bus_unit_file_state(p.bus, "none.service", &absent, &e), &e);
	assert_string_equal(absent, "");
	assert_ok(bus_reload(p.bus, &e), &e);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void units_that_cannot_be_enabled_say_so(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	private_bus_start(&p, EVERYBODY);
	standin_add(p.said, "dbus.service", "static");
	assert_fails(bus_enable_unit(p.bus, "dbus.service", &e), &e, ERR_FAILED,
		     "unit 'dbus.service' cannot be enabled: its file has no [Install] section");
	assert_fails(bus_enable_unit(p.bus, "none.service", &e), &e, ERR_FAILED,
		     "Unit file none.service does not exist.");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void default_target_is_asked_for_and_set(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	autofree char *target = NULL;
	private_bus_start(&p, EVERYBODY);
	assert_int_equal(bus_set_default_target(p.bus, "multi-user.target", &e), 1);
	assert_ok(bus_get_default_target(p.bus, &target, &e), &e);
	assert_string_equal(target, "multi-user.target");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void states_of_units_are_told_apart(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	enum unit_state is;
	autofree char *result = NULL;
	private_bus_start(&p, EVERYBODY);
	struct standin_unit *u = standin_add(p.said, "srv-cluster.mount", "generated");
	const struct {
		const char *active;
		enum unit_state state;
	} states[] = {{"inactive", UNIT_INACTIVE},
		      {"activating", UNIT_BUSY},
		      {"active", UNIT_ACTIVE},
		      {"failed", UNIT_FAILED}};
	for (size_t i = 0; i < 4; i++) {
		SAY(u->active, states[i].active);
		assert_ok(bus_unit_state(p.bus, u->name, &is, &e), &e);
		assert_int_equal(is, states[i].state);
	}
	assert_ok(bus_unit_state(p.bus, "none.mount", &is, &e), &e);
	assert_int_equal(is, UNIT_ABSENT);
	SAY(u->result, "timeout");
	assert_ok(bus_unit_result(p.bus, u->name, &result, &e), &e);
	assert_string_equal(result, "timeout");
	private_bus_stop(&p);
	workdir_passed(state);
}

static void waiting_for_a_unit_ends(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	enum unit_state is;
	private_bus_start(&p, EVERYBODY);
	struct standin_unit *u = standin_add(p.said, "srv-cluster.mount", "generated");
	SAY(u->started, "activating");
	assert_ok(bus_start_unit(p.bus, u->name, &e), &e);
	assert_ok(bus_wait_unit(p.bus, u->name, 250, &is, &e), &e);
	assert_int_equal(is, UNIT_BUSY);
	SAY(u->active, "active");
	assert_ok(bus_wait_unit(p.bus, u->name, 60000, &is, &e), &e);
	assert_int_equal(is, UNIT_ACTIVE);
	private_bus_stop(&p);
	workdir_passed(state);
}

static int run_shell(struct bus *b, const char *script, struct str *output, struct err *e)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const char *const env[] = {"WHO=pid1", NULL};
	return bus_run(b,
		       &(struct bus_job){.unit = "cardstock-test.service",
					 .description = "test",
					 .argv = argv,
					 .env = env,
					 .timeout_s = 10,
					 .output = output},
		       e);
}

static void programs_are_run_by_pid_1(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	private_bus_start(&p, EVERYBODY);
	assert_ok(run_shell(p.bus, "echo by $WHO; echo loud >&2", &out, &e), &e);
	assert_string_equal(str_text(&out), "by pid1\nloud\n");
	out.len = 0;
	assert_fails(run_shell(p.bus, "echo no; exit 3", &out, &e), &e, ERR_FAILED,
		     "sh: exit-code");
	assert_string_equal(str_text(&out), "no\n");
	private_bus_stop(&p);
	workdir_passed(state);
}

/* A firstboot that was killed left its unit behind. */
static void a_former_run_is_ended_first(void **state)
{
	struct private_bus p;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	private_bus_start(&p, EVERYBODY);
	SAY(standin_add(p.said, "cardstock-test.service", "transient")->active, "active");
	assert_ok(run_shell(p.bus, "echo again", &out, &e), &e);
	assert_string_equal(str_text(&out), "again\n");
	assert_string_equal(p.said->calls, "StopUnit cardstock-test.service\n"
					   "StartTransientUnit cardstock-test.service\n"
					   "StopUnit cardstock-test.service\n");
	private_bus_stop(&p);
	workdir_passed(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hostname_is_asked_for_and_set),
		T(who_is_absent_is_no_error),
		T(a_bus_without_pid_1_is_an_error),
		T(an_error_has_method_name_and_message),
		T(there_may_be_no_bus),
		T(a_bus_that_does_not_greet_is_left_in_time),
		T(a_bus_that_gave_up_is_quoted),
		T(who_does_not_answer_is_left_in_time),
		T(unit_files_change_once),
		T(units_that_cannot_be_enabled_say_so),
		T(default_target_is_asked_for_and_set),
		T(states_of_units_are_told_apart),
		T(waiting_for_a_unit_ends),
		T(programs_are_run_by_pid_1),
		T(a_former_run_is_ended_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
