/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thing is wrong with worker001 at a time, and the doctor finds it and nothing else. */
#include "facts_fixture.h"
#include "registry/doctor.h"
#include "run.h"
#include "sshkey.h"

/* A registry of the plan and three nodes; the view is released by the test. */
static void enter_cluster(struct view *v)
{
	auto_err e = ERR_INIT;
	auto_store *s = open_registry(PLAN);
	assert_ok(view_load(s, v, &e), &e);
}

static const struct {
	const char *change;
	const char *found; /* "check level what [todo]"; NULL: nothing */
} cases[] = {
	{NULL, NULL},
	{"user mpi 2000 2000\nuser ops 1000 1000", NULL},
	{"user mpi 2001 2000\nuser ops 1000 1000",
	 "users error 'mpi' has the UID 2001, and 2000 on master [ssh -t worker001 sudo usermod -u "
	 "2000 mpi]"},
	{"user mpi 2000 100\nuser ops 1000 1000",
	 "users error 'mpi' has the GID 100, and 2000 on master [ssh -t worker001 sudo usermod -g "
	 "2000 mpi]"},
	{"user ops 1000 1000", "users warning 'mpi' of master is not here [ssh -t worker001 sudo "
			       "useradd -m -u 2000 mpi]"},
	{"user mpi 2000 2000\nuser ops 1000 1000\nuser pi 1001 1001",
	 "users warning 'pi' is not on master [ssh worker001 getent passwd pi]"},
	{"sudo no", "sudo warning no sudo that works for others than root [ssh root@worker001 apt "
		    "install sudo]"},
	{"sudoer ops\nsudoer mpi", "sudo warning 'mpi' may become root here, and not on master "
				   "[ssh -t worker001 sudo gpasswd "
				   "-d mpi sudo]"},
	{"sudoer",
	 "sudo warning 'ops' may become root on master, and not here [ssh -t worker001 sudo "
	 "usermod -aG sudo ops]"},
	{"clock 1795800001.9", NULL},
	{"clock 1795800002.1",
	 "clock warning 2.1 s ahead of the master's [ssh -t worker001 sudo systemctl try-restart "
	 "systemd-timesyncd chrony ntpsec ntp]"},
	{"clock 86400.0", "clock error 1795713600.0 s behind the master's [ssh -t worker001 sudo "
			  "systemctl try-restart "
			  "systemd-timesyncd chrony ntpsec ntp]"},
	{"synced no", "time warning no time server sets its clock [ssh -t worker001 sudo systemctl "
		      "try-restart systemd-timesyncd chrony ntpsec ntp]"},
	{"fstab PARTUUID=1 /\nfstab PARTUUID=1-02 / ext4",
	 "fstab error the line 'PARTUUID=1 /' has fewer than three fields [ssh -t worker001 "
	 "sudoedit /etc/fstab]"},
	{"fstab PARTUUID=1-02 / ext4 defaults 0 1 # one\nfstab srv /srv nfs nofail,noauto",
	 "fstab error 'srv' is not an NFS export: the first field is HOST:PATH [ssh -t worker001 "
	 "sudoedit /etc/fstab]"},
	{"fstab master:/srv/cluster /srv/cluster nfs _netdev 0 0",
	 "fstab warning '/srv/cluster' comes over the network and has no option nofail [ssh -t "
	 "worker001 sudoedit /etc/fstab]"},
	{"fstab master:/srv/cluster /srv/cluster nfs x-systemd.automount 0 0", NULL},
	{"fstab tmpfs /scratch tmpfs size=1g",
	 "mounts error '/scratch' of /etc/fstab is not mounted [ssh -t worker001 sudo mount "
	 "/scratch]"},
	{"fstab tmpfs /a;reboot tmpfs size=1g", "mounts error '/a;reboot' of /etc/fstab is not "
						"mounted [ssh -t worker001 sudo mount PATH]"},
	{"mount /dev/mmcblk0p2 / ext4 ro 0 0\nmount systemd-1 /srv/cluster autofs rw 0 0",
	 "disk error / is read-only [ssh -t worker001 sudo dmesg --level=err,warn]"},
	{"read-only mmcblk0", "disk error the kernel does not write to the disk 'mmcblk0' [ssh -t "
			      "worker001 sudo dmesg --level=err,warn]"},
	{"disk 20971520 1048576 /",
	 "disk warning '/' has 1.0 GiB left of 20 GiB [ssh -t worker001 sudo du -xh -d 2 /]"},
	{"hostname raspberrypi", "name error calls itself 'raspberrypi' [ssh -t worker001 sudo "
				 "hostnamectl set-hostname worker001]"},
	{"hostname worker0011", "name error calls itself 'worker0011' [ssh -t worker001 sudo "
				"hostnamectl set-hostname worker001]"},
	{"hostname worker001.beowulf", NULL},
	{"address 192.168.1.7\naddress fd00::7",
	 "name warning has not 10.0.0.11, but 192.168.1.7, fd00::7 [ssh worker001 ip address]"},
	{"readable /etc/shadow",
	 "secrets error everybody can read '/etc/shadow' [ssh -t worker001 sudo chmod go= "
	 "/etc/shadow]"},
};

static char *format(const struct finding *f)
{
	return xasprintf("%s %s %s [%s]", f->check->name,
			 f->level == FINDING_ERROR ? "error" : "warning", f->what, f->todo);
}

static void one_thing_that_is_wrong_is_one_finding(void **state)
{
	(void)state;
	auto_view v = {0};
	enter_cluster(&v);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_survey s = survey_with(&v, cases[i].change);
		auto_doctor d = {.view = &v, .survey = &s};
		doctor_run(&d);
		const char *change = cases[i].change ? cases[i].change : "no change";
		for (size_t j = 1; j < d.findings.n; j++)
			fail_msg("%s: also: %s", change, d.findings.v[j].what);
		autofree char *is = d.findings.n ? format(&d.findings.v[0]) : xstrdup("nothing");
		assert_string_equal(is, cases[i].found ? cases[i].found : "nothing");
		if (d.findings.n)
			assert_string_equal(d.findings.v[0].node, "worker001");
	}
	workdir_passed(state);
}

static void what_was_not_said_is_not_called_well(void **state)
{
	static const char *const words[][2] = {{"disk", "disk"},      {"synced", "time"},
					       {"hostname", "name"},  {"clock", "clock"},
					       {"cut user", "users"}, {"mount", "mounts"}};
	(void)state;
	auto_view v = {0};
	enter_cluster(&v);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		auto_survey s = survey_with(&v, words[i][0]);
		auto_doctor d = {.view = &v, .survey = &s};
		doctor_run(&d);
		assert_int_equal(d.findings.n, 1);
		autofree char *is = format(&d.findings.v[0]);
		autofree char *expected = xasprintf("%s warning cannot be judged: it did not say, "
						    "or not all of it [ssh "
						    "cardstock-ops@worker001 facts]",
						    words[i][1]);
		assert_string_equal(is, expected);
	}
	workdir_passed(state);
}

/* Who says that the user 'evil' is on it is not to make others take him. */
static void without_the_master_nobody_is_compared(void **state)
{
	(void)state;
	auto_view v = {0};
	enter_cluster(&v);
	auto_survey s = survey_with(&v, "user evil 1000 1000\nsudoer evil");
	s.v[0].reason = xstrdup("not reached");
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	assert_int_equal(d.findings.n, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(d.findings.v[i].node, "master");
		assert_string_equal(d.findings.v[i].what, "not compared: the master: not reached");
	}
	workdir_passed(state);
}

static void a_share_of_the_plan_that_is_in_no_fstab_is_missed(void **state)
{
	(void)state;
	auto_view v = {0};
	enter_cluster(&v);
	auto_survey s = survey_with(&v, "mount /dev/mmcblk0p2 / ext4 rw 0 0");
	strv_clear(&s.v[1].vitals.fstab);
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	assert_int_equal(d.findings.n, 1);
	autofree char *is = format(&d.findings.v[0]);
	assert_string_equal(is,
			    "mounts error '/srv/cluster' of master:/srv/cluster, which the plan "
			    "has, is not mounted [ssh -t worker001 sudo mount -t nfs "
			    "master:/srv/cluster /srv/cluster]");
	workdir_passed(state);
}

static void two_users_with_one_number_are_found(void **state)
{
	(void)state;
	auto_view v = {0};
	enter_cluster(&v);
	auto_survey s = survey_with(&v, "user ops 1000 1000\nuser pi 2000 2000");
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	assert_int_equal(d.findings.n, 2);
	assert_string_equal(d.findings.v[0].what, "'mpi' of master is not here");
	assert_string_equal(d.findings.v[1].what,
			    "'pi' has the UID 2000, which is that of 'mpi' on master");
	workdir_passed(state);
}

/* ---- keys ---- */

static void assert_key_finding(struct view *v, const char *change, const char *what)
{
	auto_survey s = survey_with(v, change);
	auto_doctor d = {.view = v, .survey = &s};
	doctor_run(&d);
	for (size_t i = 0; i < d.findings.n; i++) {
		if (strcmp(d.findings.v[i].node, "worker001") == 0 &&
		    strcmp(d.findings.v[i].check->name, "host-key") == 0) {
			assert_string_equal(d.findings.v[i].what, what);
			return;
		}
	}
	assert_null(what);
}

static void make_key(const char *name)
{
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name,
			   NULL),
		  &e);
}

/* The first two words of NAME.pub or NAME-cert.pub. */
static char *public_of(const char *name, const char *suffix)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	autofree char *path = xasprintf("%s%s.pub", name, suffix);
	assert_ok(io_read_file(path, 65536, &text, &e), &e);
	return sshkey_plain(str_text(&text));
}

static void sign(const char *ca, const char *validity, const char *kind)
{
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "ssh-keygen", "-q", "-s", ca, "-I", "worker001", "-n", "worker001",
			   "-V", validity, kind, "key.pub", NULL),
		  &e);
}

static void the_key_that_a_node_registered_with_is_its_key(void **state)
{
	auto_view v = {0};
	(void)state;
	enter_cluster(&v);
	struct record *r = (struct record *)node(&v, "worker001");
	r->facts.host_key = xstrdup(key_of(7));
	autofree char *same = xasprintf("host-key %s", key_of(7));
	autofree char *other = xasprintf("host-key %s", key_of(8));
	assert_key_finding(&v, same, NULL);
	assert_key_finding(&v, other, "its host key is not the one that it registered with");
	workdir_passed(state);
}

/* `mkimage --generic`: nobody signed its key, and the registry has it. */
static void a_board_that_came_with_a_join_card_needs_no_certificate(void **state)
{
	auto_view v = {0};
	(void)state;
	enter_cluster(&v);
	struct record *r = (struct record *)node(&v, "worker001");
	v.host_ca = xstrdup(key_of(9));
	r->facts.host_key = xstrdup(key_of(7));
	autofree char *own = xasprintf("host-key %s", key_of(7));
	assert_key_finding(&v, own, NULL);
	r->issue = 1;
	assert_key_finding(&v, own, "has no certificate of the cluster");
	workdir_passed(state);
}

static void a_certificate_is_judged_by_key_authority_and_time(void **state)
{
	static const struct {
		const char *ca, *validity, *kind, *what;
	} certs[] = {
		{"ca", "always:forever", "-h", NULL},
		{"other", "always:forever", "-h",
		 "its certificate is signed by another CA than the cluster's"},
		{"ca", "20200101:20210101", "-h", "its certificate has run out"},
		{"ca", "always:forever", "-Oclear", "its certificate is none of a host"},
	};
	auto_view v = {0};
	(void)state;
	enter_cluster(&v);
	make_key("ca");
	make_key("other");
	make_key("key");
	v.host_ca = public_of("ca", "");
	autofree char *key = public_of("key", "");
	autofree char *none = xasprintf("host-key %s", key);
	assert_key_finding(&v, none, "has no certificate of the cluster");
	for (size_t i = 0; i < sizeof(certs) / sizeof(*certs); i++) {
		sign(certs[i].ca, certs[i].validity, certs[i].kind);
		autofree char *cert = public_of("key", "-cert");
		autofree char *own = xasprintf("host-key %s\nhost-cert %s", key, cert);
		assert_key_finding(&v, own, certs[i].what);
	}
	sign("ca", "always:forever", "-h");
	autofree char *cert = public_of("key", "-cert");
	autofree char *wrong_key = xasprintf("host-key %s\nhost-cert %s", key_of(7), cert);
	assert_key_finding(&v, wrong_key, "its certificate is of another key than its own");
	workdir_passed(state);
}

/* ---- what is shown ---- */

static void what_is_well_has_a_line_and_what_is_not_says_what_to_do(void **state)
{
	(void)state;
	auto_view v = {0};
	auto_str text = STR_INIT, json = STR_INIT;
	enter_cluster(&v);
	auto_survey s = survey_with(&v, "synced no");
	s.v[2].reason = xstrdup("not reached: no route");
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	doctor_text(&d, &text);
	assert_true(str_starts(
		str_text(&text),
		"error   worker002: reach: not reached: no route\n"
		"        do:  ssh -v cardstock-ops@worker002 facts\n"
		"        why: a node that does not answer gets no work and no changes\n"
		"ok      users: all nodes have the same users, with the same numbers (2)\n"));
	doctor_json(&d, &json);
	assert_non_null(strstr(str_text(&json),
			       "{\"check\":\"time\",\"level\":\"warning\",\"node\":\"worker001\","
			       "\"what\":\"no time server sets its clock\",\"why\":\""));
	assert_non_null(
		strstr(str_text(&json), "{\"check\":\"users\",\"level\":\"ok\",\"node\":null,"));
	workdir_passed(state);
}

static void nobody_who_answers_is_said_and_nothing_is_called_well(void **state)
{
	(void)state;
	auto_view v = {0};
	auto_str text = STR_INIT;
	enter_cluster(&v);
	auto_survey s = survey_with(&v, NULL);
	for (size_t i = 0; i < s.n; i++)
		s.v[i].reason = xstrdup("not reached");
	auto_doctor d = {.view = &v, .survey = &s};
	doctor_run(&d);
	doctor_text(&d, &text);
	assert_int_equal(d.findings.n, 3);
	assert_null(strstr(str_text(&text), "ok "));
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)
		IN_DIR(one_thing_that_is_wrong_is_one_finding),
		IN_DIR(what_was_not_said_is_not_called_well),
		IN_DIR(without_the_master_nobody_is_compared),
		IN_DIR(a_share_of_the_plan_that_is_in_no_fstab_is_missed),
		IN_DIR(two_users_with_one_number_are_found),
		IN_DIR(the_key_that_a_node_registered_with_is_its_key),
		IN_DIR(a_board_that_came_with_a_join_card_needs_no_certificate),
		IN_DIR(a_certificate_is_judged_by_key_authority_and_time),
		IN_DIR(what_is_well_has_a_line_and_what_is_not_says_what_to_do),
		IN_DIR(nobody_who_answers_is_said_and_nothing_is_called_well),
	};
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
