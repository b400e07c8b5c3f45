/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slurm: which half a node gets, and what of slurm.conf follows from the plan. */
#include "../custom/boards.h"

#define CONF "/etc/slurm/slurm.conf"
#define CGROUP "/etc/slurm/cgroup.conf"
#define ROSTER "/etc/cardstock/nodectl.conf"
#define CMDLINE "/boot/firmware/cmdline.txt"
#define DROP_IN "/etc/systemd/system/slurmd.service.d/30-cardstock-master.conf"
#define UNITS "/usr/lib/systemd/system/"
#define MASTER                                                                       \
	"role = master\nhostname = master\naddress = \"10.0.0.1/16\"\nplanned = 1\n" \
	"base = none\ncluster = testbed\n"
#define STRANGER                                                                              \
	"role = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/16\"\nplanned = 3\n" \
	"first-address = 11\nbase = none\ncluster = testbed\n"
#define WORKER STRANGER "firstboot = true\n"
#define MEMBERS "members = {\"./worker.conf\", \"./other.conf\"}\n"

static void init(struct fixture *f)
{
	boards_init(f);
	PUT_LIBRARY(f, "libc.so.6", NEW_LIBC);
	fixture_put(f, "root/usr/sbin/sshd", "exposeauthinfo\n");
	fixture_put(f, "root" CMDLINE, "console=tty1 rootwait\n");
	fixture_put(f, "root/boot/firmware/config.txt", "[all]\n");
}

static void load_master(struct fixture *f, const char *more, const char *worker)
{
	autofree char *own = xasprintf("%s%s", MASTER MEMBERS, more);
	fixture_put(f, "other.conf", worker);
	fixture_profile_with_keys(f, own);
}

/* The image is the master's. */
static void run_master(struct fixture *f, const char *more)
{
	load_master(f, more, WORKER);
	fixture_run(f, &custom_slurm);
}

/* The image is a worker's. */
static void run_worker(struct fixture *f, const char *more)
{
	autofree char *own = xasprintf("%s%s", WORKER MEMBERS, more);
	fixture_put(f, "other.conf", MASTER "nodectl { }\n");
	fixture_profile_with_keys(f, own);
	fixture_run(f, &custom_slurm);
}

static void nothing_is_done_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\n");
	assert_attr(&f, CONF, "none");
	assert_attr(&f, UNITS "cardstock-slurm.path", "none");
	fixture_done(&f);
}

static void the_master_controls_and_has_the_settings(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\nslurm { }\n");
	assert_file_has(&f, CONF, "\nClusterName=testbed\nSlurmctldHost=master(10.0.0.1)\n");
	assert_file_has(&f, CONF, "\nSlurmctldParameters=enable_configless\n");
	assert_file_has(&f, CONF, "\ninclude nodes.conf\n");
	assert_file_has(&f, CONF, "\nSelectTypeParameters=CR_Core\n");
	assert_file_lacks(&f, CONF, "MpiDefault");
	assert_file_lacks(&f, CONF, "Accounting");
	assert_file_has(&f, CGROUP, "\nConstrainCores=yes\nConstrainRAMSpace=no\n");
	assert_attr(&f, DROP_IN, "none");
	assert_link(&f, "/etc/systemd/system/multi-user.target.wants/cardstock-slurm.path",
		    UNITS "cardstock-slurm.path");
	fixture_done(&f);
}

static void a_worker_asks_the_master_for_the_settings(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_worker(&f, "slurm { }\n");
	assert_file(&f, DROP_IN,
		    "[Service]\nEnvironment=\"SLURMD_OPTIONS=--conf-server master:6817\"\n");
	assert_file_has(&f, UNITS "slurmd.service.d/20-cardstock.conf",
			"\nConditionPathExists=/var/lib/cardstock/join/munge.key\n");
	assert_attr(&f, CONF, "none");
	assert_file(&f, CMDLINE, "console=tty1 rootwait\n");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

/* It could never talk to the master. */
static void a_worker_that_does_not_register_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "other.conf", MASTER "nodectl { }\n");
	assert_refused(&f, &custom_slurm, STRANGER MEMBERS "firstboot = false\nslurm { }\n",
		       "slurm: the nodes of the role 'worker' do not register");
	fixture_done(&f);
}

static void each_role_is_a_partition_and_all_are_one(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\nslurm { }\n");
	assert_file_has(&f, CONF, "\nPartitionName=all Nodes=ALL Default=YES\n");
	assert_file_has(&f, CONF,
			"\nNodeSet=role_worker Feature=worker\n"
			"PartitionName=worker Nodes=role_worker\n");
	assert_file_lacks(&f, CONF, "PartitionName=master");
	fixture_done(&f);
}

/* slurmctld talks to few nodes itself; to many it takes two steps. */
static void the_width_of_the_tree_follows_from_the_plan(void **state)
{
	static const struct {
		const char *planned, *width;
	} cases[] = {{"planned = 64", "\nTreeWidth=64\n"},
		     {"planned = 65", "\nTreeWidth=9\n"},
		     {"planned = 256", "\nTreeWidth=16\n"}};
	(void)state;
	struct fixture f;
	init(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *worker = xasprintf(
			"role = worker\nhostname = \"worker%%03d\"\naddress = \"10.0.1.%%d/16\"\n"
			"base = none\ncluster = testbed\nfirstboot = true\nfirst-address = 0\n%s\n",
			cases[i].planned);
		load_master(&f, "nodectl { }\nslurm { }\n", worker);
		fixture_run(&f, &custom_slurm);
		assert_file_has(&f, CONF, cases[i].width);
	}
	fixture_done(&f);
}

/* Every slurmd asks that of the plan. */
static void the_port_of_slurmctld_is_no_option(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "other.conf", WORKER);
	assert_refused(&f, &custom_slurm,
		       MASTER MEMBERS "nodectl { }\nslurm { options = {\"slurmctldport=7000\"} }\n",
		       "the nodes are told to ask port 6817");
	fixture_done(&f);
}

static void an_option_takes_the_place_of_a_setting(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\nslurm { options = {\"slurmdtimeout=60\", "
		       "\"PartitionName=night Nodes=ALL MaxTime=8:00:00\"} }\n");
	assert_file_has(&f, CONF,
			"\nslurmdtimeout=60\nPartitionName=night Nodes=ALL MaxTime=8:00:00\n");
	assert_file_lacks(&f, CONF, "SlurmdTimeout");
	assert_file_has(&f, CONF, "\nPartitionName=all ");
	fixture_done(&f);
}

static void memory_is_limited_where_the_plan_says_how_much_there_is(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f,
		   "nodectl { hardware = {\"worker 4 3700\"} }\nslurm { limit-memory = true }\n");
	assert_file_has(&f, CONF, "\nSelectTypeParameters=CR_Core_Memory\n");
	assert_file_has(&f, CGROUP, "\nConstrainRAMSpace=yes\n");
	run_worker(&f, "slurm { limit-memory = true }\n");
	assert_file(&f, CMDLINE, "console=tty1 rootwait cgroup_enable=memory\n");
	fixture_done(&f);
}

static void srun_starts_mpi_programs_as_the_profile_says(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\nslurm { mpi = pmix }\n");
	assert_file_has(&f, CONF, "\nMpiDefault=pmix\n");
	fixture_done(&f);
}

static void accounting_has_a_database_on_the_master(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	run_master(&f, "nodectl { }\nslurm { accounting = true }\n");
	assert_file_has(&f, CONF,
			"\nAccountingStorageType=accounting_storage/slurmdbd\n"
			"AccountingStorageHost=master\n");
	assert_attr(&f, "/etc/slurm/slurmdbd.conf", "0600 64030 64030");
	assert_file_has(&f, UNITS "cardstock-slurm-cluster.service",
			"\nExecStart=/usr/lib/cardstock/slurm-accounting cluster testbed\n");
	fixture_done(&f);
}

/* ---- what the registry is told ---- */

static void the_registry_gives_munge_and_knows_the_hardware(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	load_master(&f, "nodectl { }\nslurm { }\n", WORKER);
	fixture_run(&f, &custom_nodectl);
	assert_file_has(&f, ROSTER, "\nslurm = yes\nmunge = yes\nhardware = worker 4 1\n");
	load_master(&f, "nodectl { hardware = {\"worker 2 900\"} }\nslurm { }\n", WORKER);
	fixture_run(&f, &custom_nodectl);
	assert_file_has(&f, ROSTER, "\nmunge = yes\nhardware = worker 2 900\nnode = ");
	fixture_done(&f);
}

/* ---- what is refused ---- */

static void what_cannot_work_is_refused(void **state)
{
	static const struct {
		const char *profile, *says;
	} cases[] = {
		{MASTER MEMBERS "slurm { }\n", "no profile of the members has the section nodectl"},
		{MASTER MEMBERS "nodectl { }\nslurm { limit-memory = true }\n",
		 "how much memory has a node of the role 'worker'"},
		{MASTER MEMBERS "nodectl { }\nslurm { mpi = openmpi }\n", "'openmpi' is no way"},
		{MASTER MEMBERS "nodectl { }\nslurm { options = {\"a\"} }\n", "'a' is no line of"},
	};
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "other.conf", WORKER);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_refused(&f, &custom_slurm, cases[i].profile, cases[i].says);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_unless_it_is_asked_for),
		cmocka_unit_test(the_master_controls_and_has_the_settings),
		cmocka_unit_test(a_worker_asks_the_master_for_the_settings),
		cmocka_unit_test(a_worker_that_does_not_register_is_refused),
		cmocka_unit_test(each_role_is_a_partition_and_all_are_one),
		cmocka_unit_test(the_width_of_the_tree_follows_from_the_plan),
		cmocka_unit_test(the_port_of_slurmctld_is_no_option),
		cmocka_unit_test(an_option_takes_the_place_of_a_setting),
		cmocka_unit_test(memory_is_limited_where_the_plan_says_how_much_there_is),
		cmocka_unit_test(srun_starts_mpi_programs_as_the_profile_says),
		cmocka_unit_test(accounting_has_a_database_on_the_master),
		cmocka_unit_test(the_registry_gives_munge_and_knows_the_hardware),
		cmocka_unit_test(what_cannot_work_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
