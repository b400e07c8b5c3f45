/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What render does beside writing files: those who read them are told, exactly when they have to
 * be. */
#include "registry_fixture.h"

#include "registry/render.h"
#include "registry/secret.h"
#include "run.h"

static const struct render how = {.root = "root", .reload = true, .dir = "registry"};

/* A program that writes its name and its arguments to ./told, or fails. */
static void put_program(const char *name, int status)
{
	autofree char *path = xasprintf("bin/%s", name);
	autofree char *text = xasprintf("#!/bin/sh\necho %s \"$@\" >>told\nexit %d\n", name,
					status);
	put_file(path, text);
	assert_int_equal(chmod(path, 0755), 0);
}

static int enter(void **state)
{
	static const char *const dirs[] = {"bin", "root", "root/etc", "root/etc/exports.d",
					   "root/etc/slurm"};
	if (workdir_enter(state) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		assert_int_equal(mkdir(dirs[i], 0755), 0);
	put_program("exportfs", 0);
	put_program("systemctl", 0);
	autofree char *path = xasprintf("%s/bin:/usr/bin:/bin", ((struct workdir *)*state)->path);
	return setenv("PATH", path, 1);
}

static const struct output *find(const char *name)
{
	const struct output *o = outputs;
	while (strcmp(o->name, name) != 0)
		o++;
	return o;
}

/* Bring one output up to date; returns whether it changed. */
static int render(struct store *s, const char *name)
{
	auto_err e = ERR_INIT;
	auto_view v = {0};
	assert_ok(view_load(s, &v, &e), &e);
	int changed = render_output(&how, find(name), &v, &e);
	assert_ok(changed, &e);
	return changed;
}

static void assert_told_by_render(const char *expected)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	unlink("told");
	assert_ok(render_reload(&how, &e), &e);
	if (access("told", F_OK) == 0)
		assert_ok(io_read_file("told", 4096, &text, &e), &e);
	assert_string_equal(str_text(&text), expected);
}

static void a_changed_file_is_told_of_once(void **state)
{
	auto_store *s = open_registry(PLAN "export = /srv rw\nslurm = yes\n");
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	assert_int_equal(render(s, "exports"), 1);
	assert_int_equal(render(s, "slurm"), 1);
	assert_told_by_render("exportfs -ra\nsystemctl try-restart slurmctld.service\n");
	assert_int_equal(render(s, "exports"), 0);
	assert_told_by_render("");
	workdir_passed(state);
}

static void registering_never_touches_slurm(void **state)
{
	auto_store *s = open_registry(PLAN "slurm = yes\n");
	render(s, "slurm");
	assert_told_by_render("systemctl try-restart slurmctld.service\n");
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	assert_int_equal(render(s, "slurm"), 0);
	assert_told_by_render("");
	workdir_passed(state);
}

static void a_run_that_was_killed_before_it_told_is_made_good(void **state)
{
	auto_store *s = open_registry(PLAN "export = /srv rw\n");
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	assert_int_equal(render(s, "exports"), 1);
	/* Killed here.  The next run finds the file as it should be. */
	assert_int_equal(render(s, "exports"), 0);
	assert_told_by_render("exportfs -ra\n");
	workdir_passed(state);
}

static void who_could_not_be_told_is_told_by_the_next_run(void **state)
{
	auto_store *s = open_registry(PLAN "export = /srv rw\n");
	auto_err e = ERR_INIT;
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	render(s, "exports");
	put_program("exportfs", 1);
	assert_fails(render_reload(&how, &e), &e, ERR_FAILED, "exports: exportfs: exit code 1");
	put_program("exportfs", 0);
	assert_told_by_render("exportfs -ra\n");
	workdir_passed(state);
}

static void a_service_that_is_not_installed_need_not_be_told(void **state)
{
	auto_store *s = open_registry(PLAN "slurm = yes\n");
	render(s, "slurm");
	put_program("systemctl", 5);
	assert_told_by_render("systemctl try-restart slurmctld.service\n");
	assert_told_by_render("");
	workdir_passed(state);
}

static void one_that_cannot_be_told_keeps_no_other_from_it(void **state)
{
	auto_store *s = open_registry(PLAN "export = /srv rw\nslurm = yes\n");
	auto_err e = ERR_INIT;
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	render(s, "exports");
	render(s, "slurm");
	put_program("exportfs", 1);
	assert_fails(render_reload(&how, &e), &e, ERR_FAILED, "exports: exportfs: exit code 1");
	assert_int_equal(access("registry/reload-exports", F_OK), 0);
	assert_int_equal(access("registry/reload-slurm", F_OK), -1);
	workdir_passed(state);
}

static void a_program_that_is_not_installed_need_not_be_told(void **state)
{
	auto_store *s = open_registry(PLAN "export = /srv rw\n");
	assert_told(s, with_card("worker001", 1, 1),
		    &(struct board){.serial = 1, .mac = 1, .id = 1}, "accepted", "");
	render(s, "exports");
	assert_int_equal(unlink("bin/exportfs"), 0);
	if (run_is_installed("exportfs"))
		skip(); /* this machine has its own, which we must not run */
	assert_told_by_render("");
	assert_int_equal(access("registry/reload-exports", F_OK), -1);
	workdir_passed(state);
}

/* The directory belongs to the user munge, who must not choose what root writes, or reads. */
static void a_link_in_the_place_of_our_file_is_replaced(void **state)
{
	auto_store *s = open_registry(PLAN "slurm = yes\n");
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	struct stat st;
	put_file("root/etc/shadow", "root:*:1::::::\n");
	assert_int_equal(symlink("../shadow", "root/etc/slurm/nodes.conf"), 0);
	assert_int_equal(render(s, "slurm"), 1);
	assert_ok(io_read_file("root/etc/shadow", 4096, &text, &e), &e);
	assert_string_equal(str_text(&text), "root:*:1::::::\n");
	assert_int_equal(lstat("root/etc/slurm/nodes.conf", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	workdir_passed(state);
}

/* The table's output with a user that no machine has. */
static struct output munge_of_nobody(void)
{
	struct output o = *find("munge");
	o.owner = "no-such-user";
	return o;
}

static void the_user_of_a_program_that_is_not_installed_is_not_needed(void **state)
{
	auto_store *s = open_registry(PLAN "munge = yes\n");
	auto_err e = ERR_INIT;
	auto_view v = {0};
	const struct output o = munge_of_nobody();
	assert_ok(secret_rotate(s, SECRET_MUNGE, &e), &e);
	assert_ok(view_load(s, &v, &e), &e);
	assert_int_equal(render_output(&how, &o, &v, &e), 0);
	assert_int_equal(mkdir("root/etc/munge", 0755), 0);
	assert_fails(render_output(&how, &o, &v, &e), &e, ERR_FAILED,
		     "there is no user 'no-such-user'");
	assert_int_equal(access("root/etc/munge/munge.key", F_OK), -1);
	workdir_passed(state);
}

static void a_plan_without_munge_needs_no_user_of_munge(void **state)
{
	auto_store *s = open_registry(PLAN);
	auto_err e = ERR_INIT;
	auto_view v = {0};
	const struct output o = munge_of_nobody();
	assert_int_equal(mkdir("root/etc/munge", 0755), 0);
	put_file("root/etc/munge/munge.key", "former");
	assert_ok(view_load(s, &v, &e), &e);
	assert_ok(render_output(&how, &o, &v, &e), &e);
	assert_int_equal(access("root/etc/munge/munge.key", F_OK), -1);
	workdir_passed(state);
}

#define IN_WORKDIR(test) cmocka_unit_test_setup_teardown(test, enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(a_changed_file_is_told_of_once),
		IN_WORKDIR(registering_never_touches_slurm),
		IN_WORKDIR(a_run_that_was_killed_before_it_told_is_made_good),
		IN_WORKDIR(who_could_not_be_told_is_told_by_the_next_run),
		IN_WORKDIR(a_service_that_is_not_installed_need_not_be_told),
		IN_WORKDIR(one_that_cannot_be_told_keeps_no_other_from_it),
		IN_WORKDIR(a_program_that_is_not_installed_need_not_be_told),
		IN_WORKDIR(a_link_in_the_place_of_our_file_is_replaced),
		IN_WORKDIR(the_user_of_a_program_that_is_not_installed_is_not_needed),
		IN_WORKDIR(a_plan_without_munge_needs_no_user_of_munge),
	};
	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
