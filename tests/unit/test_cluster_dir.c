/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which directory may be a cluster's, and what in it is ours to remove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../assert_err.h"
#include "cluster_fixture.h"

/* All names in the cluster directory, the lock's too, with their sizes and times of change. */
static char *snapshot_all(void)
{
	return output_of((const char *[]){"find", "cluster", "-printf", "%p %s %T@ %i\n", NULL});
}

static void put_in_cluster(const char *name)
{
	autofree char *path = path_join("cluster", name);
	put_file(path, "x");
}

static bool is_in_cluster(const char *name)
{
	autofree char *path = path_join("cluster", name);
	return access(path, F_OK) == 0;
}

/* Files of a person whose names look a little like ours. */
static void only_our_own_temporaries_are_swept(void **state)
{
	static const char *const theirs[] = {
		"thesis.tmp",	      "ledger.tmp",	 "ledger.old.tmp",
		"seed.12.tmp.gz",     "plan.newest",	 "keys/a.tmp",
		"keys/admin.new-1-x", "keys/admin.new-", "nodes/worker001/x.new-1"};
	static const char *const ours[] = {"seed.12.tmp",
					   "ssh_config.7.tmp",
					   "keys/admin.new-12",
					   "keys/host-ca.new-12.pub",
					   "keys/ops.new-12",
					   "keys/admin.pub.12.tmp",
					   "nodes/worker001/ssh_host_ed25519_key.new-12-cert.pub",
					   "nodes/worker001/base-ids.12.tmp"};
	put_profiles(MASTER, WORKER);
	for (int i = 0; i < 2; i++) {
		auto_cluster *c = open_cluster(CLUSTER_WRITE);
		issue(c, worker(c, 1));
		for (size_t j = 0; i == 0 && j < sizeof(theirs) / sizeof(*theirs); j++)
			put_in_cluster(theirs[j]);
		for (size_t j = 0; i == 0 && j < sizeof(ours) / sizeof(*ours); j++)
			put_in_cluster(ours[j]);
	}
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		assert_true(is_in_cluster(theirs[i]));
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		assert_false(is_in_cluster(ours[i]));
	workdir_passed(state);
}

static void a_directory_of_something_else_is_refused_and_left_alone(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700), 0);
	put_in_cluster("lock");
	put_in_cluster("known_hosts");
	autofree char *before = snapshot_all();
	static const char refusal[] =
		"cluster directory 'cluster' holds 'known_hosts', but no seed and no ledger: it is "
		"not a cluster's; choose a new or an empty directory with --cluster";
	assert_refused_as(CLUSTER_WRITE, refusal);
	assert_refused_as(CLUSTER_READ, refusal);
	autofree char *after = snapshot_all();
	assert_string_equal(before, after);
	workdir_passed(state);
}

static void what_a_run_killed_before_the_seed_left_is_continued(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700) | mkdir("cluster/keys", 0700), 0);
	put_in_cluster("lock");
	put_in_cluster("seed.12.tmp");
	cluster_free(open_cluster(CLUSTER_WRITE));
	assert_false(is_in_cluster("seed.12.tmp"));
	workdir_passed(state);
}

/* As the message about a lost key advises. */
static void a_new_cluster_may_begin_without_seed_and_ledger(void **state)
{
	put_profiles(MASTER, WORKER);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	cluster_free(c);
	assert_int_equal(unlink("cluster/seed") | unlink("cluster/ledger"), 0);
	cluster_free(open_cluster(CLUSTER_WRITE));
	workdir_passed(state);
}

static void assert_key_refused(void)
{
	auto_err e = ERR_INIT;
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	assert_fails(
		cluster_issue(c, worker(c, 1), &e), &e, ERR_FAILED,
		"cluster/nodes/worker001/ssh_host_ed25519_key: is not the whole private key of ");
}

/* What is copied as it is would be found out by the board's sshd. */
static void a_damaged_key_is_not_put_on_images(void **state)
{
	static const char key[] = "cluster/nodes/worker001/ssh_host_ed25519_key";
	put_profiles(MASTER, WORKER);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	issue(c, worker(c, 2));
	issue(c, worker(c, 1));
	cluster_free(c);
	assert_int_equal(truncate(key, 200), 0);
	assert_key_refused();
	assert_int_equal(truncate(key, 0), 0);
	assert_key_refused();
	autofree char *other = output_of(
		(const char *[]){"cat", "cluster/nodes/worker002/ssh_host_ed25519_key", NULL});
	put_file(key, other);
	assert_key_refused();
	workdir_passed(state);
}

/* ---- cards ---- */

#define REGISTRY MASTER "nodectl { }\n"
#define BOARD WORKER "firstboot = true\n"

static char *card_of(const char *name)
{
	autofree char *path = xasprintf("cluster/nodes/%s/card-cert.pub", name);
	return output_of((const char *[]){"ssh-keygen", "-L", "-f", path, NULL});
}

/* What its certificate says of it: key, CA, names. */
static char *host_key_of(const char *name)
{
	autofree char *path = xasprintf("cluster/nodes/%s/ssh_host_ed25519_key-cert.pub", name);
	return output_of((const char *[]){"ssh-keygen", "-L", "-f", path, NULL});
}

static void a_card_is_made_once_and_a_new_one_has_the_next_serial(void **state)
{
	put_profiles(REGISTRY, BOARD);
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	auto_err e = ERR_INIT;
	issue(c, worker(c, 2));
	autofree char *host = host_key_of("worker002");
	autofree char *first = card_of("worker002");
	assert_has(first, "Key ID: \"node worker002\"");
	assert_has(first, "Serial: 1\n");
	issue(c, worker(c, 2));
	autofree char *same = card_of("worker002");
	assert_string_equal(first, same);
	assert_int_equal(cluster_renew_card(c, worker(c, 2), &e), 0);
	autofree char *second = card_of("worker002");
	assert_has(second, "Serial: 2\n");
	issue(c, worker(c, 2));
	autofree char *again = card_of("worker002"), *other = host_key_of("worker002");
	assert_string_equal(second, again);
	assert_string_not_equal(host, other);
	workdir_passed(state);
}

/* Killed between the key and its certificate. */
static void a_card_that_is_half_made_is_finished(void **state)
{
	put_profiles(REGISTRY, BOARD);
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	auto_err e = ERR_INIT;
	issue(c, worker(c, 1));
	assert_int_equal(keys_renew("cluster/nodes/worker001/card", KEYS_KIND, "", &e), 0);
	issue(c, worker(c, 1));
	autofree char *card = card_of("worker001");
	assert_has(card, "Serial: 2\n");
	assert_int_equal(unlink("cluster/nodes/worker001/card-cert.pub"), 0);
	issue(c, worker(c, 1));
	autofree char *other = card_of("worker001");
	assert_has(other, "Serial: 1\n");
	workdir_passed(state);
}

static void the_registry_itself_and_a_cluster_without_have_no_cards(void **state)
{
	put_profiles(REGISTRY, BOARD);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, &cluster_member(c, "master")->nodes[0]);
	assert_false(is_in_cluster("nodes/master/card"));
	cluster_free(c);
	put_profiles(MASTER, BOARD);
	c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	assert_false(is_in_cluster("nodes/worker001/card"));
	cluster_free(c);
	workdir_passed(state);
}

#define NO_AUTHORITY                                                                               \
	"'cluster/keys/enrol-ca' is gone, but cards were signed with it; restore it from a "       \
	"backup, or remove 'cluster/nodes/*/card*' and 'cluster/keys/join-*' and make the images " \
	"of all nodes anew"

static void a_lost_enrolment_authority_is_not_replaced(void **state)
{
	put_profiles(REGISTRY, BOARD);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	cluster_free(c);
	assert_int_equal(unlink("cluster/keys/enrol-ca"), 0);
	assert_refused(NO_AUTHORITY);
	workdir_passed(state);
}

/* ---- boards that nobody planned ---- */

#define JOIN MASTER "nodectl { join = worker }\n"
#define JOIN_CARD "cluster/keys/join-worker-cert.pub"

static char *join_card(void)
{
	return output_of((const char *[]){"ssh-keygen", "-L", "-f", JOIN_CARD, NULL});
}

static const struct node *newcomer(struct cluster *c)
{
	const struct node *n;
	auto_err e = ERR_INIT;
	assert_ok(cluster_newcomer(c, "worker", &n, &e), &e);
	issue(c, n);
	return n;
}

static void unplanned_boards_have_one_card_and_no_entry_in_the_ledger(void **state)
{
	put_profiles(JOIN, BOARD);
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	auto_err e = ERR_INIT;
	const struct node *n = newcomer(c);
	assert_string_equal(n->hostname, "worker-join");
	autofree char *first = join_card();
	assert_has(first, "Key ID: \"join worker\"");
	assert_has(first, "Serial: 1\n");
	newcomer(c);
	autofree char *same = join_card();
	assert_string_equal(first, same);
	assert_int_equal(cluster_renew_card(c, n, &e), 0);
	autofree char *second = join_card();
	assert_has(second, "Serial: 2\n");
	assert_ok(cluster_enter(c, n, 1, &e), &e);
	assert_false(is_in_cluster("ledger"));
	assert_false(is_in_cluster("nodes/worker-join/ssh_host_ed25519_key"));
	workdir_passed(state);
}

static void a_join_card_needs_its_authority_too(void **state)
{
	put_profiles(JOIN, BOARD);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	newcomer(c);
	cluster_free(c);
	assert_int_equal(unlink("cluster/keys/enrol-ca"), 0);
	assert_refused(NO_AUTHORITY);
	workdir_passed(state);
}

static void assert_nobody_joins(const char *master, const char *worker, const char *fragment)
{
	const struct node *n;
	auto_err e = ERR_INIT;
	put_profiles(master, worker);
	auto_cluster *c = open_cluster(CLUSTER_READ);
	assert_fails(cluster_newcomer(c, "worker", &n, &e), &e, ERR_PROFILE, fragment);
}

static void who_may_not_join_is_told_what_to_write(void **state)
{
	assert_nobody_joins(MASTER, BOARD, "write nodectl { join = worker } in the profile of the");
	assert_nobody_joins(REGISTRY, BOARD, "write nodectl { join = worker } here");
	assert_nobody_joins(MASTER "nodectl { join = master }\n", BOARD, "planned as 'worker'");
	assert_nobody_joins(JOIN, WORKER, "set firstboot = true");
	assert_nobody_joins(JOIN "hostname = \"worker-join\"\n", BOARD,
			    "a planned node is called 'worker-join'");
	workdir_passed(state);
}

#define IN_WORKDIR(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(only_our_own_temporaries_are_swept),
		IN_WORKDIR(a_directory_of_something_else_is_refused_and_left_alone),
		IN_WORKDIR(what_a_run_killed_before_the_seed_left_is_continued),
		IN_WORKDIR(a_damaged_key_is_not_put_on_images),
		IN_WORKDIR(a_new_cluster_may_begin_without_seed_and_ledger),
		IN_WORKDIR(a_card_is_made_once_and_a_new_one_has_the_next_serial),
		IN_WORKDIR(a_card_that_is_half_made_is_finished),
		IN_WORKDIR(unplanned_boards_have_one_card_and_no_entry_in_the_ledger),
		IN_WORKDIR(a_join_card_needs_its_authority_too),
		IN_WORKDIR(who_may_not_join_is_told_what_to_write),
		IN_WORKDIR(the_registry_itself_and_a_cluster_without_have_no_cards),
		IN_WORKDIR(a_lost_enrolment_authority_is_not_replaced),
	};
	return cmocka_run_group_tests_name("cluster directory", tests, NULL, NULL);
}
