/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define ZONES "/usr/share/zoneinfo/"
#define STAMP "/etc/fake-hwclock.data"
#define CLOCK "/var/lib/systemd/timesync/clock"

static void run_profile(struct fixture *f, const char *profile)
{
	fixture_profile(f, profile);
	fixture_run(f, &custom_time);
}

static void the_zone_is_a_link_and_a_name(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" ZONES "Europe/Berlin", "TZif2");
	fixture_put(&f, "root/etc/localtime", "TZif2");
	run_profile(&f, "timezone = \"Europe/Berlin\"");
	assert_link(&f, "/etc/localtime", ZONES "Europe/Berlin");
	assert_attr(&f, "/etc/timezone", "none");
	fixture_put(&f, "root/etc/timezone", "Etc/UTC\n");
	run_profile(&f, "timezone = \"Europe/Berlin\"");
	assert_file(&f, "/etc/timezone", "Europe/Berlin\n");
	fixture_done(&f);
}

static void an_image_without_zones_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "timezone = \"Europe/Berlin\"");
	assert_note(&f, "tzdata is not in this image");
	assert_attr(&f, "/etc/localtime", "none");
	fixture_done(&f);
}

static void wrong_zones_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" ZONES "Europe/Berlin", "TZif2");
	assert_refused(&f, &custom_time, "\ntimezone = \"Europe/Berlim\"",
		       "worker.conf:2: time zone 'Europe/Berlim' is not in the image");
	assert_refused(&f, &custom_time, "timezone = Europe", "worker.conf:1: time zone 'Europe'");
	assert_refused(&f, &custom_time, "\ntimezone = \"../../etc/passwd\"",
		       "worker.conf:2: timezone: '../../etc/passwd' is not a time zone");
	assert_refused(&f, &custom_time, "timezone = \"\"", "use a name such as 'Europe/Berlin'");
	assert_refused(&f, &custom_time, "timezone = \"/UTC\"", "is not a time zone");
	fixture_done(&f);
}

static void assert_mtime(struct fixture *f, const char *path, int64_t mtime)
{
	autofree char *host = fixture_host(f, path);
	struct stat st;
	assert_int_equal(stat(host, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, mtime);
}

static void the_clock_begins_at_the_builds_time(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "");
	assert_mtime(&f, "/usr/lib/clock-epoch", FIXTURE_NOW);
	assert_attr(&f, CLOCK, "none");
	fixture_put(&f, "root/usr/lib/systemd/system/systemd-timesyncd.service", "[Unit]\n");
	run_profile(&f, "");
	assert_mtime(&f, CLOCK, FIXTURE_NOW);
	fixture_done(&f);
}

static void fake_hwclock_only_goes_forward(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "");
	assert_attr(&f, STAMP, "none");
	fixture_put(&f, "root/usr/sbin/fake-hwclock", "");
	fixture_put(&f, "root" STAMP, "2019-06-20 16:00:00\n");
	run_profile(&f, "");
	assert_file(&f, STAMP, "2023-11-14 22:13:20\n");
	fixture_put(&f, "root" STAMP, "2024-01-01 00:00:00\n");
	run_profile(&f, "");
	assert_file(&f, STAMP, "2024-01-01 00:00:00\n");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zone_is_a_link_and_a_name),
		cmocka_unit_test(an_image_without_zones_is_noted),
		cmocka_unit_test(wrong_zones_are_refused),
		cmocka_unit_test(the_clock_begins_at_the_builds_time),
		cmocka_unit_test(fake_hwclock_only_goes_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
