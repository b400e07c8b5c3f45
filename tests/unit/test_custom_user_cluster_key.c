/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cluster-ssh: who has the user's private key, and where it opens. */
#include "../custom/fixture.h"

#define SSH "/home/mpi/.ssh/"

/* Plan and make an image of this role for the user mpi with these keys. */
static void build(struct fixture *f, const char *role, const char *text)
{
	autofree char *all = xasprintf("role = %s\nuser \"mpi\" { uid = 2000 %s", role, text);
	fixture_init(f);
	fixture_profile_with_keys(f, all);
	fixture_run(f, &custom_user);
}

static void assert_public(struct fixture *f)
{
	auto_str key = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(cluster_read(f->cluster, "keys/user-mpi.pub", &key, &e), &e);
	assert_file(f, SSH "authorized_keys", str_text(&key));
	assert_attr(f, SSH "authorized_keys", "0600 2000 2000");
	assert_non_null(strstr(str_text(&key), " mpi@"));
}

/* ssh-keygen makes the public key of it that all nodes know. */
static void assert_private(struct fixture *f)
{
	auto_err e = ERR_INIT;
	auto_str public = STR_INIT;
	autofree char *path = fixture_host(f, SSH "id_ed25519");
	assert_attr(f, SSH "id_ed25519", "0600 2000 2000");
	assert_attr(f, SSH "id_ed25519.pub", "0644 2000 2000");
	assert_attr(f, "/home/mpi/.ssh", "0700 2000 2000");
	assert_int_equal(chmod(path, 0600), 0);
	const char *argv[] = {"ssh-keygen", "-y", "-P", "", "-f", path, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &public}, &e), &e);
	assert_file(f, SSH "authorized_keys", str_text(&public));
}

static void the_master_has_the_key(void **state)
{
	(void)state;
	struct fixture f;
	build(&f, "master", "cluster-ssh = true }");
	assert_public(&f);
	assert_private(&f);
	fixture_done(&f);
}

static void a_worker_only_lets_it_in(void **state)
{
	(void)state;
	struct fixture f;
	build(&f, "worker", "cluster-ssh = true }");
	assert_public(&f);
	assert_attr(&f, SSH "id_ed25519", "none");
	assert_note(&f, "there is no role 'master'; name one of worker in cluster-ssh-from");
	fixture_done(&f);
}

static void all_to_all_puts_it_everywhere(void **state)
{
	(void)state;
	struct fixture f;
	build(&f, "worker", "cluster-ssh = all-to-all }");
	assert_public(&f);
	assert_private(&f);
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void another_role_can_be_the_origin(void **state)
{
	(void)state;
	struct fixture f;
	build(&f, "login", "cluster-ssh = true }\ncluster-ssh-from = {login}");
	assert_private(&f);
	fixture_done(&f);
}

static void without_it_no_key_is_made(void **state)
{
	(void)state;
	struct fixture f;
	build(&f, "master", "}");
	assert_attr(&f, "/home/mpi/.ssh", "none");
	assert_false(cluster_has(f.cluster, "keys/user-mpi"));
	fixture_done(&f);
}

static void the_key_is_made_once_and_never_shown(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	build(&f, "master", "cluster-ssh = true }");
	autofree char *before = fixture_text(&f, SSH "id_ed25519");
	auto_plan *plan = plan_new(NULL);
	struct plan_ctx ctx = {
		.profile = f.profile, .cluster = f.cluster, .tree = f.tree, .plan = plan};
	assert_ok(custom_user.prepare(f.profile, f.cluster, &e), &e);
	assert_ok(custom_user.plan(&ctx, &e), &e);
	size_t secrets = 0;
	for (size_t i = 0; i < plan_count(plan); i++)
		secrets += plan_get(plan, i)->secret;
	assert_int_equal(secrets, 1);
	fixture_run(&f, &custom_user);
	assert_file(&f, SSH "id_ed25519", before);
	fixture_done(&f);
}

static void a_plan_makes_no_key(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, "role = master\nuser \"mpi\" { uid = 2000 cluster-ssh = true }");
	fixture_run(&f, &custom_user);
	assert_file(&f, SSH "authorized_keys", "‹generated at build›\n");
	assert_false(cluster_has(f.cluster, "keys"));
	fixture_done(&f);
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_user, "user \"mpi\" { uid = 2000\ncluster-ssh = some }",
		       "worker.conf:2: cluster-ssh: 'some' is none of false|true|all-to-all");
	assert_refused(&f, &custom_user,
		       "user \"mpi\" { uid = 2000 cluster-ssh = true }\n"
		       "cluster-ssh-from = {worker, boss}",
		       "worker.conf:2: 'boss' is no role of this cluster; there is: worker");
	fixture_done(&f);
}

static void a_renamed_user_has_the_key_of_the_new_name(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile_with_keys(
		&f, "user \"pi\" { uid = 2000 rename-to = \"mpi\" cluster-ssh = true }");
	fixture_run(&f, &custom_user);
	assert_public(&f);
	assert_false(cluster_has(f.cluster, "keys/user-pi"));
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_master_has_the_key),
		cmocka_unit_test(a_worker_only_lets_it_in),
		cmocka_unit_test(all_to_all_puts_it_everywhere),
		cmocka_unit_test(another_role_can_be_the_origin),
		cmocka_unit_test(without_it_no_key_is_made),
		cmocka_unit_test(the_key_is_made_once_and_never_shown),
		cmocka_unit_test(a_plan_makes_no_key),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(a_renamed_user_has_the_key_of_the_new_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
