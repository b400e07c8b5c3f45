/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define VENDOR "/usr/lib/systemd/system/"
#define ADMIN "/etc/systemd/system/"

static const char *const unit_files[][2] = {
	{VENDOR "a.service",
	 "[Unit]\nWantedBy=no.target\n[Service]\n[Install]\n# one\nWantedBy = x.target \\\n; two\n"
	 "  y.target\nRequiredBy=z.target\nAlias=b.service\nAlso=c.socket absent.service\n"},
	{VENDOR "c.socket", "[Install]\nWantedBy=lost.target\nWantedBy=\nWantedBy=sockets.target\n"
			    "Also=a.service\n"},
	{VENDOR "t@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=tty1\n"},
	{VENDOR "v@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=x-%p\n"},
	{VENDOR "u@.service", "[Install]\nWantedBy=dev-%i.device %p-%j@%N.service\n"},
	{VENDOR "static.service", "[Service]\nExecStart=/bin/true\n"},
	{ADMIN "own.service", "[Install]\nWantedBy=multi-user.target\n"},
};

static void put_units(struct fixture *f)
{
	for (size_t i = 0; i < sizeof(unit_files) / sizeof(*unit_files); i++) {
		autofree char *path = xasprintf("root%s", unit_files[i][0]);
		fixture_put(f, path, unit_files[i][1]);
	}
	fixture_symlink(f, "root" VENDOR "alias.service", "static.service");
	fixture_symlink(f, "root" VENDOR "auto@.service", "t@.service");
}

static void run_profile(struct fixture *f, const char *profile)
{
	fixture_profile(f, profile);
	fixture_run(f, &custom_units);
}

static void a_unit_is_enabled_as_its_install_section_says(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_units(&f);
	run_profile(&f, "enable-units = {\"a.service\", \"own.service\"}");
	assert_link(&f, ADMIN "x.target.wants/a.service", VENDOR "a.service");
	assert_link(&f, ADMIN "y.target.wants/a.service", VENDOR "a.service");
	assert_link(&f, ADMIN "z.target.requires/a.service", VENDOR "a.service");
	assert_link(&f, ADMIN "b.service", VENDOR "a.service");
	assert_link(&f, ADMIN "sockets.target.wants/c.socket", VENDOR "c.socket");
	assert_link(&f, ADMIN "multi-user.target.wants/own.service", ADMIN "own.service");
	assert_attr(&f, ADMIN "no.target.wants", "none");
	assert_attr(&f, ADMIN "lost.target.wants", "none");
	fixture_done(&f);
}

/* Every link below /etc/systemd, sorted, with /lib for the /usr/lib that it leads to; owned. */
static char *links_of(struct fixture *f)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	auto_strv lines = {0};
	autofree char *dir = fixture_host(f, "/etc/systemd");
	const char *argv[] = {"find", dir, "-type", "l", "-printf", "%P %l\n", NULL};
	struct run r = {.argv = argv, .output = &out};
	assert_ok(run(&r, &e), &e);
	strv_split(&lines, str_text(&out), "\n");
	strv_sort(&lines);
	out.len = 0;
	strv_foreach (line, &lines) {
		size_t name = strcspn(*line, " ") + 1;
		const char *target = *line + name;
		target += str_starts(target, "/usr/") ? strlen("/usr") : 0;
		str_printf(&out, "%.*s%s\n", (int)name, *line, target);
	}
	return str_steal(&out);
}

static void systemctl_makes_the_same_links(void **state)
{
	(void)state;
	static const char *const enabled[] = {"a.service",	"c.socket",	  "t@.service",
					      "t@x.service",	"u@sd-a.service", "own.service",
					      "auto@y.service", "ssh.service",	  "v@.service"};
	if (access("/usr/bin/systemctl", X_OK) < 0) {
		print_message("skipped: no systemctl\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(enabled) / sizeof(*enabled); i++) {
		struct fixture ours, theirs;
		auto_err e = ERR_INIT;
		autofree char *profile = xasprintf("enable-units = {\"%s\"}", enabled[i]);
		fixture_init(&ours);
		fixture_init(&theirs);
		put_units(&ours);
		put_units(&theirs);
		fixture_put(&ours, "root" VENDOR "ssh.service", "[Install]\nAlias=sshd.service\n");
		fixture_put(&theirs, "root" VENDOR "ssh.service",
			    "[Install]\nAlias=sshd.service\n");
		run_profile(&ours, profile);
		autofree char *root = xasprintf("--root=%s", theirs.root);
		assert_ok(run_argv(&e, "systemctl", "-q", root, "enable", enabled[i], NULL), &e);
		autofree char *is = links_of(&ours);
		autofree char *should = links_of(&theirs);
		assert_string_equal(is, should);
		fixture_done(&ours);
		fixture_done(&theirs);
	}
}

static void units_are_disabled_and_masked(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_units(&f);
	run_profile(&f, "enable-units = {\"a.service\"}");
	run_profile(&f, "disable-units = \"a.service\"\nmask-units = \"static.service\"");
	assert_attr(&f, ADMIN "x.target.wants/a.service", "none");
	assert_attr(&f, ADMIN "b.service", "none");
	assert_link(&f, ADMIN "static.service", "/dev/null");
	run_profile(&f, "disable-units = \"a.service\"\nmask-units = \"static.service\"");
	assert_link(&f, ADMIN "static.service", "/dev/null");
	fixture_done(&f);
}

static void what_the_vendor_starts_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_units(&f);
	fixture_symlink(&f, "root" VENDOR "multi-user.target.wants/static.service",
			"../static.service");
	run_profile(&f, "disable-units = static.service");
	assert_note(&f, "unit static.service still starts at boot");
	fixture_done(&f);
}

static void a_unit_that_does_not_exist_in_the_image_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_units, "\nmask-units = {\"ssh.service\",\n\"shs.service\"}",
		       "worker.conf:3: unit 'shs.service' does not exist in the image; did you "
		       "mean 'ssh.service'?");
	assert_refused(&f, &custom_units, "disable-units = cups-browsed.service",
		       "worker.conf:1: unit 'cups-browsed.service' does not exist in the image");
	assert_refused(&f, &custom_units, "mask-units = cups-browsed.service",
		       "worker.conf:1: unit 'cups-browsed.service' does not exist in the image");
	fixture_done(&f);
}

static void what_cannot_be_enabled_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_units(&f);
	fixture_put(&f, "root" VENDOR "h.service", "[Install]\nWantedBy=%H.target\n");
	fixture_put(&f, "root" VENDOR "w@.service",
		    "[Install]\nWantedBy=x.target\nDefaultInstance=x/../../../cron.d/y\n");
	assert_refused(&f, &custom_units, "enable-units = static.service",
		       "worker.conf:1: unit 'static.service' cannot be enabled");
	assert_refused(&f, &custom_units, "enable-units = \"u@.service\"",
		       "worker.conf:1: unit 'u@.service' is a template: say of what, as in "
		       "'u@NAME.service'");
	assert_refused(&f, &custom_units, "enable-units = h.service",
		       "its [Install] section says '%H.target'");
	assert_refused(&f, &custom_units, "enable-units = \"w@.service\"",
		       "its [Install] section: 'w@x/../../../cron.d/y.service' is not a unit name");
	assert_refused(&f, &custom_units, "disable-units = alias.service",
		       "unit 'alias.service' is another name of 'static.service'; disable that");
	fixture_done(&f);
}

/* The profile is not at fault. */
static void an_image_that_cannot_be_read_keeps_its_code(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	put_units(&f);
	fixture_symlink(&f, "root" ADMIN "x.target.wants", "x.target.wants");
	assert_ok(fixture_load(&f, "enable-units = a.service", CLUSTER_READ, &e), &e);
	assert_int_equal(fixture_try(&f, &custom_units, &e), -1);
	assert_int_equal(e.code, ERR_IMAGE);
	assert_non_null(strstr(e.msg, "worker.conf:1: "));
	fixture_done(&f);
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_units, "\nenable-units = ssh", "worker.conf:2: ");
	assert_refused(&f, &custom_units, "disable-units = \"../ssh.service\"", "as 'ssh.service'");
	assert_refused(&f, &custom_units, "mask-units = \"\"", "is not a unit name");
	assert_refused(&f, &custom_units, "enable-units = ssh.service\nmask-units = ssh.service",
		       "worker.conf:1: unit 'ssh.service' is to be enabled, but ");
	assert_refused(&f, &custom_units, "enable-units = ssh.service\ndisable-units = ssh.service",
		       "worker.conf:2 has it in disable-units");
	fixture_done(&f);
}

static void an_image_without_systemd_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	auto_err e = ERR_INIT;
	autofree char *systemd = fixture_host(&f, "/usr/lib/systemd");
	assert_ok(run_argv(&e, "rm", "-r", systemd, NULL), &e);
	run_profile(&f, "enable-units = ssh.service");
	assert_note(&f, "no systemd");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_enabled_as_its_install_section_says),
		cmocka_unit_test(systemctl_makes_the_same_links),
		cmocka_unit_test(units_are_disabled_and_masked),
		cmocka_unit_test(what_the_vendor_starts_is_noted),
		cmocka_unit_test(a_unit_that_does_not_exist_in_the_image_is_refused),
		cmocka_unit_test(what_cannot_be_enabled_is_refused),
		cmocka_unit_test(an_image_that_cannot_be_read_keeps_its_code),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(an_image_without_systemd_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
