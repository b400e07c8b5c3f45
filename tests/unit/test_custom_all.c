/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds for all customisations together, and for the profiles and texts that ship with them.
 */
#include "../custom/fixture.h"

#define SITE                                                                                \
	"address = \"10.0.0.%d/24\"\nfirst-address = 11\ntarget = \"multi-user.target\"\n"  \
	"overlays = {\"./site\"}\nwired { }\n"                                              \
	"disable-units = multi-user.target\nmask-units = graphical.target\n"                \
	"share \"/srv/a\" { from = worker001 }\nshare \"/b\" { from = \"10.0.0.250\" }\n"   \
	"user \"ops\" { uid = 1000 groups = {\"sudo\"} sudo = nopasswd operator = true }\n" \
	"user \"mpi\" { uid = 2000 groups = {\"video\"} }\n"

/* The directory of the source tree: tests run in it, or are told by the environment. */
static char *source_path(const char *path)
{
	const char *dir = getenv("CARDSTOCK_SOURCE");
	return path_join(dir ? dir : ".", path);
}

static void build_plans(struct fixture *f, struct plan *role, struct plan *node)
{
	auto_err e = ERR_INIT;
	struct plan_ctx ctx = {.profile = f->profile,
			       .cluster = f->cluster,
			       .tree = f->tree,
			       .plan = role,
			       .now = FIXTURE_NOW};
	assert_ok(plan_build_role(&ctx, &e), &e);
	ctx.plan = node;
	ctx.node = &f->cluster->members[0].nodes[0];
	assert_ok(plan_build_node(&ctx, &e), &e);
}

static void a_plan_on_a_patched_image_is_empty(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/hosts", "127.0.0.1 localhost\n");
	fixture_put(&f, "site/root/etc/motd", "${hostname}\n");
	fixture_put(&f, "site/root/home/ops/bin/run", "x\n");
	fixture_put(&f, "site/attrs",
		    "/etc/motd 0644 root root template\n"
		    "/home/ops/** 0755 ops ops\n");
	fixture_profile_with_keys(&f, SITE);
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	build_plans(&f, role, node);
	assert_true(plan_count(role) > 10 && plan_count(node) > 3);
	assert_ok(plan_apply(role, f.tree, &e), &e);
	assert_ok(plan_apply(node, f.tree, &e), &e);
	auto_plan *role_again = plan_new(NULL);
	auto_plan *node_again = plan_new(role_again);
	build_plans(&f, role_again, node_again);
	for (size_t i = 0; i < plan_count(role_again); i++)
		print_message("left: %s\n", plan_get(role_again, i)->path);
	for (size_t i = 0; i < plan_count(node_again); i++)
		print_message("left: %s\n", plan_get(node_again, i)->path);
	assert_int_equal(plan_count(role_again) + plan_count(node_again), 0);
	fixture_done(&f);
}

static void what_an_overlay_brings_is_edited_not_lost(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/hosts", "10.9.9.9 printer\n");
	fixture_put(&f, "site/root/etc/skel/.vimrc", "set ts=8\n");
	fixture_profile_with_keys(&f, SITE);
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	build_plans(&f, role, node);
	assert_ok(plan_apply(role, f.tree, &e), &e);
	assert_file_has(&f, "/etc/hosts", "10.9.9.9 printer\n# BEGIN cardstock hosts\n");
	assert_file(&f, "/home/ops/.vimrc", "set ts=8\n");
	fixture_done(&f);
}

static void a_template_for_hosts_gets_the_block_too(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/hosts", "127.0.0.1 localhost\n10.1.0.${number} wlan\n");
	fixture_put(&f, "site/attrs", "/etc/hosts 0644 root root template\n");
	fixture_profile_with_keys(&f, SITE);
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	build_plans(&f, role, node);
	assert_ok(plan_apply(role, f.tree, &e), &e);
	assert_ok(plan_apply(node, f.tree, &e), &e);
	assert_file_has(&f, "/etc/hosts", "10.1.0.1 wlan\n# BEGIN cardstock hosts\n10.0.0.11\t");
	fixture_done(&f);
}

static void nothing_of_the_node_is_in_the_roles_plan(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/motd", "welcome\n");
	fixture_profile_with_keys(&f, SITE);
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	build_plans(&f, role, node);
	for (size_t i = 0; i < plan_count(role); i++) {
		const struct change *c = plan_get(role, i);
		assert_string_not_equal(c->path, "/etc/hostname");
		assert_null(strstr(c->path, "ssh_host_"));
	}
	fixture_done(&f);
}

/* The shipped profiles need no file of the home directory. */
static void load_shipped(const char *name, size_t nodes)
{
	auto_err e = ERR_INIT;
	auto_strv search = {0};
	auto_profile *p = NULL;
	auto_cluster *c = NULL;
	autofree char *path = source_path(name);
	strv_add_owned(&search, source_path("profiles"));
	assert_ok(profile_load(path, &search, &p, &e), &e);
	for (size_t i = 0; customs[i]; i++) {
		if (customs[i]->check)
			assert_ok(customs[i]->check(p, &e), &e);
	}
	assert_ok(cluster_open("no-such-cluster", p, &search, CLUSTER_READ, &c, &e), &e);
	const struct member *m = cluster_member(c, profile_str(p, "role"));
	assert_non_null(m);
	assert_int_equal(m->n_nodes, nodes);
}

static void the_shipped_profiles_are_valid(void **state)
{
	(void)state;
	load_shipped("profiles/master.conf", 1);
	load_shipped("profiles/worker.conf", 64);
}

/* Load the lines between "```conf" and "```" as a profile. */
static void try_example(const char *file, const char *example)
{
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	if (fixture_load(&f, example, CLUSTER_READ, &e) < 0)
		fail_msg("%s: %s", file, e.msg);
	for (size_t i = 0; customs[i]; i++) {
		if (customs[i]->check)
			assert_ok(customs[i]->check(f.profile, &e), &e);
	}
	fixture_done(&f);
}

static size_t try_examples(const char *file, const char *text)
{
	size_t n = 0;
	for (const char *s = text; (s = strstr(s, "```conf\n")); n++) {
		s += strlen("```conf\n");
		const char *end = strstr(s, "\n```");
		assert_non_null(end);
		autofree char *example = xstrndup(s, (size_t)(end - s));
		try_example(file, example);
	}
	return n;
}

static void every_customisation_is_documented_by_a_valid_example(void **state)
{
	(void)state;
	for (size_t i = 0; customs[i]; i++) {
		auto_str text = STR_INIT;
		auto_err e = ERR_INIT;
		autofree char *name = xasprintf("docs/man/keys/%s.md", customs[i]->name);
		autofree char *path = source_path(name);
		assert_ok(io_read_file(path, 1 << 16, &text, &e), &e);
		size_t examples = try_examples(name, str_text(&text));
		if (customs[i]->keys && customs[i]->keys->name)
			assert_true(examples > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_on_a_patched_image_is_empty),
		cmocka_unit_test(what_an_overlay_brings_is_edited_not_lost),
		cmocka_unit_test(a_template_for_hosts_gets_the_block_too),
		cmocka_unit_test(nothing_of_the_node_is_in_the_roles_plan),
		cmocka_unit_test(the_shipped_profiles_are_valid),
		cmocka_unit_test(every_customisation_is_documented_by_a_valid_example),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
