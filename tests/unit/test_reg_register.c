/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "registry_fixture.h"
#include "registry/view.h"
#include "registry/window.h"

/* The record without a place that claims that node's, or with name NULL any. */
static enum state newcomer_state(struct store *s, int key, const char *name)
{
	auto_err e = ERR_INIT;
	auto_record node = {0}, r = {0};
	if (name)
		assert_int_equal(store_by_text(s, BY_NAME, name, &node, &e), 1);
	return store_newcomer(s, key_of((uint8_t)key), node.id, &r, &e) == 1 ? r.state : STATES;
}

static void a_card_of_mkimage_registers_as_its_node(void **state)
{
	auto_store *s = open_registry(PLAN);
	autofree char *reply = visit(s, with_card("worker001", 1, 1), &board_first);
	assert_string_equal(
		reply, "{\"version\":1,\"result\":\"accepted\",\"name\":\"worker001\","
		       "\"address\":\"10.0.0.11/24\",\"role\":\"worker\",\"cluster\":\"beowulf\","
		       "\"master\":\"master\",\"ntp\":[\"master\"],"
		       "\"mounts\":[\"master:/srv/cluster /srv/cluster\"],\"slurm\":null,"
		       "\"secrets\":{},\"generation\":2}\n");
	assert_node(s, "worker001", STATE_REGISTERED, 1);
	assert_node(s, "worker002", STATE_PLANNED, 0);
	workdir_passed(state);
}

static void the_same_request_gets_the_same_bytes(void **state)
{
	auto_store *s = open_registry(PLAN);
	autofree char *one = visit(s, with_card("worker001", 1, 1), &board_first);
	autofree char *other =
		visit(s, with_card("worker002", 2, 1),
		      &(struct board){.serial = 2, .mac = 2, .cid = 2, .id = 9, .second = 0x12});
	autofree char *again = visit(s, with_card("worker001", 1, 1), &board_first);
	assert_string_equal(again, one);
	assert_string_not_equal(other, one);
	workdir_passed(state);
}

static void the_first_use_of_the_second_key_ends_the_first(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	struct key_row row;
	assert_told(s, with_card("worker001", 1, 1), &board_first, "accepted", "");
	assert_int_equal(store_key(s, key_of(1), &row, &e), 1);
	assert_int_equal(row.state, KEY_CURRENT);
	assert_told(s, with_key(0x11), &board_back, "accepted", "worker001");
	assert_node(s, "worker001", STATE_READY, 1);
	assert_int_equal(store_key(s, key_of(1), &row, &e), 1);
	assert_int_equal(row.state, KEY_RETIRED);
	workdir_passed(state);
}

static void a_lost_second_key_is_replaced_while_it_was_never_used(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	struct key_row row;
	struct board again = board_first;
	assert_told(s, with_card("worker001", 1, 1), &board_first, "accepted", "");
	again.second = 0x1f;
	assert_told(s, with_card("worker001", 1, 1), &again, "refused",
		    "request_id: was used with another second_key");
	again.id = 5;
	assert_told(s, with_card("worker001", 1, 1), &again, "accepted", "");
	assert_int_equal(store_key(s, key_of(0x11), &row, &e), 0);
	assert_told(s, with_key(0x11), &board_back, "refused", "no such node");
	workdir_passed(state);
}

static void a_reboot_changes_nothing(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	long long before, after;
	struct board again = board_back;
	again.id = 3;
	assert_ok(store_generation(s, &before, &e), &e);
	assert_told(s, with_key(0x11), &again, "accepted", "worker001");
	assert_ok(store_generation(s, &after, &e), &e);
	assert_int_equal(after, before);
	workdir_passed(state);
}

/* A known key with another card, another board, or both. */
static void a_moved_card_keeps_its_name(void **state)
{
	auto_store *s = with_worker();
	struct board moved = {.serial = 7, .mac = 7, .cid = 1, .id = 3};
	assert_told(s, with_key(0x11), &moved, "accepted", "worker001");
	assert_node(s, "worker001", STATE_READY, 7);
	assert_int_equal(events_of(s, "worker001", "moved"), 1);
	workdir_passed(state);
}

static void a_larger_card_takes_the_place_of_the_former(void **state)
{
	auto_store *s = with_worker();
	struct board larger = {.serial = 1, .mac = 1, .cid = 9, .id = 3};
	assert_told(s, with_key(0x11), &larger, "accepted", "worker001");
	assert_int_equal(events_of(s, "worker001", "new-card"), 1);
	workdir_passed(state);
}

static void a_copied_card_is_shut_out_and_the_original_runs_on(void **state)
{
	auto_store *s = with_worker();
	struct board copy = {.serial = 7, .mac = 7, .cid = 9, .id = 3}, again = board_back;
	assert_told(s, with_key(0x11), &copy, "quarantined", "copy");
	assert_node(s, "worker001", STATE_READY, 1);
	assert_int_equal(newcomer_state(s, 0x11, "worker001"), STATE_QUARANTINED);
	assert_told(s, with_key(0x11), &copy, "quarantined", "copy");
	assert_int_equal(events_of(s, "worker001", "copy"), 1);
	again.id = 4;
	assert_told(s, with_key(0x11), &again, "accepted", "worker001");
	workdir_passed(state);
}

static void a_retired_key_is_that_of_a_copied_card(void **state)
{
	auto_store *s = with_worker();
	assert_told(s, with_card("worker001", 1, 1), &board_first, "quarantined", "copy");
	assert_node(s, "worker001", STATE_READY, 1);
	assert_int_equal(newcomer_state(s, 1, "worker001"), STATE_QUARANTINED);
	workdir_passed(state);
}

/* The copy was made before the original used its second key for the first time. */
static void a_copy_that_is_first_to_use_the_second_key_gets_nothing(void **state)
{
	auto_store *s = open_registry(PLAN);
	struct board copy = {.serial = 7, .mac = 7, .cid = 9, .id = 3};
	assert_told(s, with_card("worker001", 1, 1), &board_first, "accepted", "");
	assert_told(s, with_key(0x11), &copy, "quarantined", "copy");
	assert_told(s, with_key(0x11), &board_back, "accepted", "worker001");
	assert_node(s, "worker001", STATE_READY, 1);
	workdir_passed(state);
}

static void a_reflashed_board_keeps_its_name(void **state)
{
	auto_store *s = with_worker();
	struct board fresh = {.serial = 1, .mac = 1, .cid = 5, .id = 3, .second = 0x21};
	assert_told(s, with_card("worker001", 2, 2), &fresh, "accepted", "10.0.0.11/24");
	assert_int_equal(events_of(s, "worker001", "reflashed"), 1);
	fresh = (struct board){.serial = 1, .mac = 1, .cid = 5, .id = 4};
	assert_told(s, with_key(0x21), &fresh, "accepted", "worker001");
	assert_node(s, "worker001", STATE_READY, 1);
	/* The card that it replaced comes back from the drawer. */
	assert_told(s, with_key(0x11), &board_back, "quarantined", "copy");
	assert_told(s, with_card("worker001", 1, 1), &board_first, "quarantined", "copy");
	workdir_passed(state);
}

static void a_new_card_in_another_board_waits_for_a_person(void **state)
{
	auto_store *s = with_worker();
	struct board other = {.serial = 7, .mac = 7, .cid = 7, .id = 3, .second = 0x21};
	assert_told(s, with_card("worker001", 2, 2), &other, "pending",
		    "another board has this name");
	assert_node(s, "worker001", STATE_READY, 1);
	assert_int_equal(newcomer_state(s, 2, "worker001"), STATE_PENDING);
	workdir_passed(state);
}

/* Its key was never seen; only what was signed says that it is old. */
static void a_card_that_was_made_before_the_one_in_use_is_a_copy(void **state)
{
	auto_store *s = with_worker();
	struct board third = {.serial = 1, .mac = 1, .cid = 5, .id = 3, .second = 0x21};
	struct board second = {.serial = 1, .mac = 1, .cid = 6, .id = 4, .second = 0x22};
	assert_told(s, with_card("worker001", 3, 3), &third, "accepted", "worker001");
	assert_told(s, with_card("worker001", 2, 2), &second, "quarantined", "copy");
	assert_int_equal(newcomer_state(s, 2, "worker001"), STATE_QUARANTINED);
	third.id = 5;
	assert_told(s, with_card("worker001", 3, 3), &third, "accepted", "worker001");
	assert_node(s, "worker001", STATE_REGISTERED, 1);
	workdir_passed(state);
}

/* mkimage lost the certificate, and began to count again. */
static void a_second_key_with_a_serial_that_was_used_is_a_copy(void **state)
{
	auto_store *s = with_worker();
	struct board again = {.serial = 1, .mac = 1, .cid = 5, .id = 3, .second = 0x21};
	assert_told(s, with_card("worker001", 2, 1), &again, "quarantined", "copy");
	assert_node(s, "worker001", STATE_READY, 1);
	workdir_passed(state);
}

static void a_board_that_wants_a_name_is_told_that_a_person_shut_it_out(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	auto_record node = {0}, claim = {0};
	struct board other = {.serial = 7, .mac = 7, .cid = 7, .id = 3, .second = 0x21};
	struct board copy = {.serial = 8, .mac = 8, .cid = 8, .id = 4};
	assert_told(s, with_card("worker001", 2, 2), &other, "pending", "");
	assert_int_equal(store_by_text(s, BY_NAME, "worker001", &node, &e), 1);
	assert_int_equal(store_newcomer(s, key_of(2), node.id, &claim, &e), 1);
	claim.state = STATE_QUARANTINED;
	assert_ok(store_save(s, &claim, &e), &e);
	assert_told(s, with_key(1), &copy, "quarantined", "copy");
	assert_told(s, with_card("worker001", 2, 2), &other, "quarantined", "in quarantine");
	workdir_passed(state);
}

static void boards_without_serial_are_known_by_their_mac(void **state)
{
	auto_store *s = open_registry(PLAN);
	struct board b = {.mac = 5, .id = 1, .second = 0x15};
	assert_told(s, with_card("worker002", 2, 1), &b, "accepted", "worker002");
	b = (struct board){.mac = 5, .id = 2};
	assert_told(s, with_key(0x15), &b, "accepted", "worker002");
	b = (struct board){.mac = 6, .cid = 1, .id = 3};
	assert_told(s, with_key(0x15), &b, "quarantined", "copy");
	workdir_passed(state);
}

static void a_name_that_is_not_planned_is_nobodys(void **state)
{
	auto_store *s = open_registry(PLAN);
	assert_told(s, with_card("worker099", 1, 1), &board_first, "refused", "no such node");
	assert_told(s, with_card("master", 1, 1), &board_first, "refused", "no such node");
	assert_told(s, with_key(0x44), &board_first, "refused", "no such node");
	workdir_passed(state);
}

static void nobody_announces_the_key_of_another(void **state)
{
	auto_store *s = with_worker();
	struct board thief = {.serial = 2, .mac = 2, .cid = 2, .id = 7, .second = 0x11};
	assert_told(s, with_card("worker002", 2, 1), &thief, "refused", "second_key: is known");
	assert_node(s, "worker002", STATE_PLANNED, 0);
	assert_told(s, with_key(0x11), &board_back, "accepted", "worker001");
	workdir_passed(state);
}

/* worker002 announces the key on the card of worker003, which has not come yet. */
static void a_certificate_outranks_an_announcement(void **state)
{
	auto_store *s = open_registry(PLAN);
	struct board thief = {.serial = 2, .mac = 2, .cid = 2, .id = 7, .second = 3};
	struct board owner = {.serial = 3, .mac = 3, .cid = 3, .id = 8, .second = 0x13};
	assert_told(s, with_card("worker002", 2, 1), &thief, "accepted", "worker002");
	assert_told(s, with_card("worker003", 3, 1), &owner, "accepted", "worker003");
	assert_node(s, "worker003", STATE_REGISTERED, 3);
	workdir_passed(state);
}

static void who_asks_too_often_has_to_wait(void **state)
{
	auto_store *s = with_worker();
	struct board b = board_back;
	for (int i = 2; i < REGISTER_RATE; i++) {
		b.id = 100 + i;
		assert_told(s, with_key(0x11), &b, "accepted", "");
	}
	b.id = 999;
	free(visit(s, with_key(0x11), &b));
	assert_told(s, with_key(0x11), &b, "busy", "too many requests");
	b = (struct board){.serial = 2, .mac = 2, .cid = 2, .id = 7, .second = 0x12};
	assert_told(s, with_card("worker002", 2, 1), &b, "accepted", "worker002");
	workdir_passed(state);
}

static void a_line_that_is_no_request_is_counted_too(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	auto_str line = STR_INIT;
	auto_auth a = with_key(0x11);
	str_puts(&line, "nonsense");
	for (int i = 0; i < REGISTER_RATE; i++) {
		auto_str reply = STR_INIT;
		assert_ok(register_line(s, &a, &line, &reply, &e), &e);
	}
	assert_told(s, with_key(0x11), &board_back, "busy", "too many requests");
	workdir_passed(state);
}

static const struct board newcomer = {.serial = 40, .mac = 40, .cid = 40, .id = 40, .second = 0x40};

static void a_board_with_a_join_card_waits(void **state)
{
	auto_store *s = open_registry(PLAN);
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "a person has to approve");
	assert_int_equal(newcomer_state(s, 0x40, NULL), STATE_PENDING);
	assert_told(s, with_join_card("storage"), &newcomer, "refused", "may not join");
	assert_told(s, with_key(0x40), &newcomer, "refused", "no such node");
	workdir_passed(state);
}

/* The card of a board that waits was copied, with the key that the board had made. */
static const struct board join_clone = {
	.serial = 50, .mac = 50, .cid = 50, .id = 50, .second = 0x40};

static void a_copied_join_card_is_shut_out_and_the_original_waits_on(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	auto_record first_board = {0}, copy = {0};
	auto_view v = {0};
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	for (int i = 0; i < 2; i++) {
		assert_told(s, with_join_card("worker"), &join_clone, "quarantined", "copy");
		assert_told(s, with_join_card("worker"), &newcomer, "pending", "a person");
	}
	assert_int_equal(store_newcomer(s, key_of(0x40), 0, &first_board, &e), 1);
	assert_string_equal(first_board.facts.serial, "40");
	assert_int_equal(store_newcomer(s, key_of(0x40), first_board.id, &copy, &e), 1);
	assert_int_equal(copy.state, STATE_QUARANTINED);
	assert_ok(view_load(s, &v, &e), &e);
	autofree char *alarm = view_alarm(&v, &first_board);
	assert_non_null(strstr(alarm, "a copy of its card is at #"));
	workdir_passed(state);
}

static void a_copied_join_card_is_shut_out_when_the_original_has_its_place(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	assert_told(s, with_join_card("worker"), &join_clone, "quarantined", "copy");
	assert_ok(window_open(s, "worker", 9, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	assert_told(s, with_join_card("worker"), &join_clone, "quarantined", "copy");
	assert_int_equal(newcomer_state(s, 0x40, "worker001"), STATE_QUARANTINED);
	assert_node(s, "worker001", STATE_REGISTERED, 40);
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	workdir_passed(state);
}

/* The board was broken before anybody approved it. */
static void a_join_card_that_moves_to_another_board_is_no_copy(void **state)
{
	auto_store *s = open_registry(PLAN);
	struct board moved = newcomer;
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	moved.serial = moved.mac = 60;
	assert_told(s, with_join_card("worker"), &moved, "pending", "a person");
	workdir_passed(state);
}

static void a_window_gives_the_lowest_free_name_to_so_many(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	struct board other = {.serial = 41, .mac = 41, .cid = 41, .id = 41, .second = 0x41};
	assert_ok(window_open(s, "worker", 1, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "\"name\":\"worker002\"");
	assert_told(s, with_join_card("worker"), &other, "pending", "a person has to approve");
	assert_node(s, "worker002", STATE_REGISTERED, 40);
	assert_node(s, "worker003", STATE_PLANNED, 0);
	workdir_passed(state);
}

static void a_window_of_another_boot_is_closed(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	autofree char *text = NULL;
	assert_ok(window_open(s, "worker", 1, 60, &e), &e);
	assert_ok(store_setting_text(s, "window", &text, &e), &e);
	text[strlen(text) - 1] ^= 1;
	assert_ok(store_setting_text_put(s, "window", text, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	workdir_passed(state);
}

static void secrets_are_told_to_a_key_of_its_own_alone(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	struct board own = newcomer;
	own.second = 0;
	assert_ok(store_setting_text_put(s, "secret-munge", "c2VjcmV0", &e), &e);
	assert_ok(window_open(s, "worker", 1, 60, &e), &e);
	for (int i = 0; i < 2; i++) {
		autofree char *reply = visit(s, with_join_card("worker"), &newcomer);
		assert_true(str_starts(reply, "{\"version\":1,\"result\":\"confirm\""));
		assert_null(strstr(reply, "c2VjcmV0"));
	}
	assert_told(s, with_key(0x40), &own, "accepted", "\"secrets\":{\"munge\":\"c2VjcmV0\"}");
	assert_node(s, "worker001", STATE_READY, 40);
	workdir_passed(state);
}

static void a_board_that_was_shut_out_stays_out_while_a_window_is_open(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	auto_record r = {0};
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	assert_int_equal(store_newcomer(s, key_of(0x40), 0, &r, &e), 1);
	r.state = STATE_QUARANTINED;
	assert_ok(store_save(s, &r, &e), &e);
	assert_ok(window_open(s, "worker", 9, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "quarantined", "in quarantine");
	workdir_passed(state);
}

static void so_many_may_wait_and_no_more(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	assert_ok(store_begin(s, &e), &e);
	for (int i = 1; i < REGISTER_PENDING; i++) {
		auto_record r = {.state = STATE_PENDING, .key = xasprintf("key %d", i)};
		assert_ok(store_save(s, &r, &e), &e);
	}
	assert_ok(store_commit(s, &e), &e);
	assert_told(s, with_join_card("worker"),
		    &(struct board){.serial = 41, .mac = 41, .id = 41, .second = 0x41}, "busy",
		    "too many boards are waiting");
	assert_told(s, with_join_card("worker"), &newcomer, "pending", "");
	workdir_passed(state);
}

/* mkimage --generic --new-card */
static void a_newer_join_card_ends_the_former_ones_newcomers(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	struct auth newer = with_join_card("worker");
	struct board other = {.serial = 41, .mac = 41, .cid = 41, .id = 41, .second = 0x41};
	struct board late = {.serial = 42, .mac = 42, .cid = 42, .id = 42, .second = 0x42};
	newer.serial++;
	assert_ok(window_open(s, "worker", 9, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	assert_told(s, newer, &other, "confirm", "worker002");
	assert_told(s, with_join_card("worker"), &late, "refused", "replaced by a newer one");
	/* Who has a place already only missed the reply. */
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	assert_node(s, "worker003", STATE_PLANNED, 0);
	workdir_passed(state);
}

static void a_stale_node_that_comes_back_is_ready(void **state)
{
	auto_store *s = with_worker();
	auto_err e = ERR_INIT;
	auto_record r = {0};
	struct board again = board_back;
	assert_int_equal(store_by_text(s, BY_NAME, "worker001", &r, &e), 1);
	r.state = STATE_STALE;
	assert_ok(store_save(s, &r, &e), &e);
	again.id = 3;
	assert_told(s, with_key(0x11), &again, "accepted", "");
	assert_node(s, "worker001", STATE_READY, 1);
	workdir_passed(state);
}

static void a_pinned_board_gets_its_name_and_nobody_else_does(void **state)
{
	auto_store *s = open_registry(PLAN "pin = dc:a6:32:00:00:28 worker001\n");
	auto_err e = ERR_INIT;
	struct board other = {.serial = 41, .mac = 41, .cid = 41, .id = 41, .second = 0x41};
	assert_ok(window_open(s, "worker", 2, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &other, "confirm", "worker002");
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	workdir_passed(state);
}

static void a_mac_is_no_identity(void **state)
{
	auto_store *s = open_registry(PLAN "pin = dc:a6:32:00:00:28 worker001\n");
	auto_err e = ERR_INIT;
	struct board other = {.serial = 41, .mac = 40, .cid = 41, .id = 41, .second = 0x41};
	assert_ok(window_open(s, "worker", 2, 60, &e), &e);
	assert_told(s, with_join_card("worker"), &newcomer, "confirm", "worker001");
	assert_told(s, with_join_card("worker"), &other, "pending", "taken");
	assert_node(s, "worker001", STATE_REGISTERED, 40);
	workdir_passed(state);
}

#define IN_WORKDIR(test) cmocka_unit_test_setup_teardown(test, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(a_card_of_mkimage_registers_as_its_node),
		IN_WORKDIR(the_same_request_gets_the_same_bytes),
		IN_WORKDIR(the_first_use_of_the_second_key_ends_the_first),
		IN_WORKDIR(a_lost_second_key_is_replaced_while_it_was_never_used),
		IN_WORKDIR(a_reboot_changes_nothing),
		IN_WORKDIR(a_moved_card_keeps_its_name),
		IN_WORKDIR(a_larger_card_takes_the_place_of_the_former),
		IN_WORKDIR(a_copied_card_is_shut_out_and_the_original_runs_on),
		IN_WORKDIR(a_retired_key_is_that_of_a_copied_card),
		IN_WORKDIR(a_copy_that_is_first_to_use_the_second_key_gets_nothing),
		IN_WORKDIR(a_reflashed_board_keeps_its_name),
		IN_WORKDIR(a_new_card_in_another_board_waits_for_a_person),
		IN_WORKDIR(a_card_that_was_made_before_the_one_in_use_is_a_copy),
		IN_WORKDIR(a_second_key_with_a_serial_that_was_used_is_a_copy),
		IN_WORKDIR(a_board_that_wants_a_name_is_told_that_a_person_shut_it_out),
		IN_WORKDIR(boards_without_serial_are_known_by_their_mac),
		IN_WORKDIR(a_name_that_is_not_planned_is_nobodys),
		IN_WORKDIR(nobody_announces_the_key_of_another),
		IN_WORKDIR(a_certificate_outranks_an_announcement),
		IN_WORKDIR(who_asks_too_often_has_to_wait),
		IN_WORKDIR(a_line_that_is_no_request_is_counted_too),
		IN_WORKDIR(a_board_with_a_join_card_waits),
		IN_WORKDIR(a_copied_join_card_is_shut_out_and_the_original_waits_on),
		IN_WORKDIR(a_copied_join_card_is_shut_out_when_the_original_has_its_place),
		IN_WORKDIR(a_join_card_that_moves_to_another_board_is_no_copy),
		IN_WORKDIR(a_window_gives_the_lowest_free_name_to_so_many),
		IN_WORKDIR(a_window_of_another_boot_is_closed),
		IN_WORKDIR(secrets_are_told_to_a_key_of_its_own_alone),
		IN_WORKDIR(a_board_that_was_shut_out_stays_out_while_a_window_is_open),
		IN_WORKDIR(so_many_may_wait_and_no_more),
		IN_WORKDIR(a_newer_join_card_ends_the_former_ones_newcomers),
		IN_WORKDIR(a_stale_node_that_comes_back_is_ready),
		IN_WORKDIR(a_pinned_board_gets_its_name_and_nobody_else_does),
		IN_WORKDIR(a_mac_is_no_identity),
	};
	return cmocka_run_group_tests_name("register", tests, NULL, NULL);
}
