/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a board is to come again, by how many others come. */
#include <time.h>

#include "registry/crowd.h"
#include "registry_fixture.h"

#define NOW 5000 /* seconds of CLOCK_BOOTTIME */

/* A registry of a master and n planned workers. */
static struct store *with_nodes(int n)
{
	auto_str plan = STR_INIT;
	str_puts(&plan, "version = 1\ncluster = beowulf\nmaster = master\n"
			"node = master 1 master 10.0.0.1/16\n");
	for (int i = 1; i <= n; i++)
		str_printf(&plan, "node = worker %d worker%04d 10.0.%d.%d/16\n", i, i, i / 200 + 1,
			   i % 200 + 1);
	return open_registry(str_text(&plan));
}

/* So many boards came, evenly within those seconds, each counted by this and its number. */
static void come(struct store *s, const char *counted, int boards, int seconds, long long until)
{
	auto_err e = ERR_INIT;
	assert_ok(store_begin(s, &e), &e);
	for (int i = 0; i < boards; i++) {
		autofree char *key = xasprintf("%s%d", counted, i);
		long long when = until - seconds + 1 + (long long)i * seconds / boards;
		assert_int_equal(store_rate(s, key, when, &e), 1);
	}
	assert_ok(store_commit(s, &e), &e);
}

static long long pause_of(struct store *s)
{
	auto_err e = ERR_INIT;
	long long seconds;
	assert_ok(crowd_pause(s, NOW, &seconds, &e), &e);
	return seconds;
}

#define CARD "ssh-ed25519 AAAA"

static const struct {
	const char *what, *counted;
	int nodes, boards, seconds;
	long long ago, pause;
} crowds[] = {
	{"nobody", CARD, 1000, 0, 1, 0, 0},
	{"a lone board", CARD, 1000, 1, 1, 0, 0},
	{"a few at once", CARD, 1000, 39, 1, 0, 0},
	{"as many as firstboot spreads", CARD, 1000, 100, 10, 0, 0},
	{"a crowd: 1000 to come, 25 a second", CARD, 1000, 250, 10, 0, 40},
	{"a crowd that has just begun", CARD, 1000, 50, 2, 0, 40},
	{"a crowd that is over", CARD, 1000, 250, 10, 10, 0},
	{"a crowd of more than five minutes", CARD, 4000, 120, 10, 0, 300},
	{"a cluster that boots, as it knows its keys", "node ", 1000, 250, 10, 0, 0},
};

static void only_a_crowd_waits_until_all_have_a_name(void **state)
{
	for (size_t i = 0; i < sizeof(crowds) / sizeof(*crowds); i++) {
		auto_store *s = with_nodes(crowds[i].nodes);
		come(s, crowds[i].counted, crowds[i].boards, crowds[i].seconds,
		     NOW - crowds[i].ago);
		long long seconds = pause_of(s);
		if (seconds != crowds[i].pause)
			fail_msg("%s: %lld, not %lld", crowds[i].what, seconds, crowds[i].pause);
		store_close(s);
		s = NULL;
		assert_int_equal(unlink("registry/registry.db"), 0);
		assert_int_equal(unlink("registry/registry.db-wal"), 0);
		assert_int_equal(unlink("registry/registry.db-shm"), 0);
	}
	workdir_passed(state);
}

/* Those who are through are not waited for. */
static void a_pause_shrinks_with_those_who_are_ready(void **state)
{
	auto_store *s = with_nodes(200);
	auto_err e = ERR_INIT;
	come(s, CARD, 100, 5, NOW);
	assert_int_equal(pause_of(s), 10);
	for (int i = 1; i <= 100; i++) {
		auto_record r = {0};
		assert_int_equal(store_by_role(s, "worker", i, &r, &e), 1);
		r.state = i <= 60 ? STATE_READY : STATE_REGISTERED;
		assert_ok(store_save(s, &r, &e), &e);
	}
	assert_int_equal(pause_of(s), 7);
	workdir_passed(state);
}

/* It is in the reply to the first visit, and in its copy, and in no other. */
static void the_first_reply_of_a_crowd_says_when_to_come_again(void **state)
{
	auto_store *s = with_nodes(200);
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	come(s, CARD, 100, 5, now.tv_sec);
	autofree char *first = visit(s, with_card("worker0001", 1, 1), &board_first);
	autofree char *again = visit(s, with_card("worker0001", 1, 1), &board_first);
	autofree char *back = visit(s, with_key(0x11), &board_back);
	assert_non_null(strstr(first, ",\"pause\":"));
	assert_string_equal(again, first);
	assert_null(strstr(back, "pause"));
	workdir_passed(state);
}

#define IN_WORKDIR(test) cmocka_unit_test_setup_teardown(test, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(only_a_crowd_waits_until_all_have_a_name),
		IN_WORKDIR(a_pause_shrinks_with_those_who_are_ready),
		IN_WORKDIR(the_first_reply_of_a_crowd_says_when_to_come_again),
	};
	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
