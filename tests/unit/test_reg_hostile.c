/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a board that belongs to the cluster may try against the others. */
#include "registry_fixture.h"

/* Decommissioned, it would have the key revoked for everybody. */
static void nobody_calls_the_cluster_s_keys_its_own(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	struct board liar = board_first;
	assert_ok(store_setting_text_put(s, "host-ca", key_of(0x71), &e), &e);
	assert_ok(store_setting_text_put(s, STORE_HOST_KEY, key_of(0x72), &e), &e);
	for (liar.host = 0x71; liar.host <= 0x72; liar.host++) {
		assert_told(s, with_card("worker001", 1, 1), &liar, "refused", "host_key: is");
		assert_told(s, with_join_card("worker"), &liar, "refused", "host_key: is");
	}
	assert_node(s, "worker001", STATE_PLANNED, 0);
	assert_told(s, with_card("worker001", 1, 1), &board_first, "accepted", "worker001");
	workdir_passed(state);
}

/* A minute goes by: who is counted last is of long ago, and the others are forgotten. */
static void wait_a_minute(struct store *s)
{
	auto_err e = ERR_INIT;
	assert_ok(store_rate(s, "", 1, &e), &e);
}

static size_t count_rows(struct store *s, long long *ret_pending)
{
	auto_err e = ERR_INIT;
	auto_records all = {0};
	assert_ok(store_list(s, &all, &e), &e);
	assert_ok(store_count_pending(s, ret_pending, &e), &e);
	return all.n;
}

/* The board announces a key and uses it, again and again. */
static void a_board_that_changes_its_key_is_counted_as_the_node_that_it_is(void **state)
{
	auto_store *s = with_worker();
	struct board b = board_back;
	int key = 0x11, told = 0;
	for (int i = 2; i < 2 * REGISTER_RATE; i++) {
		b.id = 100 + i;
		b.second = 0x21 + i;
		autofree char *announced = visit(s, with_key(key), &b);
		told += strstr(announced, "accepted") != NULL;
		key = strstr(announced, "accepted") ? b.second : key;
	}
	assert_int_equal(told, REGISTER_RATE - 1); /* its first visit was one of the minute */
	assert_node(s, "worker001", STATE_READY, 1);
	workdir_passed(state);
}

/* Who has a copy of its card, with a key of before. */
static void a_copy_does_not_have_the_original_wait(void **state)
{
	auto_store *s = with_worker();
	struct board copy = {.serial = 7, .mac = 7, .cid = 7, .id = 3};
	for (int i = 0; i < REGISTER_RATE; i++)
		assert_told(s, with_key(1), &copy, "quarantined", "");
	assert_told(s, with_key(1), &copy, "busy", "too many requests");
	assert_told(s, with_key(0x11), &board_back, "accepted", "worker001");
	workdir_passed(state);
}

/*
 * Ten thousand requests of a node that changes its key with each, and comes with those of before
 * from boards that do not exist.
 */
static void whatever_a_hostile_node_sends_the_registry_stays_small(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	struct board b = board_back, liar = {0};
	size_t keys = 0;
	long long pending;
	int key = 0x11, before = 1;
	for (int i = 0; i < 5000; i++) {
		b.id = 1000 + i;
		b.second = 0x21 + i % 200;
		if (i % 250 == 0)
			wait_a_minute(s);
		autofree char *announced = visit(s, with_key(key), &b);
		if (strstr(announced, "accepted")) {
			before = key;
			key = b.second;
		}
		liar = (struct board){.serial = 300 + i, .mac = i % 250, .cid = 300 + i, .id = i};
		free(visit(s, with_key(before), &liar));
	}
	for (int i = 1; i < 256; i++) {
		struct key_row row;
		keys += store_key(s, key_of((uint8_t)i), &row, &e) == 1;
	}
	assert_int_equal(count_rows(s, &pending), 4 + 1);
	assert_int_equal(pending, 0);
	assert_in_range(keys, 3, KEYS_RETIRED_KEPT + 2);
	assert_in_range(events_of(s, "worker001", "copy"), 1, EVENTS_KEPT);
	assert_node(s, "worker001", STATE_READY, 1);
	workdir_passed(state);
}

#define IN_WORKDIR(test) cmocka_unit_test_setup_teardown(test, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(nobody_calls_the_cluster_s_keys_its_own),
		IN_WORKDIR(a_board_that_changes_its_key_is_counted_as_the_node_that_it_is),
		IN_WORKDIR(a_copy_does_not_have_the_original_wait),
		IN_WORKDIR(whatever_a_hostile_node_sends_the_registry_stays_small),
	};
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
