/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What nodes say of themselves, and what of it needs a person. */
#include "facts_fixture.h"
#include "registry/health.h"

static void facts_become_numbers_and_lists(void **state)
{
	(void)state;
	autofree char *text = facts_of("worker001", 11, NULL);
	auto_vitals v = parse_facts(text);
	assert_string_equal(v.hostname, "worker001");
	assert_string_equal(v.os, "Debian GNU/Linux 13");
	assert_int_equal(v.uptime, 93784);
	assert_int_equal(v.load_1, 50);
	assert_int_equal(v.load_15, 10);
	assert_int_equal(v.memory, 1000000);
	assert_int_equal(v.available, 750000);
	assert_int_equal(v.temperature, 48312);
	assert_int_equal(v.synced, 1);
	assert_true(v.clock_ns == HEARD * 1000000000);
	assert_true(v.sudo);
	assert_int_equal(v.n_people, 2);
	assert_string_equal(v.people[1].name, "mpi");
	assert_int_equal(v.people[1].uid, 2000);
	assert_string_equal(vitals_mount(&v, "/")->options, "rw,noatime");
	assert_int_equal(v.disks[0].available, 20000000);
}

static void what_was_not_said_is_unknown_and_said_to_be(void **state)
{
	static const char text[] = "facts 1\nof-tomorrow x\nend\n";
	(void)state;
	auto_vitals v = parse_facts(text);
	auto_strv reasons = {0};
	assert_int_equal(v.uptime, VITALS_UNKNOWN);
	assert_int_equal(v.synced, VITALS_UNKNOWN);
	assert_int_equal(v.temperature, VITALS_COLD);
	assert_null(v.hostname);
	health_reasons(&(struct answer){.vitals = v}, &reasons);
	assert_int_equal(reasons.n, 1);
	assert_string_equal(reasons.v[0], "did not say: uptime, load, memory, clock, time, mounts, "
					  "disk, name");
}

/* Each of them makes all of it worthless. */
static const char *const wrong[] = {
	"clock now",
	"clock 12x",
	"clock 99999999999999999999.0",
	"clock -1",
	"uptime 1",
	"uptime a b",
	"load 1 2 3",
	"memory MemFree 12",
	"memory MemTotal -1",
	"cpus 0",
	"cpus 4 4",
	"temperature warm",
	"synced maybe",
	"sudo 1",
	"user x 1",
	"user x -1 0",
	"user x 1 2 3",
	"user x 4294967296 0",
	"mount / ext4",
	"disk 10 5",
	"disk a b /",
	"mount a b c d 0 0 0",
};

static void a_value_that_is_none_makes_all_worthless(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_err e = ERR_INIT;
		struct vitals v;
		autofree char *text = xasprintf("facts 1\n%s\nend\n", wrong[i]);
		if (vitals_parse(text, strlen(text), &v, &e) == 0)
			fail_msg("taken: %s", wrong[i]);
		if (!strstr(e.msg, "line 2 of its facts: '"))
			fail_msg("%s: %s", wrong[i], e.msg);
	}
}

static void an_answer_that_is_cut_off_or_another_is_said_to_be(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "does not begin with 'facts 1'"},
		{"Welcome\nfacts 1\nend\n", "does not begin with 'facts 1'"},
		{"facts 2\nend\n", "does not begin with 'facts 1'"},
		{"facts 1\nuptime 1.0 1.0\n", "is cut off"},
		{"facts 1\nend\nuptime 1.0 1.0\n", "is cut off"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_err e = ERR_INIT;
		struct vitals v;
		assert_int_equal(vitals_parse(cases[i].text, strlen(cases[i].text), &v, &e), -1);
		if (!strstr(e.msg, cases[i].message))
			fail_msg("%s: %s", cases[i].text, e.msg);
	}
}

static void no_control_character_gets_through(void **state)
{
	static const char text[] =
		"facts 1\nhostname \033]0;x\007\0\302\233y\r\nfailed a\tb\177\nend\n";
	(void)state;
	auto_err e = ERR_INIT;
	auto_vitals v = {0};
	assert_ok(vitals_parse(text, sizeof(text) - 1, &v, &e), &e);
	assert_string_equal(v.hostname, "?]0;x????y?");
	assert_string_equal(v.failed.v[0], "a b?");
}

/* Some file systems of servers say so; the rest of what the node says is worth something. */
static void more_room_than_there_is_is_all_there_is(void **state)
{
	(void)state;
	auto_vitals v = parse_facts("facts 1\ndisk 10 20 /\nend\n");
	assert_int_equal(v.disks[0].available, 10);
}

/* ---- mounts ---- */

static const struct {
	const char *fstab, *missing;
} lines[] = {
	{"a:/x /srv nfs nofail", "/srv"},
	{"a:/x /srv// nfs nofail 0 0", "/srv"},
	{"a:/x /srv nfs ro,noauto 0 0", ""},
	{"a:/x /srv nfs noautomatic 0 0", "/srv"},
	{"a:/x /mounted nfs defaults", ""},
	{"a:/x /mounted/ nfs", ""},
	{"a:/x /waits nfs", ""},
	{"/dev/sda1 none swap sw 0 0", ""},
	{"/swap /swap swap sw 0 0", ""},
	{"junk", ""},
};

static void what_fstab_mounts_at_boot_is_missed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		autofree char *text =
			xasprintf("facts 1\nmount a:/x /mounted nfs4 rw 0 0\n"
				  "mount systemd-1 /waits autofs rw 0 0\nfstab %s\nend\n",
				  lines[i].fstab);
		auto_vitals v = parse_facts(text);
		auto_strv missing = {0};
		vitals_missing(&v, &missing);
		autofree char *is = strv_join(&missing, ",");
		if (strcmp(is, lines[i].missing) != 0)
			fail_msg("%s: missing is '%s'", lines[i].fstab, is);
	}
}

/* ---- who needs a person ---- */

static const struct {
	const char *change, *reason; /* "" none */
} needs[] = {
	{NULL, ""},
	{"failed nfs-mountd.service", "failed: nfs-mountd.service"},
	{"synced no", "no time server sets its clock"},
	{"temperature 85000", "85 degrees"},
	{"load 1.0 2.0 17.2 1/80 999", "load 17 for 15 minutes"},
	{"load 99.0 2.0 15.9 1/80 999", ""},
	{"memory MemAvailable 40000", "did not say: memory"}, /* of how much */
	{"disk", "did not say: disk"},
	{"cut user", "did not say: users"},
	{"mount a:/x /elsewhere nfs4 rw 0 0\ncut mount", "did not say: mounts"},
	{"fstab a:/x /elsewhere nfs nofail 0 0", "not mounted: /elsewhere"},
};

static void what_needs_a_person_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		autofree char *text = facts_of("worker001", 11, needs[i].change);
		auto_strv reasons = {0};
		auto_vitals v = parse_facts(text);
		health_reasons(&(struct answer){.vitals = v}, &reasons);
		autofree char *is = strv_join(&reasons, "; ");
		if (strcmp(is, needs[i].reason) != 0)
			fail_msg("%s: '%s'", needs[i].change, is);
	}
}

static void little_memory_needs_a_person(void **state)
{
	(void)state;
	auto_strv reasons = {0};
	autofree char *text = facts_of("worker001", 11,
				       "memory MemTotal 1048576\nmemory MemAvailable 40960");
	auto_vitals v = parse_facts(text);
	health_reasons(&(struct answer){.vitals = v}, &reasons);
	assert_int_equal(reasons.n, 1);
	assert_string_equal(reasons.v[0], "40 MiB of memory left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_become_numbers_and_lists),
		cmocka_unit_test(what_was_not_said_is_unknown_and_said_to_be),
		cmocka_unit_test(a_value_that_is_none_makes_all_worthless),
		cmocka_unit_test(an_answer_that_is_cut_off_or_another_is_said_to_be),
		cmocka_unit_test(no_control_character_gets_through),
		cmocka_unit_test(more_room_than_there_is_is_all_there_is),
		cmocka_unit_test(what_fstab_mounts_at_boot_is_missed),
		cmocka_unit_test(what_needs_a_person_is_said),
		cmocka_unit_test(little_memory_needs_a_person),
	};
	return cmocka_run_group_tests_name("vitals", tests, NULL, NULL);
}
