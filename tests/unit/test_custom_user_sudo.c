/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may become root, and how. */
#include "../custom/fixture.h"

#include "inspect.h"

#define OURS "/etc/sudoers.d/010_cardstock_"

static void visudo_accepts_each_rule(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true }\n"
			    "user \"admin\" { uid = 1002 sudo = nopasswd }\n"
			    "user \"pi\" { uid = 1001 sudo = password }");
	fixture_run(&f, &custom_user);
	autofree char *ops = fixture_host(&f, OURS "ops");
	autofree char *admin = fixture_host(&f, OURS "admin");
	autofree char *pi = fixture_host(&f, OURS "pi");
	assert_ok(run_argv(&e, "visudo", "-c", "-f", ops, NULL), &e);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", admin, NULL), &e);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", pi, NULL), &e);
	fixture_done(&f);
}

static void the_operator_needs_no_password(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true }\n"
			    "user \"mpi\" { uid = 2000 }");
	fixture_run(&f, &custom_user);
	assert_file(&f, OURS "ops", "ops ALL=(ALL:ALL) NOPASSWD: ALL\n");
	assert_attr(&f, OURS "ops", "0440 0 0");
	assert_attr(&f, OURS "mpi", "none");
	fixture_done(&f);
}

static void an_operator_may_do_without_sudo(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 operator = true sudo = none }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, OURS "ops", "none");
	fixture_done(&f);
}

/* The last rule that matches counts, so the image's would win. */
static void stock_rules_give_way_to_the_profiles(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers.d/010_pi-nopasswd",
		    "# stock\nDefaults:pi !lecture\npi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_put(&f, "root/etc/sudoers.d/020_all",
		    "me ALL=(ALL) ALL\npi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_put(&f, "root/etc/sudoers.d/README", "# nothing\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = password }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/etc/sudoers.d/010_pi-nopasswd", "none");
	assert_file(&f, "/etc/sudoers.d/020_all", "me ALL=(ALL) ALL\n");
	assert_file_has(&f, "/etc/sudoers.d/README", "# nothing");
	assert_file(&f, OURS "pi", "pi ALL=(ALL:ALL) ALL\n");
	fixture_done(&f);
}

static void stock_rules_stay_when_the_profile_says_nothing(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers.d/010_pi-nopasswd", "pi ALL=(ALL) NOPASSWD: ALL\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/sudoers.d/010_pi-nopasswd", "NOPASSWD");
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:pi\n");
	fixture_done(&f);
}

static void sudo_none_leaves_the_groups_that_have_it(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = none }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:\n");
	assert_file_has(&f, "/etc/gshadow", "\nsudo:*::\n");
	fixture_done(&f);
}

static void a_group_that_the_profile_names_is_kept(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = none groups = {\"sudo\"} }");
	fixture_run(&f, &custom_user);
	assert_file_has(&f, "/etc/group", "\nsudo:x:27:pi\n");
	fixture_done(&f);
}

static void an_image_without_sudo_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *dir = fixture_host(&f, "/etc/sudoers.d");
	assert_int_equal(rmdir(dir), 0);
	fixture_profile(&f, "user \"ops\" { uid = 1000 sudo = nopasswd }");
	fixture_run(&f, &custom_user);
	assert_note(&f, "no /etc/sudoers.d");
	fixture_done(&f);
}

static void sudo_with_a_password_that_nobody_has_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "user \"ops\" { uid = 1000 sudo = password }");
	fixture_run(&f, &custom_user);
	assert_note(&f, "user ops needs a password");
	fixture_done(&f);
}

/* Also one that has the user's former name in its own. */
static void rules_of_overlays_stay(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/sudoers.d/020_pi", "pi ALL=(ALL) !/bin/su\n");
	fixture_profile(&f, "overlays = {\"./site\"}\n"
			    "user \"pi\" { uid = 1001 rename-to = \"ops\" sudo = nopasswd }");
	fixture_run(&f, &custom_overlay);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers.d/020_pi", "ops ALL=(ALL) !/bin/su\n");
	assert_note(&f, "/etc/sudoers.d/020_pi of an overlay stays");
	fixture_done(&f);
}

/* Reads the whole as sudo does, with the image's drop-ins for those of this machine. */
static void visudo_accepts(struct fixture *f)
{
	auto_err e = ERR_INIT;
	autofree char *text = fixture_text(f, "/etc/sudoers");
	autofree char *dir = fixture_host(f, "/etc/sudoers.d");
	autofree char *copy = path_join(f->dir, "sudoers");
	char *at = strstr(text, "includedir /etc/sudoers.d");
	assert_non_null(at);
	at += strlen("includedir ");
	autofree char *whole = xasprintf("%.*s%s%s", (int)(at - text), text, dir,
					 at + strlen("/etc/sudoers.d"));
	fixture_put(f, "sudoers", whole);
	assert_ok(run_argv(&e, "visudo", "-c", "-f", copy, NULL), &e);
}

static void assert_no_note(const struct fixture *f)
{
	if (f->notes.n)
		fail_msg("noted: %s", f->notes.v[0]);
}

#define HEAD                                                                               \
	"# Edit with visudo.\nDefaults\tenv_reset\nroot\tALL=(ALL:ALL) ALL\n"              \
	"%sudo\tALL=(ALL:ALL) ALL\nCmnd_Alias\tOFF = /sbin/poweroff, \\\n\t/sbin/reboot\n" \
	"me  ALL=OFF # pi ALL=(ALL) ALL\n"
#define INCLUDE "@includedir /etc/sudoers.d\n"

/* sudoers with these lines of pi's becomes `after`, behind the same head. */
static void becomes(const char *sudo, const char *lines, const char *after)
{
	struct fixture f;
	autofree char *before = xasprintf("%s%s", HEAD, lines);
	autofree char *wanted = xasprintf("%s%s", HEAD, after);
	autofree char *profile = xasprintf("user \"pi\" { uid = 1001 sudo = %s }", sudo);
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers", before);
	fixture_profile(&f, profile);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers", wanted);
	visudo_accepts(&f);
	fixture_done(&f);
}

static void rules_in_sudoers_itself_give_way(void **state)
{
	(void)state;
	static const char *const sudo[] = {"none", "password", "nopasswd"};
	static const char *const lines[] = {
		"pi ALL=(ALL) NOPASSWD: ALL\n",
		"  \"pi\"\tALL=(ALL) NOPASSWD: ALL # for now\n",
		"#1001 ALL=(ALL) NOPASSWD: ALL\n",
		"Defaults:pi !authenticate\n",
		"pi ALL=(ALL) \\\n\tNOPASSWD: ALL\npi, #1001 ALL=(ALL) ALL\n",
	};
	for (size_t s = 0; s < 3; s++) {
		for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
			autofree char *first = xasprintf("%s" INCLUDE, lines[i]);
			autofree char *last = xasprintf(INCLUDE "%s", lines[i]);
			becomes(sudo[s], first, INCLUDE);
			becomes(sudo[s], last, INCLUDE);
		}
	}
}

/* sudo ends a comment at the end of its line, whatever its last character is. */
static void a_rule_behind_a_comment_is_seen(void **state)
{
	(void)state;
	becomes("none", "# see below \\\npi ALL=(ALL) ALL\n" INCLUDE, "# see below \\\n" INCLUDE);
}

static void a_rule_for_others_too_stays_theirs(void **state)
{
	(void)state;
	becomes("none", "me, pi ,#1001, ops ALL=(ALL) ALL\n" INCLUDE,
		"me, ops ALL=(ALL) ALL\n" INCLUDE);
	becomes("none", "pi,me ALL=(ALL) ALL\n" INCLUDE, "me ALL=(ALL) ALL\n" INCLUDE);
	becomes("none", "me, pi ALL=(ALL) ALL\n" INCLUDE, "me ALL=(ALL) ALL\n" INCLUDE);
	becomes("none", "pie ALL=(ALL) ALL\nme ALL=(pi) ALL\n" INCLUDE,
		"pie ALL=(ALL) ALL\nme ALL=(pi) ALL\n" INCLUDE);
}

static void the_rules_of_the_profile_are_read(void **state)
{
	(void)state;
	becomes("password", "", "#includedir /etc/sudoers.d\n");
	becomes("nopasswd", "ops ALL=(ALL) ALL", "ops ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n");
	becomes("password", "# @includedir /etc/sudoers.d\n",
		"# @includedir /etc/sudoers.d\n#includedir /etc/sudoers.d\n");
}

static void the_rules_of_the_profile_are_read_last(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"ALL ALL=(ALL) ALL\n", "%sudo ALL=(ALL) NOPASSWD: ALL\n",
		"%pi ALL=(ALL) NOPASSWD: ALL\n", "+lab ALL=(ALL) NOPASSWD: ALL\n",
		"User_Alias B = A : C = me\nUser_Alias A = me, pi\nB ALL=(ALL) NOPASSWD: ALL\n"};
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		autofree char *before = xasprintf(INCLUDE "%s", rules[i]);
		autofree char *after = xasprintf("%s#includedir /etc/sudoers.d\n", rules[i]);
		becomes("password", before, after);
	}
	becomes("password", INCLUDE "ops ALL=(ALL) ALL\n#included\n",
		INCLUDE "ops ALL=(ALL) ALL\n#included\n");
}

/* A profile with `sudo = none` (or so) and what is noted of this line; NULL: nothing. */
static void noted(const char *sudo, const char *path, const char *line, const char *note)
{
	struct fixture f;
	autofree char *file = xasprintf("root%s", path);
	autofree char *text = xasprintf("%s" INCLUDE, line);
	autofree char *profile =
		xasprintf("user \"pi\" { uid = 1001 groups = {\"video\"} password-hash = "
			  "'$y$j9T$abcdefghijkl$abcdefghijkl' sudo = %s }",
			  sudo);
	fixture_init(&f);
	fixture_put(&f, "root/etc/sudoers", INCLUDE);
	fixture_put(&f, file, strcmp(path, "/etc/sudoers") == 0 ? text : line);
	fixture_profile(&f, profile);
	fixture_run(&f, &custom_user);
	if (note)
		assert_note(&f, note);
	else
		assert_no_note(&f);
	fixture_done(&f);
}

static void rules_that_may_count_are_noted(void **state)
{
	(void)state;
	noted("none", "/etc/sudoers", "\n%video ALL=(ALL) ALL\n",
	      "/etc/sudoers:2: %video ALL=(ALL) ALL may count for user pi");
	noted("none", "/etc/sudoers", "User_Alias A = pi\nA ALL=(ALL) ALL\n",
	      "/etc/sudoers:2: A ALL=(ALL) ALL may count");
	noted("none", "/etc/sudoers", "#include /etc/sudoers.local\n", "/etc/sudoers:1: #include");
	noted("none", "/etc/sudoers", "%sudo ALL=(ALL) ALL\n%adm ALL=(ALL) ALL\n", NULL);
	noted("none", "/etc/sudoers", "ALL, !pi ALL=(ALL) ALL\n", NULL);
	noted("password", "/etc/sudoers", "%video ALL=(ALL) ALL\n", NULL);
	noted("password", "/etc/sudoers", "Defaults !authenticate\n", "/etc/sudoers:1: Defaults");
	noted("nopasswd", "/etc/sudoers", "Defaults !authenticate\n", NULL);
	noted("password", "/etc/sudoers.d/00", "%video ALL=(ALL) NOPASSWD: ALL\n", NULL);
	noted("password", "/etc/sudoers.d/90", "%video ALL=(ALL) NOPASSWD: ALL\n",
	      "/etc/sudoers.d/90:1: %video");
}

static void sudo_without_a_directory_for_rules_gets_one(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *dir = fixture_host(&f, "/etc/sudoers.d");
	assert_int_equal(rmdir(dir), 0);
	fixture_put(&f, "root/etc/sudoers", "pi ALL=(ALL) ALL\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 sudo = nopasswd }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/etc/sudoers.d", "0750 0 0");
	assert_file(&f, "/etc/sudoers", "#includedir /etc/sudoers.d\n");
	assert_file(&f, OURS "pi", "pi ALL=(ALL:ALL) NOPASSWD: ALL\n");
	fixture_done(&f);
}

static void sudoers_of_an_overlay_stays(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/sudoers", "pi ALL=(ALL) !/bin/su\n");
	fixture_profile(&f, "overlays = {\"./site\"}\nuser \"pi\" { uid = 1001 sudo = nopasswd }");
	fixture_run(&f, &custom_overlay);
	fixture_run(&f, &custom_user);
	assert_file(&f, "/etc/sudoers", "pi ALL=(ALL) !/bin/su\n");
	assert_note(&f, "/etc/sudoers of an overlay stays");
	assert_note(&f, "/etc/sudoers of an overlay does not end with");
	fixture_done(&f);
}

/* What sudo does not read is nobody's; what it includes stands where the line is. */
static void inspect_tells_what_sudo_reads(void **state)
{
	(void)state;
	static const struct {
		const char *sudoers, *how;
	} cases[] = {{"", "none"},
		     {"pi ALL=(ALL) NOPASSWD: ALL\n", "nopasswd"},
		     {"pi ALL=(ALL) NOPASSWD: ALL\n" INCLUDE, "password"},
		     {INCLUDE "pi ALL=(ALL) NOPASSWD: ALL\n", "nopasswd"},
		     {"#include sudoers.more\n", "nopasswd"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		auto_err e = ERR_INIT;
		struct inspect told = {0};
		fixture_init(&f);
		fixture_put(&f, "root/etc/sudoers", cases[i].sudoers);
		fixture_put(&f, "root/etc/sudoers.more", "me, pi ALL=(ALL) NOPASSWD: ALL\n");
		fixture_put(&f, "root/etc/sudoers.d/50", "pi ALL=(ALL) ALL\n");
		fixture_put(&f, "root/etc/sudoers.d/60.old", "pi ALL=(ALL) NOPASSWD: ALL\n");
		assert_ok(inspect_image(&(struct image){.tree = f.tree}, &told, &e), &e);
		assert_int_equal(told.n_users, 1);
		assert_string_equal(told.users[0].sudo, cases[i].how);
		inspect_done(&told);
		fixture_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visudo_accepts_each_rule),
		cmocka_unit_test(the_operator_needs_no_password),
		cmocka_unit_test(an_operator_may_do_without_sudo),
		cmocka_unit_test(stock_rules_give_way_to_the_profiles),
		cmocka_unit_test(stock_rules_stay_when_the_profile_says_nothing),
		cmocka_unit_test(sudo_none_leaves_the_groups_that_have_it),
		cmocka_unit_test(a_group_that_the_profile_names_is_kept),
		cmocka_unit_test(an_image_without_sudo_is_noted),
		cmocka_unit_test(sudo_with_a_password_that_nobody_has_is_noted),
		cmocka_unit_test(rules_of_overlays_stay),
		cmocka_unit_test(rules_in_sudoers_itself_give_way),
		cmocka_unit_test(a_rule_behind_a_comment_is_seen),
		cmocka_unit_test(a_rule_for_others_too_stays_theirs),
		cmocka_unit_test(the_rules_of_the_profile_are_read),
		cmocka_unit_test(the_rules_of_the_profile_are_read_last),
		cmocka_unit_test(rules_that_may_count_are_noted),
		cmocka_unit_test(sudo_without_a_directory_for_rules_gets_one),
		cmocka_unit_test(sudoers_of_an_overlay_stays),
		cmocka_unit_test(inspect_tells_what_sudo_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
