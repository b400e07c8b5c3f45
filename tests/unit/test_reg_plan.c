/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sqlite3.h>

#include "registry_fixture.h"
#include "registry/store_private.h"

#define HEAD "version = 1\ncluster = beowulf\nmaster = master\nnode = master 1 master 10.0.0.1/24\n"

static const struct {
	const char *text, *message;
} wrong[] = {
	{"cluster = x\n", "nodectl.conf: no 'version'"},
	{"version = 2\n", "nodectl.conf:1: version: '2' is not what this program knows"},
	{"version = 1\nmaster = m\nnode = worker 1 m -\n", "nodectl.conf: no 'cluster' in it"},
	{HEAD "nod = worker 1 w -\n", "nodectl.conf:5: unknown key 'nod'; did you mean 'node'?"},
	{HEAD "node = worker 1 w\n",
	 "nodectl.conf:5: node: 'worker 1 w' should be 'ROLE NUMBER NAME ADDRESS/PREFIX'"},
	{HEAD "node = worker 0 w -\n", "nodectl.conf:5: node: '0' is not a number from 1"},
	{HEAD "node = worker 1 W! -\n", "nodectl.conf:5: node: 'W!' is not a hostname"},
	{HEAD "node = worker 1 w 10.0.0.300/24\n", "is not an IPv4 address"},
	{HEAD "node = worker 1 w 10.0.0.3\n", "has no prefix length"},
	{HEAD "pin = dc:a6:32 w\n", "is not a MAC such as dc:a6:32:01:02:03"},
	{HEAD "mount = /srv /srv\n", "should be 'HOST:PATH PATH'"},
	{HEAD "export = /srv all\n", "should be 'PATH ro|rw'"},
	{HEAD "export = srv rw\n", "is not an absolute path"},
	{HEAD "host-ca = @cert-authority *\n", "not 'ssh-ed25519 BASE64'"},
	{HEAD "ntp = a b\n", "is not a host's name or address"},
};

static void what_is_wrong_in_a_plan_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_err e = ERR_INIT;
		auto_roster p = {0};
		assert_fails(
			roster_parse(wrong[i].text, strlen(wrong[i].text), "nodectl.conf", &p, &e),
			&e, ERR_PROFILE, wrong[i].message);
	}
}

static const struct {
	const char *text, *message;
} impossible[] = {
	{HEAD "node = worker 1 a -\nnode = worker 1 b -\n", "worker 1 is planned twice"},
	{HEAD "node = worker 1 master -\n", "worker 1 and master 1 would both have 'master'"},
	{HEAD "node = worker 1 w 10.0.0.1/24\n", "would both have '10.0.0.1/24'"},
	{"version = 1\ncluster = c\nmaster = boss\nnode = worker 1 w -\n",
	 "master 'boss' is not one of the nodes"},
};

static void impossible_plans_change_nothing(void **state)
{
	auto_store *s = open_registry(PLAN);
	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++) {
		auto_err e = ERR_INIT;
		assert_fails(try_import(s, impossible[i].text, &e), &e, ERR_PROFILE,
			     impossible[i].message);
		assert_node(s, "worker003", STATE_PLANNED, 0);
	}
	workdir_passed(state);
}

static void a_plan_that_is_known_changes_nothing(void **state)
{
	auto_err e = ERR_INIT;
	auto_store *s = open_registry(PLAN);
	assert_int_equal(try_import(s, PLAN, &e), 0);
	assert_int_equal(try_import(s, PLAN "# a comment\n", &e), 0);
	assert_int_equal(try_import(s, PLAN "ntp = 10.0.0.1\n", &e), 1);
	workdir_passed(state);
}

static void nodes_that_no_board_used_follow_the_plan(void **state)
{
	auto_err e = ERR_INIT;
	auto_record r = {0};
	auto_store *s = open_registry(HEAD "node = worker 1 a 10.0.0.2/24\nnode = worker 2 b -\n");
	assert_int_equal(try_import(s, HEAD "node = worker 1 b 10.0.0.9/24\n", &e), 1);
	assert_int_equal(store_by_text(s, BY_NAME, "b", &r, &e), 1);
	assert_int_equal(r.number, 1);
	assert_string_equal(r.address, "10.0.0.9/24");
	record_done(&r);
	assert_int_equal(store_by_text(s, BY_NAME, "a", &r, &e), 0);
	workdir_passed(state);
}

static void a_node_with_a_board_keeps_name_and_address(void **state)
{
	auto_err e = ERR_INIT;
	auto_store *s = open_registry(HEAD "node = worker 1 a 10.0.0.2/24\n");
	assert_told(s, with_card("a", 1, 1), &(struct board){.serial = 1, .mac = 1, .id = 1},
		    "accepted", "");
	assert_fails(try_import(s, HEAD "node = worker 1 a 10.0.0.3/24\n", &e), &e, ERR_PROFILE,
		     "worker 1 would be 'a' at 10.0.0.3/24, but it was used as 'a' at 10.0.0.2/24");
	assert_int_equal(try_import(s, HEAD, &e), 0);
	assert_node(s, "a", STATE_REGISTERED, 1);
	workdir_passed(state);
}

/* Somebody else's eyes on the file. */
static char *ask(const char *pragma)
{
	sqlite3 *db;
	sqlite3_stmt *t;
	assert_int_equal(sqlite3_open("registry/registry.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, pragma, -1, &t, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(t), SQLITE_ROW);
	char *answer = xstrdup((const char *)sqlite3_column_text(t, 0));
	sqlite3_finalize(t);
	sqlite3_close(db);
	return answer;
}

static void the_registry_is_a_sound_database_for_its_user_alone(void **state)
{
	struct stat st;
	store_close(open_registry(PLAN));
	autofree char *check = ask("PRAGMA integrity_check"), *mode = ask("PRAGMA journal_mode");
	assert_string_equal(check, "ok");
	assert_string_equal(mode, "wal");
	assert_int_equal(stat("registry", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat("registry/registry.db", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	workdir_passed(state);
}

/* What SQLite calls, too: counts, and looks whether another may write meanwhile. */
static struct store *other;
static int flushes, meanwhile;

int fdatasync(int fd)
{
	auto_err e = ERR_INIT;
	flushes++;
	if (other && store_begin(other, &e) == 0 && store_rollback(other, &e) == 0)
		meanwhile++;
	return fsync(fd);
}

static void a_commit_is_flushed_while_others_write(void **state)
{
	auto_store *s = open_registry(PLAN), *second = NULL;
	auto_err e = ERR_INIT;
	assert_ok(store_open("registry", STORE_WRITE, &second, &e), &e);
	other = second;
	flushes = meanwhile = 0;
	assert_ok(store_begin(s, &e), &e);
	assert_ok(store_rate(s, "somebody", 1, &e), &e);
	assert_int_equal(flushes, 0);
	assert_ok(store_commit(s, &e), &e);
	other = NULL;
	assert_true(flushes > 0);
	assert_int_equal(meanwhile, flushes);
	workdir_passed(state);
}

static void a_registry_of_a_later_release_is_left_alone(void **state)
{
	auto_err e = ERR_INIT;
	struct store *s = NULL;
	sqlite3 *db;
	store_close(open_registry(PLAN));
	assert_int_equal(sqlite3_open("registry/registry.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_fails(store_open("registry", STORE_CREATE, &s, &e), &e, ERR_FAILED, "format 99");
	assert_fails(store_open("registry", STORE_READ, &s, &e), &e, ERR_FAILED, "format 99");
	workdir_passed(state);
}

static void a_registry_that_is_not_there_or_none_is_named(void **state)
{
	auto_err e = ERR_INIT;
	struct store *s = NULL;
	assert_fails(store_open("registry", STORE_WRITE, &s, &e), &e, ERR_FAILED,
		     "registry 'registry'; 'nodectl import' makes it");
	assert_int_equal(mkdir("registry", 0700), 0);
	put_file("registry/registry.db",
		 "this is certainly no database, whatever its name may say");
	assert_fails(store_open("registry", STORE_WRITE, &s, &e), &e, ERR_IMAGE,
		     "restore the file");
	workdir_passed(state);
}

#define IN_WORKDIR(test) cmocka_unit_test_setup_teardown(test, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_in_a_plan_is_named_with_its_line),
		IN_WORKDIR(impossible_plans_change_nothing),
		IN_WORKDIR(a_plan_that_is_known_changes_nothing),
		IN_WORKDIR(nodes_that_no_board_used_follow_the_plan),
		IN_WORKDIR(a_node_with_a_board_keeps_name_and_address),
		IN_WORKDIR(the_registry_is_a_sound_database_for_its_user_alone),
		IN_WORKDIR(a_commit_is_flushed_while_others_write),
		IN_WORKDIR(a_registry_of_a_later_release_is_left_alone),
		IN_WORKDIR(a_registry_that_is_not_there_or_none_is_named),
	};
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
