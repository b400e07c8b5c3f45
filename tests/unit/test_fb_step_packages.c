/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fb_bus.h"
#include "fb_step.h"

#define PACKAGES "/var/lib/cardstock/packages"

/* A root with dpkg's database and no package. */
static void init(struct step_test *t)
{
	step_test_init(t, &step_packages, "");
	put(t, "/var/lib/dpkg/status", "");
	put(t, "/var/lib/dpkg/available", "");
	put(t, "/var/lib/dpkg/info/format", "1\n");
	put(t, "/var/lib/dpkg/updates/x", NULL);
	put(t, "/var/lib/dpkg/triggers/x", NULL);
	put(t, "/var/log/x", NULL);
	put(t, PACKAGES "/x", NULL);
}

/* A package in the card's directory, made by dpkg-deb; more: further lines of its control file. */
static void put_package(struct step_test *t, const char *name, const char *version,
			const char *more)
{
	auto_str control = STR_INIT;
	autofree char *file = xasprintf("%s" PACKAGES "/%s_%s_all.deb", t->root, name, version);
	const char *const remove[] = {"rm", "-rf", "package", NULL};
	assert_ok(run(&(struct run){.argv = remove}, &t->e), &t->e);
	assert_ok(io_mkdirs("package/DEBIAN", 0755, &t->e), &t->e);
	assert_ok(io_mkdirs("package/etc", 0755, &t->e), &t->e);
	str_printf(&control,
		   "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: test <t@example.org>\n"
		   "Description: test\n%s",
		   name, version, more);
	autofree char *config = xasprintf("package/etc/%s.conf", name);
	autofree char *conffiles = xasprintf("/etc/%s.conf\n", name);
	put_file("package/DEBIAN/control", str_text(&control));
	put_file("package/DEBIAN/conffiles", conffiles);
	put_file(config, version);
	const char *const build[] = {"dpkg-deb", "--root-owner-group", "--build", "package", file,
				     NULL};
	assert_ok(run(&(struct run){.argv = build}, &t->e), &t->e);
}

/* dpkg's own list: "hello 1.0 ii ". */
static void assert_dpkg_lists(struct step_test *t, const char *lines)
{
	auto_str out = STR_INIT;
	autofree char *dir = xasprintf("--admindir=%s/var/lib/dpkg", t->root);
	const char *const argv[] = {"dpkg-query", dir, "-W",
				    "--showformat=${Package} ${Version} ${db:Status-Abbrev}\n",
				    NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &t->e), &t->e);
	assert_string_equal(str_text(&out), lines);
}

static void packages_are_installed_once(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "Depends: world (>= 2)\n");
	put_package(&t, "world", "2.0", "");
	put(&t, PACKAGES "/README", "not a package");
	assert_changes_once(&t, "installed hello 1.0, world 2.0");
	assert_dpkg_lists(&t, "hello 1.0 ii \nworld 2.0 ii \n");
	assert_file(&t, "/etc/hello.conf", "1.0");
	assert_changes_nothing(&t, "all are installed");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_card_without_packages_needs_no_dpkg(void **state)
{
	struct step_test t;
	step_test_init(&t, &step_packages, "");
	assert_changes_nothing(&t, "the card has none");
	put(&t, PACKAGES "/hello_1.0_all.deb", "x");
	assert_step_fails(&t, "packages of Debian, but this system has no dpkg");
	step_test_done(&t);
	workdir_passed(state);
}

static void a_later_file_is_installed_and_configuration_stays(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "");
	assert_step(&t, 1, "installed hello 1.0");
	put(&t, "/etc/hello.conf", "mine");
	put_package(&t, "hello", "2.0", "");
	assert_step(&t, 1, "installed hello 2.0");
	assert_dpkg_lists(&t, "hello 2.0 ii \n");
	assert_file(&t, "/etc/hello.conf", "mine");
	step_test_done(&t);
	workdir_passed(state);
}

static void what_failed_is_named_and_the_others_are_installed(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "");
	put_package(&t, "lonely", "1.0", "Depends: absent\n");
	put(&t, PACKAGES "/broken.deb", "not an archive");
	assert_step_fails(&t,
			  "2 of 3 packages not installed: 'broken.deb': dpkg-deb: exit code 2: ");
	(void)!run_step(&t);
	assert_non_null(strstr(t.e.msg, "'lonely_1.0_all.deb': lonely 1.0 is unpacked 1.0"));
	assert_non_null(strstr(t.e.msg, "lonely depends on absent; however:"));
	assert_dpkg_lists(&t, "hello 1.0 ii \nlonely 1.0 iU \n");
	/* Its dependency comes along. */
	put(&t, PACKAGES "/broken.deb", NULL);
	put_package(&t, "absent", "1.0", "");
	err_done(&t.e);
	assert_step(&t, 1, "installed absent 1.0, lonely 1.0");
	assert_step(&t, 0, "");
	step_test_done(&t);
	workdir_passed(state);
}

/* Power went between unpacking and configuring. */
static void an_interrupted_run_is_completed(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "");
	autofree char *root = xasprintf("--root=%s", t.root);
	autofree char *file = xasprintf("%s" PACKAGES "/hello_1.0_all.deb", t.root);
	const char *const unpack[] = {"dpkg", root, "--force-not-root", "--unpack", file, NULL};
	assert_ok(run(&(struct run){.argv = unpack}, &t.e), &t.e);
	assert_dpkg_lists(&t, "hello 1.0 iU \n");
	assert_step(&t, 1, "installed hello 1.0");
	assert_dpkg_lists(&t, "hello 1.0 ii \n");
	assert_step(&t, 0, "all are installed");
	step_test_done(&t);
	workdir_passed(state);
}

/* Power went while dpkg unpacked. */
static void half_a_package_is_replaced(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "");
	put(&t, "/var/lib/dpkg/info/hello.list", "/.\n");
	put(&t, "/var/lib/dpkg/status",
	    "Package: hello\nStatus: install reinstreq half-installed\nVersion: 1.0\n"
	    "Architecture: all\nMaintainer: test <t@example.org>\nDescription: test\n\n");
	put(&t, "/etc/hello.conf.dpkg-new", "1.");
	assert_step(&t, 1, "installed hello 1.0");
	assert_dpkg_lists(&t, "hello 1.0 ii \n");
	assert_file(&t, "/etc/hello.conf", "1.0");
	step_test_done(&t);
	workdir_passed(state);
}

/* Our own service may write too little for that. */
static void on_a_board_pid_1_runs_dpkg(void **state)
{
	struct step_test t;
	struct private_bus p;
	private_bus_start(&p, EVERYBODY);
	init(&t);
	put_package(&t, "hello", "1.0", "");
	put_package(&t, "lonely", "1.0", "Depends: absent\n");
	t.ctx.bus = p.bus;
	assert_step_fails(&t, "1 of 2 packages not installed: 'lonely_1.0_all.deb': lonely 1.0 is "
			      "unpacked 1.0: dpkg: exit-code: lonely depends on absent; however:");
	assert_dpkg_lists(&t, "hello 1.0 ii \nlonely 1.0 iU \n");
	assert_string_equal(p.said->calls, "StartTransientUnit cardstock-configure.service\n"
					   "StopUnit cardstock-configure.service\n"
					   "StartTransientUnit cardstock-install.service\n"
					   "ResetFailedUnit cardstock-install.service\n");
	step_test_done(&t);
	private_bus_stop(&p);
	workdir_passed(state);
}

static void a_disk_that_takes_nothing_is_named(void **state)
{
	struct step_test t;
	init(&t);
	put_package(&t, "hello", "1.0", "");
	assert_step_fails_on(&t, DISK_READ_ONLY, ERR_FAILED,
			     "'hello_1.0_all.deb': hello 1.0 is not-installed: dpkg: exit code 2: "
			     "dpkg: error: ");
	assert_step_fails_on(&t, DISK_FULL, ERR_SPACE, "No space left on device; make room");
	step_test_done(&t);
	workdir_passed(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(packages_are_installed_once),
		STEP_TEST(a_card_without_packages_needs_no_dpkg),
		STEP_TEST(a_later_file_is_installed_and_configuration_stays),
		STEP_TEST(what_failed_is_named_and_the_others_are_installed),
		STEP_TEST(an_interrupted_run_is_completed),
		STEP_TEST(half_a_package_is_replaced),
		STEP_TEST(on_a_board_pid_1_runs_dpkg),
		STEP_TEST(a_disk_that_takes_nothing_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
