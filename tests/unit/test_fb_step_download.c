/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages by name.  What apt-get and dpkg make of them is in tests/cli/packages-online.bats. */
#include "fb_step.h"

#define APT_GET "/usr/bin/apt-get"

/* dpkg's entry of an installed package. */
#define INSTALLED(name, version)                                             \
	"Package: " name "\nStatus: install ok installed\nVersion: " version \
	"\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: test\n\n"

static void init(struct step_test *t, const char *settings, const char *status)
{
	step_test_init(t, &step_download, settings);
	put(t, "/var/lib/dpkg/status", status);
	put(t, "/var/lib/dpkg/available", "");
	put(t, "/var/lib/dpkg/info/format", "1\n");
	put(t, "/var/lib/dpkg/updates/x", NULL);
}

static void without_names_there_is_nothing_to_do(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_download, "");
	assert_changes_nothing(&t, "the settings have none");
	step_test_done(&t);
	workdir_passed(state);
}

/* As the step before it left them, which installs what the card carries. */
static void what_is_installed_is_not_downloaded(void **state)
{
	struct step_test t;
	init(&t, "package = hello\npackage = world\n",
	     INSTALLED("hello", "1.0") INSTALLED("world", "2:1.0"));
	assert_changes_nothing(&t, "all are installed");
	step_test_done(&t);
	workdir_passed(state);
}

static void what_is_missing_is_named(void **state)
{
	struct step_test t;
	init(&t, "package = hello\npackage = world\npackage = moon\n", INSTALLED("world", "1.0"));
	put(&t, APT_GET, "");
	assert_changes_nothing(&t, "the board downloads hello, moon");
	step_test_done(&t);
	workdir_passed(state);
}

/* dpkg knows it, but half a package is none. */
static void half_a_package_is_missing(void **state)
{
	struct step_test t;
	init(&t, "package = hello\n",
	     "Package: hello\nStatus: install ok unpacked\nVersion: 1.0\nArchitecture: all\n"
	     "Maintainer: t <t@example.org>\nDescription: test\n\n");
	assert_changes_nothing(&t, "the board downloads hello");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(without_names_there_is_nothing_to_do),
		STEP_TEST(what_is_installed_is_not_downloaded),
		STEP_TEST(what_is_missing_is_named),
		STEP_TEST(half_a_package_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
