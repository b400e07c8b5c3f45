/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows from the answers of nodes; who answers what is said by the test. */
#include "registry_fixture.h"

#include "registry/probe.h"
#include "registry/status.h"

#define O REACH_OPEN
#define R REACH_REFUSED
#define S REACH_SILENT

static const char *const workers[] = {"worker001", "worker002", "worker003"};

/* A registry with three ready workers. */
static struct store *with_workers(void)
{
	auto_err e = ERR_INIT;
	struct store *s = open_registry(PLAN);
	assert_ok(store_begin(s, &e), &e);
	for (size_t i = 0; i < 3; i++) {
		auto_record r = {0};
		assert_int_equal(store_by_text(s, BY_NAME, workers[i], &r, &e), 1);
		r.state = STATE_READY;
		assert_ok(store_save(s, &r, &e), &e);
	}
	assert_ok(store_commit(s, &e), &e);
	return s;
}

static void add_said(void *ctx, const char *name, enum state state)
{
	str_printf(ctx, "%s %s;", name, states[state].name);
}

/* One probe with these answers; what it says; owned. */
static char *probe(struct store *s, enum reach first, enum reach second, enum reach third)
{
	const enum reach answers[] = {first, second, third};
	auto_err e = ERR_INIT;
	auto_view v = {0};
	auto_probe p = {0};
	auto_str said = STR_INIT;
	assert_ok(view_load(s, &v, &e), &e);
	probe_list(&v, &p);
	assert_int_equal(p.n, 3);
	for (size_t i = 0; i < 3; i++)
		p.v[i].target.answer = answers[i];
	assert_ok(probe_take(s, &p, add_said, &said, &e), &e);
	return str_steal(&said);
}

static void assert_says(struct store *s, enum reach first, enum reach second, enum reach third,
			const char *expected)
{
	autofree char *said = probe(s, first, second, third);
	assert_string_equal(said, expected);
}

static long long generation(struct store *s)
{
	auto_err e = ERR_INIT;
	long long n;
	assert_ok(store_generation(s, &n, &e), &e);
	return n;
}

/* The line below the table of `status`. */
static void assert_summary(struct store *s, const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_view v = {0};
	auto_str out = STR_INIT;
	assert_ok(view_load(s, &v, &e), &e);
	status_summary(&v, &out);
	if (fragment ? !strstr(str_text(&out), fragment) : !!strstr(str_text(&out), "ALARM"))
		fail_msg("%s", str_text(&out));
}

static void three_misses_in_a_row_make_a_node_stale_and_one_answer_ready(void **state)
{
	auto_store *s = with_workers();
	long long before = generation(s);
	assert_says(s, O, S, O, "");
	assert_says(s, O, R, O, "");
	assert_int_equal(generation(s), before);
	assert_int_equal(access("registry/changed", F_OK), -1);
	assert_says(s, O, S, O, "worker002 stale;");
	assert_node(s, "worker002", STATE_STALE, 0);
	assert_int_equal(generation(s), before + 1);
	assert_int_equal(access("registry/changed", F_OK), 0);
	assert_says(s, O, S, O, "");
	assert_says(s, O, O, O, "worker002 ready;");
	workdir_passed(state);
}

static void an_answer_between_begins_the_count_anew(void **state)
{
	auto_store *s = with_workers();
	assert_says(s, O, S, O, "");
	assert_says(s, O, S, O, "");
	assert_says(s, O, O, O, "");
	assert_says(s, O, S, O, "");
	assert_says(s, O, S, O, "");
	assert_says(s, O, S, O, "worker002 stale;");
	workdir_passed(state);
}

/* The master's cable is out: that says nothing about nodes, until it has lasted. */
static void a_silence_of_all_counts_for_none_and_is_said(void **state)
{
	auto_store *s = with_workers();
	assert_says(s, O, S, O, "");
	assert_says(s, O, S, O, "");
	assert_summary(s, NULL);
	for (int i = 0; i < PROBE_SILENCES - 1; i++)
		assert_says(s, S, REACH_NO_NETWORK, S, "");
	assert_summary(s, "ALARM: no node answered the last 9 probe(s)");
	assert_says(s, O, O, S, "");
	assert_summary(s, NULL);
	workdir_passed(state);
}

static void a_silence_that_lasts_makes_all_stale_and_ends_at_once(void **state)
{
	auto_store *s = with_workers();
	for (int i = 0; i < PROBE_SILENCES - 1; i++)
		assert_says(s, S, S, S, "");
	assert_says(s, S, S, S, "worker001 stale;worker002 stale;worker003 stale;");
	assert_says(s, S, S, S, "");
	assert_summary(s, "ALARM: no node has answered 10 probes or more, so all are stale");
	assert_says(s, O, S, O, "worker001 ready;worker003 ready;");
	assert_summary(s, NULL);
	workdir_passed(state);
}

static void nodes_that_were_switched_off_are_stale_without_an_alarm(void **state)
{
	auto_store *s = with_workers();
	auto_err e = ERR_INIT;
	assert_ok(probe_take_power(s, workers, 3, false, &e), &e);
	assert_node(s, "worker003", STATE_STALE, 0);
	assert_int_equal(access("registry/changed", F_OK), 0);
	assert_says(s, S, S, S, "");
	assert_summary(s, NULL);
	assert_says(s, S, O, S, "worker002 ready;");
	workdir_passed(state);
}

/* A person was faster than the three seconds of a probe. */
static void what_changed_meanwhile_stays(void **state)
{
	auto_store *s = with_workers();
	auto_err e = ERR_INIT;
	auto_view v = {0};
	auto_probe p = {0};
	auto_record r = {0};
	auto_str said = STR_INIT;
	assert_says(s, O, S, O, "");
	assert_says(s, O, S, O, "");
	assert_ok(view_load(s, &v, &e), &e);
	probe_list(&v, &p);
	p.v[0].target.answer = O;
	assert_int_equal(store_by_text(s, BY_NAME, "worker002", &r, &e), 1);
	r.state = STATE_QUARANTINED;
	assert_ok(store_save(s, &r, &e), &e);
	assert_ok(probe_take(s, &p, add_said, &said, &e), &e);
	assert_string_equal(str_text(&said), "");
	assert_node(s, "worker002", STATE_QUARANTINED, 0);
	workdir_passed(state);
}

static void only_nodes_that_are_ready_or_stale_are_looked_after(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	auto_view v = {0};
	auto_probe p = {0};
	auto_str said = STR_INIT;
	assert_ok(view_load(s, &v, &e), &e);
	probe_list(&v, &p);
	assert_int_equal(p.n, 0);
	assert_ok(probe_take(s, &p, add_said, &said, &e), &e);
	assert_summary(s, NULL);
	workdir_passed(state);
}

#define IN_WORKDIR(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(three_misses_in_a_row_make_a_node_stale_and_one_answer_ready),
		IN_WORKDIR(an_answer_between_begins_the_count_anew),
		IN_WORKDIR(a_silence_of_all_counts_for_none_and_is_said),
		IN_WORKDIR(a_silence_that_lasts_makes_all_stale_and_ends_at_once),
		IN_WORKDIR(nodes_that_were_switched_off_are_stale_without_an_alarm),
		IN_WORKDIR(what_changed_meanwhile_stays),
		IN_WORKDIR(only_nodes_that_are_ready_or_stale_are_looked_after),
	};
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
