/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "../assert_err.h"
#include "cluster_fixture.h"
#include "pattern.h"

static void nodes_of_all_members_are_planned(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_cluster *c = open_cluster(CLUSTER_READ);
	assert_string_equal(c->name, "beowulf");
	assert_int_equal(c->n_members, 2);
	const struct member *workers = cluster_member(c, "worker");
	assert_int_equal(workers->n_nodes, 3);
	assert_string_equal(workers->nodes[2].hostname, "worker003");
	assert_string_equal(workers->nodes[2].address, "10.0.0.13");
	assert_int_equal(workers->nodes[2].prefix, 24);
	assert_int_equal(workers->nodes[2].number, 3);
	assert_string_equal(cluster_member(c, "master")->nodes[0].address, "10.0.0.1");
	assert_null(cluster_member(c, "other"));
	workdir_passed(state);
}

static void a_profile_without_members_is_a_cluster_of_its_own(void **state)
{
	put_file("worker.conf", "role = node\nbase = x\nplanned = 2\n");
	auto_cluster *c = open_cluster(CLUSTER_READ);
	assert_int_equal(c->n_members, 1);
	assert_string_equal(cluster_member(c, "node")->nodes[1].hostname, "node002");
	assert_null(cluster_member(c, "node")->nodes[1].address);
	workdir_passed(state);
}

static const struct {
	const char *pattern;
	unsigned number;
	const char *name;
} patterns[] = {
	{"worker%03d", 7, "worker007"}, {"worker%03d", 1234, "worker1234"},
	{"n%d-x", 7, "n7-x"},		{"%02d", 3, "03"},
	{"master", 9, "master"},
};

static void a_pattern_takes_the_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		autofree char *name = pattern_expand(patterns[i].pattern, patterns[i].number);
		assert_string_equal(name, patterns[i].name);
	}
}

/* What the master's and the worker's profile say, and the one message. */
static const struct {
	const char *master, *worker, *message;
} impossible[] = {
	{MASTER, WORKER "planned = 245\n",
	 "worker.conf:7: 245 nodes are planned, but '10.0.0.%d/24' from %d = 11 on "
	 "(worker.conf:4) has host addresses for 244 only; lower 'planned' or 'first-address', or "
	 "use another network"},
	{MASTER, WORKER "address = \"10.0.0.%d/28\"\n",
	 "worker.conf:7: address 10.0.0.11/28 of worker001 is outside 10.0.0.0/24, the network of "
	 "master (master.conf:4)"},
	{MASTER, WORKER "first-address = 0\n",
	 "worker.conf:4: 3 nodes are planned, but '10.0.0.%d/24' from %d = 0 on (worker.conf:4) "
	 "has host addresses for 0 only; lower 'planned' or 'first-address', or use another "
	 "network"},
	{MASTER, WORKER "first-address = 1\n",
	 "worker.conf:4: address: worker 1 and master 1 (master.conf:4) would both have "
	 "'10.0.0.1'"},
	{MASTER "hostname = worker002\n", WORKER,
	 "worker.conf:3: hostname: worker 2 and master 1 (master.conf:5) would both have "
	 "'worker002'"},
	{MASTER, WORKER "address = \"10.0.%d.1/24\"\n",
	 "worker.conf:7: address 10.0.11.1/24 of worker001 is outside 10.0.0.0/24, the network of "
	 "master (master.conf:4)"},
	{MASTER, WORKER "hostname = worker\n",
	 "worker.conf:7: hostname: 'worker' is the same for all of the 3 nodes that are planned "
	 "(worker.conf:6); put %d in it"},
	{MASTER, WORKER "address = \"10.0.0.9/24\"\n",
	 "worker.conf:7: address: '10.0.0.9/24' is the same for all of the 3 nodes that are "
	 "planned (worker.conf:6); put %d in it"},
	{MASTER "role = worker\n", WORKER,
	 "worker.conf:2: role 'worker' is that of another member, master.conf:5"},
	{MASTER "cluster = other\n", WORKER,
	 "c.conf:1: cluster 'beowulf', but the member 'master' is of cluster 'other' "
	 "(master.conf:5); set it once, in a file that both include"},
	{MASTER, WORKER "members += {boss}\n",
	 "worker.conf:7: profile 'boss' not found; looked for 'boss.conf'"},
};

static void impossible_plans_are_refused_with_file_and_line(void **state)
{
	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++) {
		put_profiles(impossible[i].master, impossible[i].worker);
		assert_refused(impossible[i].message);
		assert_int_equal(access("cluster", F_OK), -1);
	}
	workdir_passed(state);
}

static void addresses_and_names_that_no_node_has_are_refused(void **state)
{
	static const char *const lines[][2] = {
		{"address = \"127.0.0.%d/24\"\n", "address: '127.0.0.%d/24' is not for hosts"},
		{"address = \"224.0.0.%d/24\"\n", "address: '224.0.0.%d/24' is not for hosts"},
		{"address = \"255.1.1.%d/24\"\n", "address: '255.1.1.%d/24' is not for hosts"},
		{"planned = 1 hostname = \"localhost\"\n",
		 "hostname: 'localhost' is the name that each"},
		{"planned = 1 hostname = \"localhost.localdomain\"\n",
		 "hostname: 'localhost.localdomain' is the name"},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		autofree char *worker = xasprintf("%s%s", WORKER, lines[i][0]);
		autofree char *message = xasprintf("worker.conf:7: %s", lines[i][1]);
		put_profiles(MASTER, worker);
		auto_err e = ERR_INIT;
		auto_profile *p = NULL;
		auto_strv search = {0};
		assert_fails(profile_load("worker.conf", &search, &p, &e), &e, ERR_PROFILE,
			     message);
	}
	workdir_passed(state);
}

static void a_role_that_names_the_node_is_judged_too(void **state)
{
	put_file("worker.conf", "base = x\nrole = localhost\n");
	auto_err e = ERR_INIT;
	auto_cluster *c = NULL;
	assert_fails(try_open("cluster", CLUSTER_READ, &c, &e), &e, ERR_PROFILE,
		     "worker.conf:2: hostname of node 1: 'localhost' is the name");
	workdir_passed(state);
}

static void names_that_get_too_long_are_refused(void **state)
{
	put_profiles(MASTER,
		     WORKER "hostname = "
			    "\"a%09d-0123456789-0123456789-0123456789-0123456789-0123456789\"\n");
	auto_err e = ERR_INIT;
	auto_cluster *c = NULL;
	assert_int_equal(try_open("cluster", CLUSTER_READ, &c, &e), -1);
	assert_true(str_starts(e.msg, "worker.conf:7: hostname: 'a000000001-0123456789"));
	workdir_passed(state);
}

static void reading_makes_nothing(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_cluster *c = open_cluster(CLUSTER_READ);
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	assert_int_equal(cluster_read(c, "keys/admin.pub", &text, &e), 0);
	assert_string_equal(str_text(&text), "‹generated at build›\n");
	assert_int_equal(access("cluster", F_OK), -1);
	workdir_passed(state);
}

static void a_new_cluster_gets_keys_that_only_its_owner_reads(void **state)
{
	put_profiles(MASTER, WORKER);
	cluster_free(open_cluster(CLUSTER_WRITE));
	struct stat st;
	assert_int_equal(stat("cluster", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	static const char *const private[] = {"cluster/keys/admin", "cluster/keys/host-ca",
					      "cluster/seed"};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(stat(private[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	autofree char *admin =
		output_of((const char *[]){"ssh-keygen", "-lf", "cluster/keys/admin.pub", NULL});
	assert_has(admin, "admin@beowulf (ED25519)");
	workdir_passed(state);
}

static void a_node_gets_a_certificate_for_its_names(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 2));
	autofree char *shown = output_of(
		(const char *[]){"ssh-keygen", "-Lf",
				 "cluster/nodes/worker002/ssh_host_ed25519_key-cert.pub", NULL});
	assert_has(shown, "Type: ssh-ed25519-cert-v01@openssh.com host certificate");
	assert_has(shown, "Key ID: \"worker002\"");
	assert_has(shown, "Valid: forever");
	assert_has(shown, "                worker002\n                worker002.beowulf\n"
			  "                10.0.0.12\n");
	autofree char *ca =
		output_of((const char *[]){"ssh-keygen", "-lf", "cluster/keys/host-ca.pub", NULL});
	ca[strcspn(ca + 4, " ") + 4] = '\0'; /* "256 SHA256:…" */
	assert_has(shown, ca + 4);
	autofree char *ledger = get_file("cluster/ledger");
	assert_string_equal(ledger, "# role\tnumber\thostname\taddress\n"
				    "worker\t2\tworker002\t10.0.0.12\n");
	workdir_passed(state);
}

static void a_node_with_keys_only_may_get_another_name(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_err e = ERR_INIT;
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	assert_int_equal(cluster_issue(c, worker(c, 1), &e), 0);
	cluster_free(c);
	put_profiles(MASTER, WORKER "hostname = \"w%d\"\n");
	auto_cluster *again = open_cluster(CLUSTER_WRITE);
	assert_int_equal(cluster_enter(again, worker(again, 1), 2, &e), 0);
	autofree char *ledger = get_file("cluster/ledger");
	assert_has(ledger, "worker\t1\tw1\t10.0.0.11\nworker\t2\tw2\t10.0.0.12\n");
	workdir_passed(state);
}

static void the_ledger_is_sorted(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 3));
	issue(c, worker(c, 1));
	issue(c, &cluster_member(c, "master")->nodes[0]);
	issue(c, worker(c, 1));
	autofree char *ledger = get_file("cluster/ledger");
	assert_string_equal(ledger, "# role\tnumber\thostname\taddress\n"
				    "master\t1\tmaster\t10.0.0.1\n"
				    "worker\t1\tworker001\t10.0.0.11\n"
				    "worker\t3\tworker003\t10.0.0.13\n");
	workdir_passed(state);
}

/* All files below the cluster directory but the lock, with their sums and times of change. */
static char *snapshot(void)
{
	return output_of((const char *[]){"find", "cluster", "-type", "f", "!", "-name", "lock",
					  "-printf", "%p %T@ %i\n", NULL});
}

static void a_second_run_changes_nothing(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_err e = ERR_INIT;
	autofree char *before = NULL;
	for (int i = 0; i < 2; i++) {
		auto_cluster *c = open_cluster(CLUSTER_WRITE);
		issue(c, worker(c, 1));
		assert_int_equal(cluster_write_ssh(c, &e), 0);
		if (i == 0)
			before = snapshot();
	}
	autofree char *after = snapshot();
	assert_string_equal(before, after);
	workdir_passed(state);
}

static void a_new_address_gets_a_new_certificate_for_the_old_key(void **state)
{
	const char *key = "cluster/nodes/worker001/ssh_host_ed25519_key.pub";
	put_profiles(MASTER, WORKER);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	cluster_free(c);
	autofree char *before = get_file(key);
	put_profiles(MASTER, WORKER "first-address = 21\n");
	assert_int_equal(unlink("cluster/ledger"), 0);
	auto_cluster *again = open_cluster(CLUSTER_WRITE);
	issue(again, worker(again, 1));
	autofree char *after = get_file(key);
	assert_string_equal(before, after);
	autofree char *shown = output_of(
		(const char *[]){"ssh-keygen", "-Lf",
				 "cluster/nodes/worker001/ssh_host_ed25519_key-cert.pub", NULL});
	assert_has(shown, "10.0.0.21");
	assert_null(strstr(shown, "10.0.0.11"));
	workdir_passed(state);
}

static void a_certificate_of_another_ca_is_replaced(void **state)
{
	put_profiles(MASTER, WORKER);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	cluster_free(c);
	const char *cert = "cluster/nodes/worker001/ssh_host_ed25519_key-cert.pub";
	autofree char *before = get_file(cert);
	assert_int_equal(unlink("cluster/keys/host-ca") | unlink("cluster/ledger"), 0);
	auto_cluster *again = open_cluster(CLUSTER_WRITE);
	issue(again, worker(again, 1));
	autofree char *after = get_file(cert);
	assert_string_not_equal(before, after);
	workdir_passed(state);
}

static void a_private_key_that_was_lost_is_not_made_again(void **state)
{
	put_profiles(MASTER, WORKER);
	struct cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	cluster_free(c);
	assert_int_equal(unlink("cluster/keys/host-ca"), 0);
	assert_refused("'cluster/keys/host-ca' is gone, but nodes were built with it "
		       "('cluster/ledger'); restore it from a backup, or remove 'cluster/ledger' "
		       "to begin a new cluster");
	workdir_passed(state);
}

static void a_public_key_that_was_lost_is_made_again(void **state)
{
	put_profiles(MASTER, WORKER);
	cluster_free(open_cluster(CLUSTER_WRITE));
	autofree char *before = get_file("cluster/keys/admin.pub");
	assert_int_equal(unlink("cluster/keys/admin.pub"), 0);
	cluster_free(open_cluster(CLUSTER_WRITE));
	autofree char *after = get_file("cluster/keys/admin.pub");
	assert_string_equal(before, after);
	workdir_passed(state);
}

/* What a ledger with this line, after the header, makes of the plan. */
static const struct {
	const char *line, *message;
} ledgers[] = {
	{"worker 1 worker001", "cluster/ledger:2: expected role, number, hostname and address ('-' "
			       "for none)"},
	{"worker one worker001 -",
	 "cluster/ledger:2: expected role, number, hostname and address ('-' for none)"},
	{"worker 1 worker001 10.0.0",
	 "cluster/ledger:2: '10.0.0' is not an IPv4 address such as 10.0.0.1"},
	{"worker 1 worker001 10.0.0.11\nworker 1 worker001 10.0.0.11",
	 "cluster/ledger:3: worker 1 has line 2 already; remove one of them"},
	{"worker 1 worker001 10.0.0.99",
	 "worker.conf:4: worker 1 would be '10.0.0.11' now, but it was built as '10.0.0.99' "
	 "(cluster/ledger:2), and cards keep that; plan it so again, or remove that line and "
	 "rebuild the node"},
	{"worker 2 node2 10.0.0.12",
	 "worker.conf:3: worker 2 would be 'worker002' now, but it was built as 'node2' "
	 "(cluster/ledger:2), and cards keep that; plan it so again, or remove that line and "
	 "rebuild the node"},
	{"storage 1 worker001 -",
	 "worker.conf:3: worker 1 would be 'worker001', but that is storage 1 (cluster/ledger:2); "
	 "choose another hostname, or remove that line if the node is gone"},
	{"storage 1 disk 10.0.0.13",
	 "worker.conf:4: worker 3 would be '10.0.0.13', but that is storage 1 (cluster/ledger:2); "
	 "choose another address, or remove that line if the node is gone"},
};

static void a_ledger_that_disagrees_is_an_error_with_both_places(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700), 0);
	for (size_t i = 0; i < sizeof(ledgers) / sizeof(*ledgers); i++) {
		autofree char *text = xasprintf("# role\n%s\n", ledgers[i].line);
		put_file("cluster/ledger", text);
		assert_refused(ledgers[i].message);
		autofree char *kept = get_file("cluster/ledger");
		assert_string_equal(kept, text);
	}
	workdir_passed(state);
}

static void nodes_that_are_planned_no_more_stay_in_the_ledger(void **state)
{
	put_profiles(MASTER, WORKER);
	cluster_free(open_cluster(CLUSTER_WRITE));
	put_file("cluster/ledger", "worker 9 worker009 10.0.0.19\nstorage 1 disk -\n");
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	issue(c, worker(c, 1));
	autofree char *ledger = get_file("cluster/ledger");
	assert_has(ledger, "storage\t1\tdisk\t-\n");
	assert_has(ledger, "worker\t9\tworker009\t10.0.0.19\n");
	workdir_passed(state);
}

static void a_directory_that_others_may_enter_is_refused(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700) | chmod("cluster", 0755), 0);
	assert_refused("cluster directory 'cluster' holds private keys, but others may enter it "
		       "(mode 0755); run: chmod 700 'cluster'");
	workdir_passed(state);
}

static void a_second_run_at_once_is_refused(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_err e = ERR_INIT;
	struct cluster *c = open_cluster(CLUSTER_WRITE), *second = NULL;
	assert_int_equal(try_open("cluster", CLUSTER_WRITE, &second, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	autofree char *message = xasprintf("cluster directory 'cluster' is in use by another run, "
					   "process %ld; wait until it ends",
					   (long)getpid());
	assert_string_equal(e.msg, message);
	cluster_free(open_cluster(CLUSTER_READ)); /* plan may look */
	cluster_free(c);
	cluster_free(open_cluster(CLUSTER_WRITE));
	workdir_passed(state);
}

static void a_damaged_seed_is_refused(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700), 0);
	put_file("cluster/seed", "0123\n");
	assert_refused("cluster/seed: not 64 hex digits; restore it from a backup, or remove it, "
		       "and all images get new UUIDs");
	workdir_passed(state);
}

static void derived_bytes_are_hmac_sha256_of_the_seed(void **state)
{
	put_profiles(MASTER, WORKER);
	assert_int_equal(mkdir("cluster", 0700), 0);
	put_file("cluster/seed",
		 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
	put_file("label", "worker001 root uuid");
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	uint8_t bytes[16];
	cluster_derive(c, "worker001 root uuid", bytes);
	auto_str hex = STR_INIT;
	for (size_t i = 0; i < 16; i++)
		str_printf(&hex, "%02x", bytes[i]);
	autofree char *openssl = output_of((const char *[]){
		"openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt",
		"hexkey:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "label",
		NULL});
	assert_has(openssl, str_text(&hex));
	workdir_passed(state);
}

static void ssh_knows_user_address_and_key_of_each_node(void **state)
{
	put_profiles(MASTER, WORKER "user pi { uid = 1000 sudo = nopasswd }\n"
				    "user ops { uid = 1001 operator = true }\n");
	assert_int_equal(mkdir("with blank", 0700), 0);
	auto_err e = ERR_INIT;
	auto_cluster *c = NULL;
	assert_int_equal(try_open("with blank/50%", CLUSTER_WRITE, &c, &e), 0);
	assert_int_equal(cluster_write_ssh(c, &e), 0);
	autofree char *here = getcwd(NULL, 0);
	autofree char *shown = output_of((const char *[]){
		"ssh", "-G", "-F", "with blank/50%/ssh_config", "worker002", NULL});
	assert_has(shown, "hostname 10.0.0.12\n");
	assert_has(shown, "user ops\n");
	assert_has(shown, "hostkeyalias worker002\n");
	assert_has(shown, "identitiesonly yes\n");
	assert_has(shown, "stricthostkeychecking true\n");
	autofree char *hosts = xasprintf("userknownhostsfile %s/with blank/50%%/known_hosts\n",
					 here);
	assert_has(shown, hosts);
	workdir_passed(state);
}

static void without_an_operator_the_first_with_sudo_logs_in(void **state)
{
	put_profiles(MASTER, WORKER "user mpi { uid = 2000 }\n"
				    "user pi { uid = 1000 rename-to = ops sudo = nopasswd }\n");
	auto_err e = ERR_INIT;
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	assert_int_equal(cluster_write_ssh(c, &e), 0);
	autofree char *shown = output_of(
		(const char *[]){"ssh", "-G", "-F", "cluster/ssh_config", "worker001", NULL});
	assert_has(shown, "user ops\n");
	workdir_passed(state);
}

static void known_hosts_trusts_the_ca_for_each_node(void **state)
{
	put_profiles(MASTER, WORKER);
	auto_err e = ERR_INIT;
	auto_cluster *c = open_cluster(CLUSTER_WRITE);
	assert_int_equal(cluster_write_ssh(c, &e), 0);
	static const char *const names[] = {"worker003", "10.0.0.13", "worker003.beowulf",
					    "master"};
	for (size_t i = 0; i < 4; i++) {
		autofree char *found = output_of((const char *[]){
			"ssh-keygen", "-F", names[i], "-f", "cluster/known_hosts", NULL});
		assert_has(found, "@cert-authority ");
		assert_has(found, "host-ca@beowulf");
	}
	workdir_passed(state);
}

static void nap(long us)
{
	nanosleep(&(struct timespec){0, us * 1000}, NULL);
}

/* A child works until it is killed after so many microseconds. */
static void kill_a_run_after(long us)
{
	pid_t pid = fork();
	if (pid == 0) {
		auto_err e = ERR_INIT;
		struct cluster *c = NULL;
		if (try_open("cluster", CLUSTER_WRITE, &c, &e) == 0 &&
		    cluster_issue(c, worker(c, 1), &e) == 0 && cluster_write_ssh(c, &e) == 0 &&
		    cluster_enter(c, worker(c, 1), 1, &e) == 0)
			_exit(0);
		_exit(1);
	}
	nap(us);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void assert_is_pair(const char *key)
{
	autofree char *derived = output_of((const char *[]){"ssh-keygen", "-yf", key, NULL});
	autofree char *path = xasprintf("%s.pub", key), *public = get_file(path);
	assert_string_equal(derived, public);
}

/* The ssh-keygen of a killed run may leave something a little later: the run after that sweeps. */
static void assert_all_is_swept(void)
{
	for (int tries = 0; tries < 100; tries++, nap(20000)) {
		auto_cluster *c = open_cluster(CLUSTER_WRITE);
		issue(c, worker(c, 1));
		autofree char *found = output_of((const char *[]){
			"find", "cluster", "-name", "*.tmp", "-o", "-name", "*.new*", NULL});
		if (!*found)
			return;
	}
	fail_msg("temporary files stay");
}

static void a_killed_run_is_finished_by_the_next(void **state)
{
	put_profiles(MASTER, WORKER);
	for (long us = 500; us < 60000; us += 2500) {
		kill_a_run_after(us);
		struct cluster *c = open_cluster(CLUSTER_WRITE);
		issue(c, worker(c, 1));
		cluster_free(c);
		assert_is_pair("cluster/keys/admin");
		assert_is_pair("cluster/keys/host-ca");
		assert_is_pair("cluster/nodes/worker001/ssh_host_ed25519_key");
		assert_all_is_swept();
		auto_err e = ERR_INIT;
		assert_int_equal(run_argv(&e, "rm", "-r", "cluster", NULL), 0);
	}
	workdir_passed(state);
}

#define IN_WORKDIR(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(nodes_of_all_members_are_planned),
		IN_WORKDIR(a_profile_without_members_is_a_cluster_of_its_own),
		cmocka_unit_test(a_pattern_takes_the_number),
		IN_WORKDIR(impossible_plans_are_refused_with_file_and_line),
		IN_WORKDIR(addresses_and_names_that_no_node_has_are_refused),
		IN_WORKDIR(a_role_that_names_the_node_is_judged_too),
		IN_WORKDIR(names_that_get_too_long_are_refused),
		IN_WORKDIR(reading_makes_nothing),
		IN_WORKDIR(a_new_cluster_gets_keys_that_only_its_owner_reads),
		IN_WORKDIR(a_node_gets_a_certificate_for_its_names),
		IN_WORKDIR(a_node_with_keys_only_may_get_another_name),
		IN_WORKDIR(the_ledger_is_sorted),
		IN_WORKDIR(a_second_run_changes_nothing),
		IN_WORKDIR(a_new_address_gets_a_new_certificate_for_the_old_key),
		IN_WORKDIR(a_certificate_of_another_ca_is_replaced),
		IN_WORKDIR(a_private_key_that_was_lost_is_not_made_again),
		IN_WORKDIR(a_public_key_that_was_lost_is_made_again),
		IN_WORKDIR(a_ledger_that_disagrees_is_an_error_with_both_places),
		IN_WORKDIR(nodes_that_are_planned_no_more_stay_in_the_ledger),
		IN_WORKDIR(a_directory_that_others_may_enter_is_refused),
		IN_WORKDIR(a_second_run_at_once_is_refused),
		IN_WORKDIR(a_damaged_seed_is_refused),
		IN_WORKDIR(derived_bytes_are_hmac_sha256_of_the_seed),
		IN_WORKDIR(ssh_knows_user_address_and_key_of_each_node),
		IN_WORKDIR(without_an_operator_the_first_with_sudo_logs_in),
		IN_WORKDIR(known_hosts_trusts_the_ca_for_each_node),
		IN_WORKDIR(a_killed_run_is_finished_by_the_next),
	};
	return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
