/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/stacks.h"

#define MASTER                                                                              \
	"role = master\nhostname = master\naddress = \"10.0.0.1/24\"\nplanned = 1\nbase = " \
	"none\ncluster = testbed\n"
#define WORKER                                                                             \
	"role = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/24\"\nplanned = " \
	"3\nfirst-address = 11\nbase = none\ncluster = testbed\n"
#define MEMBERS "members = {\"./worker.conf\", \"./other.conf\"}\n"
#define SHARE "share \"/srv/cluster\" { from = master owner = 2000 }\n"
#define USUAL                                                                                 \
	"nfsvers=4,nofail,_netdev,x-systemd.automount,x-systemd.mount-timeout=30s,x-systemd." \
	"idle-timeout=10min"
#define UNIT "/usr/lib/systemd/system/nfs-server.service"
#define SERVER_WANTED "/etc/systemd/system/multi-user.target.wants/nfs-server.service"

/* An image with an NFS server and client, and the other member's profile. */
static void init(struct fixture *f, const char *other, const char *shares)
{
	autofree char *text = xasprintf("%s%s", other, shares);
	fixture_init(f);
	fixture_put(f, "root/usr/sbin/mount.nfs", "");
	fixture_put(f, "root/usr/sbin/exportfs", "");
	fixture_put(f, "root/usr/sbin/rpc.nfsd", "");
	fixture_put(f, "root" UNIT, "[Unit]\n");
	fixture_put(f, "other.conf", text);
}

static void remove_from_image(struct fixture *f, const char *path)
{
	auto_err e = ERR_INIT;
	autofree char *host = fixture_host(f, path);
	assert_ok(run_argv(&e, "rm", "-r", host, NULL), &e);
}

static void run_with(struct fixture *f, const char *own, const char *shares)
{
	autofree char *text = xasprintf("%s" MEMBERS "%s", own, shares);
	fixture_profile(f, text);
	fixture_run(f, &custom_nfs);
}

/* A file is for the share of its path, whoever else is served. */
static void the_server_has_what_overlays_bring_for_a_share(void **state)
{
	(void)state;
	static const char profile[] = SHARE "share \"/data\" { from = master }\n"
					    "overlays = {\"./lab\"}\n";
	struct fixture f;
	init(&f, WORKER, profile);
	fixture_put(&f, "lab/share/srv/cluster/examples/cpi.c", "main\n");
	run_with(&f, MASTER, profile);
	assert_file(&f, "/srv/cluster/examples/cpi.c", "main\n");
	assert_attr(&f, "/srv/cluster/examples", "0755 2000 2000");
	assert_attr(&f, "/srv/cluster/examples/cpi.c", "0644 2000 2000");
	fixture_done(&f);
	init(&f, MASTER, profile);
	fixture_put(&f, "lab/share/srv/cluster/examples/cpi.c", "main\n");
	run_with(&f, WORKER, profile);
	assert_attr(&f, "/srv/cluster/examples", "none");
	fixture_done(&f);
}

/* What is outside of the overlay gets into no image. */
static void no_symlink_of_a_share_is_followed(void **state)
{
	(void)state;
	static const struct {
		const char *path, *target;
	} links[] = {{"lab/share/srv", "../mine"}, {"lab/share/srv/cluster", "../../mine"}};
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct fixture f;
		init(&f, WORKER, SHARE);
		fixture_put(&f, "lab/mine/cluster/secret", "mine\n");
		fixture_symlink(&f, links[i].path, links[i].target);
		assert_refused(
			&f, &custom_nfs, MASTER MEMBERS SHARE "overlays = {\"./lab\"}\n",
			"lab/share/srv/cluster: cannot open; symlinks are not followed here");
		fixture_done(&f);
	}
}

static void the_server_exports_to_the_wired_network_alone(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, WORKER, SHARE);
	fixture_put(&f, "root/etc/exports", "# mine\n/srv/own 10.9.9.9(ro)\n");
	run_with(&f, MASTER, SHARE);
	assert_file(&f, "/etc/exports",
		    "# mine\n/srv/own 10.9.9.9(ro)\n# BEGIN cardstock nfs\n"
		    "/srv/cluster 10.0.0.0/24(rw,sync,no_subtree_check,root_squash)\n"
		    "# END cardstock nfs\n");
	assert_attr(&f, "/srv/cluster", "0755 2000 2000");
	assert_link(&f, SERVER_WANTED, UNIT);
	assert_file(&f, "/etc/fstab", "");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void a_client_mounts_at_the_first_access(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, SHARE);
	fixture_put(&f, "root/etc/fstab", "LABEL=a\t / ext4  defaults 0 1");
	run_with(&f, WORKER, SHARE);
	assert_file(&f, "/etc/fstab",
		    "LABEL=a\t / ext4  defaults 0 1\n# BEGIN cardstock nfs\n"
		    "master:/srv/cluster /srv/cluster nfs rw," USUAL " 0 0\n# END cardstock nfs\n");
	assert_attr(&f, "/srv/cluster", "0755 2000 2000");
	assert_file(&f, "/etc/exports", "");
	assert_attr(&f, SERVER_WANTED, "none");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

#define WIRE_UNIT "/etc/systemd/system/cardstock-wired.service"
#define MOUNT_ORDER "/etc/systemd/system/srv-cluster.mount.d/10-cardstock.conf"
#define AFTER_WIRE                                                      \
	"# Made by cardstock.\n[Unit]\nWants=cardstock-wired.service\n" \
	"After=cardstock-wired.service\n"

static void a_mount_comes_after_the_wired_network(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, SHARE);
	run_with(&f, WORKER "wired { interface = \"eth0 en* br.?\" }\n", SHARE);
	assert_file(&f, MOUNT_ORDER, AFTER_WIRE);
	assert_file_has(
		&f, WIRE_UNIT,
		"\nStartLimitIntervalSec=0\n\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'for i "
		"in 1 2 3 4 5 6 7 8 9 10; do "
		"grep -Eq \"^(eth0|en[^[:space:]]*|br[.][^[:space:]])[[:space:]]+[0-9A-F]{8}"
		"[[:space:]]\" /proc/net/route && break; sleep 1; done'\n");
	fixture_done(&f);
}

static void a_server_in_the_wired_network_is_reached_over_it(void **state)
{
	(void)state;
	struct fixture f;
	static const char near[] = "share \"/vol/x\" { from = \"10.0.0.250\" }\n";
	init(&f, MASTER, "");
	run_with(&f, WORKER, near);
	assert_attr(&f, WIRE_UNIT, "none");
	assert_file_has(&f, "/etc/fstab", USUAL " 0 0\n");
	run_with(&f, WORKER "wired { }\n", near);
	assert_attr(&f, WIRE_UNIT, "0644 0 0");
	assert_file(&f, "/etc/systemd/system/vol-x.mount.d/10-cardstock.conf", AFTER_WIRE);
	fixture_done(&f);
}

/* One outside may be reached over the wifi; without systemd mount(8) goes on trying. */
static void a_mount_that_does_not_need_the_wire_does_not_wait_for_it(void **state)
{
	(void)state;
	struct fixture f;
	static const char outside[] = "share \"/vol/x\" { from = \"10.0.1.250\" }\n";
	init(&f, MASTER, "");
	run_with(&f, WORKER "wired { }\n", outside);
	assert_attr(&f, WIRE_UNIT, "none");
	assert_file_has(&f, "/etc/fstab", USUAL " 0 0\n");
	fixture_done(&f);
	init(&f, MASTER, SHARE);
	stack_ifupdown(&f); /* knows names only */
	run_with(&f, WORKER "wired { interface = \"en*\" }\n", SHARE);
	assert_attr(&f, WIRE_UNIT, "none");
	remove_from_image(&f, "/usr/lib/systemd");
	run_with(&f, WORKER "wired { }\n", SHARE);
	assert_attr(&f, WIRE_UNIT, "none");
	assert_file_has(&f, "/etc/fstab", ",bg 0 0\n");
	fixture_done(&f);
}

#define TWO                                                                             \
	SHARE "share \"/srv/my data\" { from = master at = \"/data\" read-only = true " \
	      "group = users mode = 2750 options = {\"soft\", \"vers=4.2\", \"nosuid\"} }\n"

static void shares_are_several_and_read_only_where_asked(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, TWO);
	run_with(&f, WORKER, TWO);
	assert_file_has(&f, "/etc/fstab",
			"master:/srv/cluster /srv/cluster nfs rw," USUAL " 0 0\n");
	assert_file_has(&f, "/etc/fstab",
			"master:/srv/my\\040data /data nfs ro,nfsvers=4.2,nofail,_netdev,");
	assert_file_has(&f, "/etc/fstab", ",soft,nosuid 0 0\n");
	assert_attr(&f, "/data", "2750 0 100");
	fixture_done(&f);
	init(&f, WORKER, TWO);
	run_with(&f, MASTER, TWO);
	assert_file_has(&f, "/etc/exports",
			"/srv/my\\040data 10.0.0.0/24(ro,sync,no_subtree_check,root_squash)\n");
	assert_attr(&f, "/srv/my data", "2750 0 100");
	fixture_done(&f);
}

static void one_of_many_workers_can_be_the_server(void **state)
{
	(void)state;
	struct fixture f;
	static const char share[] = "share \"/srv/x\" { from = worker001 }\n";
	init(&f, MASTER, share);
	run_with(&f, WORKER, share);
	assert_file_has(&f, "/etc/exports", "/srv/x 10.0.0.0/24(rw");
	assert_file(&f, "/etc/fstab", "");
	fixture_done(&f);
	init(&f, MASTER, "share \"/srv/x\" { from = worker002 }\n");
	run_with(&f, WORKER, "share \"/srv/x\" { from = worker002 }\n");
	assert_file(&f, "/etc/exports", "");
	assert_file_has(&f, "/etc/fstab", "worker002:/srv/x /srv/x nfs rw");
	fixture_done(&f);
}

static void a_server_outside_has_an_address(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, "");
	run_with(&f, WORKER, "share \"/vol/x\" { from = \"10.0.0.250\" at = \"/nas\" }\n");
	assert_file_has(&f, "/etc/fstab", "10.0.0.250:/vol/x /nas nfs rw," USUAL);
	fixture_done(&f);
}

static void version_3_is_off_where_it_can_be(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, WORKER, SHARE);
	fixture_mkdir(&f, "root/etc/nfs.conf.d");
	run_with(&f, MASTER, SHARE);
	assert_file(&f, "/etc/nfs.conf.d/10-cardstock.conf", "[nfsd]\nvers3=n\n");
	fixture_done(&f);
}

static void a_missing_package_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, WORKER, SHARE);
	remove_from_image(&f, "/usr/sbin/exportfs");
	run_with(&f, MASTER, SHARE);
	assert_note(&f, "nfs-kernel-server is not in this image");
	fixture_done(&f);
	init(&f, MASTER, SHARE);
	remove_from_image(&f, "/usr/sbin/mount.nfs");
	run_with(&f, WORKER, SHARE);
	assert_note(&f, "nfs-common is not in this image");
	fixture_done(&f);
}

static void without_systemd_mount_tries_in_the_background(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, SHARE);
	remove_from_image(&f, "/usr/lib/systemd");
	fixture_put(&f, "root/usr/sbin/mountall", "");
	run_with(&f, WORKER, SHARE);
	assert_file_has(&f, "/etc/fstab", " nfs rw,nfsvers=4,nofail,_netdev,bg,nobootwait 0 0\n");
	fixture_done(&f);
	init(&f, WORKER, SHARE);
	remove_from_image(&f, "/usr/lib/systemd");
	run_with(&f, MASTER, SHARE);
	assert_note(&f, "the NFS server is not switched on");
	fixture_done(&f);
}

/* Somebody else's judgement; the mount point must be there on this machine, too. */
static void findmnt_finds_nothing_wrong(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	static const char share[] = "share \"/srv/a b\" { from = master at = \"/mnt\" }\n";
	init(&f, MASTER, share);
	fixture_put(&f, "root/etc/fstab", "proc /proc proc defaults 0 0\n");
	run_with(&f, WORKER, share);
	autofree char *fstab = fixture_host(&f, "/etc/fstab");
	const char *argv[] = {"findmnt", "--verify", "--tab-file", fstab, NULL};
	struct run r = {.argv = argv, .output = &said};
	if (run(&r, &e) < 0 || !strstr(str_text(&said), "Success, no errors or warnings"))
		fail_msg("%s\n%s", str_text(&said), e.msg ? e.msg : "");
	fixture_done(&f);
}

static void two_things_at_one_mount_point_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, SHARE);
	fixture_put(&f, "root/etc/fstab", "# own\n/dev/sda1 /srv/cluster/ ext4 defaults 0 0\n");
	assert_refused(&f, &custom_nfs, WORKER MEMBERS SHARE,
		       "worker.conf:9: share '/srv/cluster' is to be mounted at '/srv/cluster', "
		       "but /etc/fstab of the image:2 mounts something there");
	assert_refused(&f, &custom_nfs,
		       SHARE "share \"/x\" { from = master at = \"/srv/cluster\" }\n",
		       "worker.conf:2: share '/x' is mounted at '/srv/cluster', but so is the "
		       "share at ");
	fixture_done(&f);
}

static void assert_share_refused(struct fixture *f, const char *keys, const char *fragment)
{
	autofree char *text = xasprintf("\nshare \"/srv/x\" { %s }\n%s", keys, WORKER MEMBERS);
	assert_refused(f, &custom_nfs, text, "worker.conf:2: ");
	assert_refused(f, &custom_nfs, text, fragment);
}

static void directories_of_the_system_are_refused(void **state)
{
	(void)state;
	static const char *const dirs[] = {"/",	    "/usr/lib", "/usr/share", "/etc/systemd",
					   "/home", "/root",	"/tmp",	      "/var",
					   "/run/x"};
	struct fixture f;
	init(&f, MASTER, "");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *title = xasprintf("share \"%s\" { from = \"10.0.0.250\" }\n%s",
						 dirs[i], WORKER MEMBERS);
		autofree char *at = xasprintf("share \"/srv/x\" { from = \"10.0.0.250\"\n"
					      "at = \"%s\" }\n%s",
					      dirs[i], WORKER MEMBERS);
		autofree char *said =
			xasprintf("'%s' belongs to the system: use a directory of its own, such "
				  "as '/srv/cluster'",
				  dirs[i]);
		autofree char *of_title = xasprintf("worker.conf:1: share: %s", said);
		autofree char *of_at = xasprintf("worker.conf:2: at: %s", said);
		assert_refused(&f, &custom_nfs, title, of_title);
		assert_refused(&f, &custom_nfs, at, of_at);
	}
	run_with(&f, WORKER, "share \"/home/ops\" { from = \"10.0.0.250\" at = \"/opt\" }\n");
	assert_file_has(&f, "/etc/fstab", "10.0.0.250:/home/ops /opt nfs rw,");
	fixture_done(&f);
}

/* The mount would hide the keys; a home without any, and what is beside them, may be shared. */
static void the_administrators_home_is_refused(void **state)
{
	(void)state;
	static const char *const users[] = {
		"user \"ops\" { uid = 2000 operator = true }",
		"user \"x\" { uid = 2000 rename-to = \"ops\" admin-key = true }",
		"user \"me\" { uid = 2000 home = \"/home/ops\" operator = true }"};
	struct fixture f;
	init(&f, MASTER, "");
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		autofree char *home = xasprintf("%s\nshare \"/home/ops\" { from = master }\n%s",
						users[i], WORKER MEMBERS);
		autofree char *keys = xasprintf(
			"%s\nshare \"/srv/x\" { from = master\nat = \"/home/ops/.ssh\" }\n%s",
			users[i], WORKER MEMBERS);
		assert_refused(&f, &custom_nfs, home,
			       "worker.conf:2: share '/home/ops' would be mounted over the keys");
		assert_refused(&f, &custom_nfs, keys,
			       "worker.conf:3: share '/srv/x' would be mounted over the keys");
	}
	fixture_done(&f);
	init(&f, MASTER,
	     "share \"/home/ops\" { from = master }\nshare \"/home/me/x\" { from = master }");
	run_with(&f, WORKER,
		 "user \"ops\" { uid = 2000 cluster-ssh = true }\nuser \"me\" { uid = 2001 "
		 "operator = true }\n"
		 "share \"/home/ops\" { from = master }\nshare \"/home/me/x\" { from = master }\n");
	assert_file_has(&f, "/etc/fstab", "master:/home/ops /home/ops nfs");
	fixture_done(&f);
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, "share \"/srv/x\" { from = master }\n");
	assert_share_refused(&f, "", "share '/srv/x' lacks the key from");
	assert_share_refused(&f, "from = nas", "'nas' is neither a role nor a node");
	assert_share_refused(&f, "from = \"a b\"", "'a b' is no server");
	assert_share_refused(&f, "from = worker", "role 'worker' has 3 nodes: say which");
	assert_share_refused(&f, "from = master at = \"srv\"", "is not an absolute path");
	assert_share_refused(&f, "from = master at = \"/usr\"", "'/usr' belongs to the system");
	assert_share_refused(&f, "from = master at = \"/x/\"", "'/x/' ends with '/'");
	assert_share_refused(&f, "from = master owner = nobody-here", "user 'nobody-here' is ");
	assert_share_refused(&f, "from = master group = nobody-here", "group 'nobody-here' is ");
	assert_share_refused(&f, "from = master mode = \"0788\"", "'0788' is not an octal mode");
	assert_share_refused(&f, "from = master read-only = maybe", "neither true nor false");
	assert_share_refused(&f, "from = master options = \"a,b\"", "is not a mount option");
	assert_share_refused(&f, "from = master options = \"ro\"", "use the key read-only");
	assert_refused(&f, &custom_nfs, "\nshare \"srv\" { from = master }\n" MEMBERS,
		       "worker.conf:2: share: 'srv' is not an absolute path");
	fixture_done(&f);
}

static void a_share_that_nobody_would_serve_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	init(&f, MASTER, "");
	assert_share_refused(&f, "from = master", "is not in the profile of its server, ");
	fixture_put(&f, "other.conf",
		    "role = master\nhostname = master\nplanned = 1\nbase = none\n"
		    "cluster = testbed\nshare \"/srv/x\" { from = master }\n");
	assert_share_refused(&f, "from = master", "'master' has no planned address");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_symlink_of_a_share_is_followed),
		cmocka_unit_test(the_server_exports_to_the_wired_network_alone),
		cmocka_unit_test(the_server_has_what_overlays_bring_for_a_share),
		cmocka_unit_test(a_client_mounts_at_the_first_access),
		cmocka_unit_test(a_mount_comes_after_the_wired_network),
		cmocka_unit_test(a_server_in_the_wired_network_is_reached_over_it),
		cmocka_unit_test(a_mount_that_does_not_need_the_wire_does_not_wait_for_it),
		cmocka_unit_test(shares_are_several_and_read_only_where_asked),
		cmocka_unit_test(one_of_many_workers_can_be_the_server),
		cmocka_unit_test(a_server_outside_has_an_address),
		cmocka_unit_test(version_3_is_off_where_it_can_be),
		cmocka_unit_test(a_missing_package_is_noted),
		cmocka_unit_test(without_systemd_mount_tries_in_the_background),
		cmocka_unit_test(findmnt_finds_nothing_wrong),
		cmocka_unit_test(two_things_at_one_mount_point_are_refused),
		cmocka_unit_test(directories_of_the_system_are_refused),
		cmocka_unit_test(the_administrators_home_is_refused),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(a_share_that_nobody_would_serve_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
