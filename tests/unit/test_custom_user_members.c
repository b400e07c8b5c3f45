/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same numbers on all nodes, whichever member's profile makes them. */
#include "../custom/fixture.h"

#define OTHER "role = master\nhostname = master\nplanned = 1\nbase = none\ncluster = testbed\n"
#define MEMBERS "\nmembers = {\"./worker.conf\", \"./other.conf\"}\n"

static void init(struct fixture *f, const char *theirs)
{
	autofree char *other = xasprintf(OTHER "%s", theirs);
	fixture_init(f);
	fixture_put(f, "other.conf", other);
}

static void refused(const char *ours, const char *theirs, const char *fragment)
{
	struct fixture f;
	autofree char *profile = xasprintf("%s" MEMBERS, ours);
	init(&f, theirs);
	assert_refused(&f, &custom_user, profile, fragment);
	fixture_done(&f);
}

static void planned(const char *ours, const char *theirs)
{
	struct fixture f;
	autofree char *profile = xasprintf("%s" MEMBERS, ours);
	init(&f, theirs);
	fixture_profile(&f, profile);
	fixture_run(&f, &custom_user);
	fixture_done(&f);
}

static void a_user_with_two_uids_is_refused(void **state)
{
	(void)state;
	refused("user \"ops\" {\nuid = 2000\n}", "user \"ops\" {\nuid = 2001\n}",
		"worker.conf:2: user 'ops' has UID 2000 here and 2001 at");
	refused("user \"ops\" {\nuid = 2000\n}", "user \"ops\" {\nuid = 2001\n}",
		"other.conf:7, in another profile");
	refused("user \"pi\" {\nuid = 1001\nrename-to = \"ops\" }", "user \"ops\" {\nuid = 2001\n}",
		"worker.conf:2: user 'ops' has UID 1001 here and 2001 at");
}

static void a_user_with_two_gids_is_refused(void **state)
{
	(void)state;
	refused("user \"ops\" {\nuid = 2000\ngid = 2002\n}", "user \"ops\" {\nuid = 2000\n}",
		"worker.conf:3: user 'ops' has GID 2002 here and 2000 at");
	refused("user \"ops\" {\nuid = 2000\n}", "user \"ops\" { uid = 2000\ngid = 2002 }",
		"worker.conf:2: user 'ops' has GID 2000 here and 2002 at");
}

static void a_uid_of_two_users_is_refused(void **state)
{
	(void)state;
	refused("user \"ops\" {\nuid = 2000\n}", "user \"mpi\" {\nuid = 2000\n}",
		"worker.conf:2: UID 2000 of user 'ops' is that of user 'mpi' at");
}

static void equal_numbers_and_users_of_one_member_are_not(void **state)
{
	(void)state;
	planned("user \"ops\" { uid = 2000 }\nuser \"mpi\" { uid = 2001 }",
		"user \"ops\" { uid = 2000 gid = 2000 sudo = none }\nuser \"slurm\" { uid = 2002 "
		"}");
	planned("user \"pi\" { rename-to = \"ops\" }\nuser \"ops\" { uid = 1001 }",
		"user \"ubuntu\" { rename-to = \"ops\" }\nuser \"ops\" { uid = 1001 }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_with_two_uids_is_refused),
		cmocka_unit_test(a_user_with_two_gids_is_refused),
		cmocka_unit_test(a_uid_of_two_users_is_refused),
		cmocka_unit_test(equal_numbers_and_users_of_one_member_are_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
