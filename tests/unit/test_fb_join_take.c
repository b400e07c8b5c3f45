/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board does with the reply that accepted it; PID 1 is a stand-in, install(1) is not. */
#include "board.h"
#include "fb_bus.h"
#include "fb_step.h"
#include "join.h"
#include "pace.h"

#define KEY "/etc/munge/munge.key"
#define KEPT JOIN_DIR "/munge.key"
#define ACCEPTED                                                         \
	"{\"version\":1,\"result\":\"accepted\",\"name\":\"worker001\"," \
	"\"secrets\":{\"munge\":"                                        \
	"\"dGhlIGtleSBvZiB0aGlzIGNsdXN0ZXIsIDMyIGJ5dGVz\"}}\n"

/* The user munge is us, for nobody else can be had without root. */
static int know_munge(void)
{
	put_file("passwd", "root:x:0:0::/root:/bin/sh\nmunge:x:0:0::/:/bin/false\n");
	put_file("group", "root:x:0:\nmunge:x:0:\n");
	if (enter_namespace() < 0)
		return -1;
	return mount("passwd", "/etc/passwd", NULL, MS_BIND, NULL) < 0 ||
			       mount("group", "/etc/group", NULL, MS_BIND, NULL) < 0
		       ? -1
		       : 0;
}

struct take_test {
	struct step_test t;
	struct private_bus bus;
	struct reply reply;
	struct join_news news;
};

static void init(struct take_test *test, const char *settings)
{
	if (know_munge() < 0) {
		print_message("no mount namespace here\n");
		skip();
	}
	*test = (struct take_test){.reply = {.name = "worker001", .munge = STR_SECRET}};
	private_bus_start(&test->bus, EVERYBODY);
	step_test_init(&test->t, &step_registration, settings);
	test->t.ctx.bus = test->bus.bus;
	SAY(test->bus.said->hostname, "worker001");
	SAY(standin_add(test->bus.said, "munge.service", "enabled")->active, "active");
	put(&test->t, KEY, NULL);
	put(&test->t, KEPT, NULL);
	str_puts(&test->reply.munge, "the key of this cluster, 32 bytes");
}

static void done(struct take_test *test)
{
	str_done(&test->reply.munge);
	step_test_done(&test->t);
	private_bus_stop(&test->bus);
	assert_int_equal(umount("/etc/passwd"), 0);
	assert_int_equal(umount("/etc/group"), 0);
}

static int take(struct take_test *test)
{
	int r = join_take(&test->t.ctx, &test->reply, &test->news, &test->t.e);
	assert_ok(r, &test->t.e);
	return r;
}

static size_t restarts(struct take_test *test)
{
	size_t n = 0;
	for (const char *at = test->bus.said->calls;
	     (at = strstr(at, "RestartUnit munge.service")) != NULL; at++)
		n++;
	return n;
}

static void munge_gets_its_key_once(void **state)
{
	struct take_test test;
	struct stat st;
	init(&test, "");
	assert_int_equal(take(&test), 1);
	assert_true(test.news.munge && !test.news.name);
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes");
	autofree char *path = xasprintf("%s" KEY, test.t.root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_file(&test.t, JOIN_DIR "/munge.new", "(absent)");
	assert_int_equal(restarts(&test), 1);
	assert_int_equal(take(&test), 0);
	assert_int_equal(restarts(&test), 1);
	done(&test);
	workdir_passed(state);
}

static void a_new_key_takes_the_place_of_the_former(void **state)
{
	struct take_test test;
	init(&test, "");
	take(&test);
	str_puts(&test.reply.munge, ", and another");
	assert_int_equal(take(&test), 1);
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes, and another");
	assert_file(&test.t, KEPT, "the key of this cluster, 32 bytes, and another");
	assert_int_equal(restarts(&test), 2);
	done(&test);
	workdir_passed(state);
}

/* As the package of munge does when it is installed after the first boot. */
static void a_key_that_another_program_replaced_is_put_back(void **state)
{
	struct take_test test;
	init(&test, "");
	take(&test);
	put(&test.t, KEY, "somebody else's");
	assert_int_equal(take(&test), 1);
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes");
	assert_int_equal(restarts(&test), 2);
	done(&test);
	workdir_passed(state);
}

static void munge_that_does_not_run_is_not_started(void **state)
{
	struct take_test test;
	init(&test, "");
	SAY(standin_unit(test.bus.said, "munge.service")->active, "inactive");
	assert_int_equal(take(&test), 1);
	assert_int_equal(restarts(&test), 0);
	done(&test);
	workdir_passed(state);
}

static void where_munge_is_not_installed_nothing_is_done(void **state)
{
	struct take_test test;
	init(&test, "");
	autofree char *dir = xasprintf("%s/etc/munge", test.t.root);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(take(&test), 0);
	assert_file(&test.t, KEPT, "(absent)");
	done(&test);
	workdir_passed(state);
}

/* The package came after the registration: it is given what the last reply said. */
static void munge_that_is_installed_later_gets_the_key_of_the_last_reply(void **state)
{
	struct take_test test;
	init(&test, "");
	autofree char *dir = xasprintf("%s/etc/munge", test.t.root);
	assert_int_equal(rmdir(dir), 0);
	assert_ok(join_take_kept(&test.t.ctx, &test.t.e), &test.t.e);
	put(&test.t, JOIN_REPLY, ACCEPTED);
	assert_ok(join_take_kept(&test.t.ctx, &test.t.e), &test.t.e);
	assert_file(&test.t, KEPT, "(absent)");
	put(&test.t, KEY, "the package's own");
	assert_int_equal(join_take_kept(&test.t.ctx, &test.t.e), 1);
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes");
	assert_file(&test.t, KEPT, "the key of this cluster, 32 bytes");
	assert_int_equal(restarts(&test), 1);
	assert_int_equal(join_take_kept(&test.t.ctx, &test.t.e), 0);
	done(&test);
	workdir_passed(state);
}

/* Also when the step ends in the midst of it, and finds all installed when it is run again. */
static void the_step_that_installs_munge_gives_it_the_key(void **state)
{
	struct take_test test;
	init(&test, "package = munge\n");
	test.t.step = &step_download;
	put(&test.t, JOIN_REPLY, ACCEPTED);
	put(&test.t, "/var/lib/dpkg/status",
	    "Package: munge\nStatus: install ok installed\nVersion: 0.5\nArchitecture: all\n"
	    "Maintainer: t <t@example.org>\nDescription: test\n\n");
	put(&test.t, "/var/lib/dpkg/available", "");
	put(&test.t, "/var/lib/dpkg/info/format", "1\n");
	put(&test.t, "/var/lib/dpkg/updates/x", NULL);
	assert_step(&test.t, 1, "all are installed; munge has a new key");
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes");
	assert_step(&test.t, 0, "all are installed");
	done(&test);
	workdir_passed(state);
}

static void a_key_that_could_not_be_installed_is_tried_at_the_next_boot(void **state)
{
	struct take_test test;
	init(&test, "");
	put(&test.t, KEY "/in the way", "");
	assert_fails(join_take(&test.t.ctx, &test.reply, &test.news, &test.t.e), &test.t.e,
		     ERR_FAILED, "/etc/munge/munge.key: ");
	assert_file(&test.t, KEPT, "(absent)");
	autofree char *file = xasprintf("%s" KEY "/in the way", test.t.root);
	autofree char *dir = xasprintf("%s" KEY, test.t.root);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
	/* The next boot knows nothing of the unit. */
	*standin_unit(test.bus.said, "cardstock-munge.service") = (struct standin_unit){0};
	assert_int_equal(take(&test), 1);
	assert_file(&test.t, KEY, "the key of this cluster, 32 bytes");
	done(&test);
	workdir_passed(state);
}

static void the_board_gets_the_name_that_the_master_has_for_it(void **state)
{
	struct take_test test;
	init(&test, "");
	str_done(&test.reply.munge);
	assert_int_equal(take(&test), 0);
	test.reply.name = "fast";
	assert_int_equal(take(&test), 1);
	assert_true(test.news.name && !test.news.munge);
	assert_string_equal(test.bus.said->hostname, "fast");
	assert_int_equal(take(&test), 0);
	done(&test);
	workdir_passed(state);
}

/* The first try of a boot waits for its turn, for the others the board has waited. */
static void the_turn_is_waited_for_once(void **state)
{
	struct step_test t;
	struct board b = {.id = "serial:3"}; /* 763 ms of a second, 106 s of two minutes */
	step_test_init(&t, &step_registration, "spread = 1\n");
	t.ctx.board = &b;
	uint64_t began = pace_now_ms();
	assert_ok(join_wait_turn(&t.ctx, &t.e), &t.e);
	assert_true(pace_now_ms() - began >= 700);
	step_test_done(&t);
	step_test_init(&t, &step_registration, "spread = 120\n");
	t.ctx.board = &b;
	t.ctx.retrying = true;
	began = pace_now_ms();
	assert_ok(join_wait_turn(&t.ctx, &t.e), &t.e);
	assert_true(pace_now_ms() - began < 30000);
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(munge_gets_its_key_once),
		STEP_TEST(a_new_key_takes_the_place_of_the_former),
		STEP_TEST(a_key_that_another_program_replaced_is_put_back),
		STEP_TEST(munge_that_does_not_run_is_not_started),
		STEP_TEST(where_munge_is_not_installed_nothing_is_done),
		STEP_TEST(munge_that_is_installed_later_gets_the_key_of_the_last_reply),
		STEP_TEST(the_step_that_installs_munge_gives_it_the_key),
		STEP_TEST(a_key_that_could_not_be_installed_is_tried_at_the_next_boot),
		STEP_TEST(the_board_gets_the_name_that_the_master_has_for_it),
		STEP_TEST(the_turn_is_waited_for_once),
	};
	return cmocka_run_group_tests_name("join take", tests, NULL, NULL);
}
