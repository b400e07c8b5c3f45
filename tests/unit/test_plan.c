/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "planned.h"

/* What the plan shows a customisation at path. */
static void assert_sees(struct planned *p, const char *path, const char *text)
{
	auto_str got = STR_INIT;
	assert_ok(plan_read(&p->ctx, path, &got, &p->e), &p->e);
	assert_string_equal(str_text(&got), text);
}

static void assert_sees_type(struct planned *p, const char *path, enum file_type type)
{
	struct fs_stat st;
	assert_ok(plan_stat(&p->ctx, path, &st, &p->e), &p->e);
	assert_int_equal(st.type, type);
}

static void assert_lists(struct planned *p, const char *path, const char *names)
{
	auto_strv got = {0};
	auto_str joined = STR_INIT;
	assert_ok(plan_list(&p->ctx, path, &got, &p->e), &p->e);
	strv_foreach (name, &got)
		str_printf(&joined, "%s%s", joined.len ? " " : "", *name);
	assert_string_equal(str_text(&joined), names);
}

static void the_image_is_seen(void **state)
{
	struct planned *p = *state;
	auto_str none = STR_INIT;
	autofree char *target = NULL;
	assert_sees(p, "/etc/os-release", "ID=debian\n");
	assert_sees_type(p, "/nowhere/at/all", FILE_NONE);
	assert_lists(p, "/lib", "os-release");
	assert_lists(p, "/nowhere", "");
	assert_int_equal(plan_exists(&p->ctx, "/etc/resolv.conf", &p->e), 1);
	assert_int_equal(plan_exists(&p->ctx, "/etc/hostname/x", &p->e), 0);
	assert_int_equal(plan_read_optional(&p->ctx, "/etc/resolv.conf", &none, &p->e), 0);
	assert_fails(plan_read(&p->ctx, "/etc/motd", &none, &p->e), &p->e, ERR_IMAGE,
		     "/etc/motd: no such file in the image");
	assert_fails(plan_read(&p->ctx, "/etc", &none, &p->e), &p->e, ERR_IMAGE,
		     "not a regular file");
	assert_ok(plan_readlink(&p->ctx, "/lib", &target, &p->e), &p->e);
	assert_string_equal(target, "usr/lib");
	assert_int_equal(plan_count(p->ctx.plan), 0);
}

static void planned_states_are_seen(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "worker001\n");
	planned_write(p, "/srv/data/x", "1");
	assert_ok(plan_symlink(&p->ctx, "/etc/alias", "hostname", "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	assert_sees(p, "/etc/alias", "worker001\n");
	assert_lists(p, "/srv", "data");
	assert_lists(p, "/etc", "alias escape hostname os-release ping pong resolv.conf shadow");
	assert_sees_type(p, "/etc/ssh/key", FILE_NONE);
	assert_lists(p, "/etc/ssh", "");
}

static void a_node_sees_the_plan_of_its_role(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hosts", "role\n");
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	struct plan *role = steal(&p->ctx.plan);
	planned_again(p, role);
	assert_sees(p, "/etc/hosts", "role\n");
	planned_write(p, "/etc/hosts", "node\n");
	planned_write(p, "/etc/ssh/new", "");
	assert_sees(p, "/etc/hosts", "node\n");
	assert_lists(p, "/etc/ssh", "new");
	assert_int_equal(planned_at(p, "/etc/ssh")->kind, CHANGE_MKDIR);
	plan_free(steal(&p->ctx.plan));
	plan_free(role);
}

static void missing_parents_are_planned(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/lib/a/b/c", "x");
	assert_int_equal(plan_count(p->ctx.plan), 3);
	assert_string_equal(plan_get(p->ctx.plan, 0)->path, "/usr/lib/a");
	assert_int_equal(plan_get(p->ctx.plan, 1)->mode, 0755);
	assert_string_equal(plan_get(p->ctx.plan, 1)->why, "because");
	assert_string_equal(plan_get(p->ctx.plan, 2)->path, "/usr/lib/a/b/c");
}

static void symlinks_are_followed_by_write_alone(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/resolv.conf", "nameserver ::1\n");
	assert_non_null(planned_at(p, "/run/resolv.conf"));
	assert_null(planned_at(p, "/etc/resolv.conf"));
	assert_ok(plan_remove(&p->ctx, "/etc/os-release", "w", &p->e), &p->e);
	assert_non_null(planned_at(p, "/etc/os-release"));
	assert_sees(p, "/usr/lib/os-release", "ID=debian\n");
	assert_fails(plan_mkdir(&p->ctx, "/lib", ATTR_KEEP, "w", &p->e), &p->e, ERR_PROFILE,
		     "the image has a symbolic link there");
}

static void hostile_symlinks_stay_inside(void **state)
{
	struct planned *p = *state;
	struct fs_stat st;
	planned_write(p, "/etc/escape/x", "");
	assert_non_null(planned_at(p, "/outside/x"));
	assert_fails(plan_stat(&p->ctx, "/etc/ping", &st, &p->e), &p->e, ERR_IMAGE,
		     "/etc/ping: more than 40 symbolic links");
	assert_fails(plan_write(&p->ctx, "/etc/pong/x", "", 0, ATTR_KEEP, "w", &p->e), &p->e,
		     ERR_IMAGE, "they loop");
	planned_link(p->root, "/etc/bell", "/etc/\a");
	assert_fails(plan_write(&p->ctx, "/etc/bell", "", 0, ATTR_KEEP, "w", &p->e), &p->e,
		     ERR_PROFILE, "control character");
}

static void planned_symlinks_can_loop_too(void **state)
{
	struct planned *p = *state;
	struct fs_stat st;
	assert_ok(plan_symlink(&p->ctx, "/a", "b", "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/b", "/a/../a", "w", &p->e), &p->e);
	assert_fails(plan_stat(&p->ctx, "/a", &st, &p->e), &p->e, ERR_IMAGE, "they loop");
}

static void absurd_paths_are_refused(void **state)
{
	struct planned *p = *state;
	autofree char *name = xasprintf("/etc/%0256d", 0);
	auto_str deep = STR_INIT;
	while (deep.len < 4097)
		str_puts(&deep, "/deep");
	const struct {
		const char *path, *fragment;
	} cases[] = {{"etc/motd", "begin it with '/'"},
		     {"", "begin it with '/'"},
		     {"/etc/mo\ntd", "/etc/mo…: the path has a control character (0x0a)"},
		     {name, "longer than 255"},
		     {str_text(&deep), "longer than 4096"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_fails(plan_remove(&p->ctx, cases[i].path, "w", &p->e), &p->e, ERR_PROFILE,
			     cases[i].fragment);
	assert_int_equal(plan_count(p->ctx.plan), 0);
}

static void a_file_cannot_be_a_directory(void **state)
{
	struct planned *p = *state;
	p->ctx.custom = "first";
	planned_write(p, "/etc/motd", "x");
	p->ctx.custom = "second";
	assert_fails(plan_mkdir(&p->ctx, "/etc/motd", ATTR_KEEP, "w", &p->e), &p->e, ERR_PROFILE,
		     "/etc/motd: 'second' wants a directory, but 'first' plans a file there");
	assert_fails(plan_write_text(&p->ctx, "/etc/hostname/x/y", "", ATTR_KEEP, "w", &p->e),
		     &p->e, ERR_PROFILE,
		     "/etc/hostname: 'second' wants a directory, but the image");
	assert_fails(plan_write_text(&p->ctx, "/etc/ssh", "", ATTR_KEEP, "w", &p->e), &p->e,
		     ERR_PROFILE, "wants a file, but the image has a directory there");
	assert_fails(plan_symlink(&p->ctx, "/etc/ssh", "x", "w", &p->e), &p->e, ERR_PROFILE,
		     "wants a symbolic link, but the image has a directory there");
	assert_int_equal(plan_count(p->ctx.plan), 1);
}

static void file_systems_are_not_removed(void **state)
{
	struct planned *p = *state;
	assert_fails(plan_remove(&p->ctx, "/", "w", &p->e), &p->e, ERR_PROFILE, "whole file");
	assert_fails(plan_remove(&p->ctx, "/boot/firmware", "w", &p->e), &p->e, ERR_PROFILE,
		     "whole file system");
}

static void attributes_and_content_are_merged(void **state)
{
	struct planned *p = *state;
	const struct change *c;
	assert_ok(plan_attr(&p->ctx, "/etc/hostname", (struct attr){0600, KEEP, 5}, "mode", &p->e),
		  &p->e);
	planned_write(p, "/etc/hostname", "x\n");
	assert_ok(plan_attr(&p->ctx, "/etc/hostname", (struct attr){KEEP, 7, KEEP}, "owner", &p->e),
		  &p->e);
	planned_write(p, "/etc/hostname", "y\n");
	assert_int_equal(plan_count(p->ctx.plan), 1);
	c = plan_get(p->ctx.plan, 0);
	assert_int_equal(c->kind, CHANGE_WRITE);
	assert_int_equal(c->mode, 0600);
	assert_int_equal(c->uid, 7);
	assert_int_equal(c->gid, 5);
	assert_string_equal(c->why, "mode; because; owner");
	assert_fails(plan_attr(&p->ctx, "/etc/motd", ATTR_ROOT(0600), "w", &p->e), &p->e,
		     ERR_PROFILE, "/etc/motd: 'test' wants to set owner or mode, but nothing");
}

static void a_directory_removed_and_made_is_emptied(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "old keys", &p->e), &p->e);
	assert_ok(plan_mkdir(&p->ctx, "/etc/ssh", ATTR_KEEP, "new", &p->e), &p->e);
	assert_lists(p, "/etc/ssh", "");
	planned_write(p, "/etc/ssh/other", "");
	assert_int_equal(planned_at(p, "/etc/ssh")->kind, CHANGE_MKDIR);
	assert_string_equal(planned_at(p, "/etc/ssh")->why, "old keys; new");
	assert_int_equal(planned_at(p, "/etc/ssh/key")->kind, CHANGE_REMOVE);
	planned_write(p, "/etc/ssh/key", "");
	assert_int_equal(planned_at(p, "/etc/ssh/key")->mode, 0644);
	assert_lists(p, "/etc/ssh", "key other");
}

static void removing_what_was_planned_forgets_it(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/srv/a/b", "");
	planned_write(p, "/srv/a/c", "");
	planned_write(p, "/etc/ssh/key", "");
	planned_write(p, "/etc/ssh/new", "");
	assert_ok(plan_remove(&p->ctx, "/srv", "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "twice", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/nowhere", "w", &p->e), &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 1);
	assert_int_equal(planned_at(p, "/etc/ssh")->kind, CHANGE_REMOVE);
}

static void secrets_stay_secret(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_write_secret(&p->ctx, "/etc/shadow", "hash", 4, ATTR_KEEP, "w", &p->e),
		  &p->e);
	planned_write(p, "/etc/shadow", "hash and more");
	assert_true(planned_at(p, "/etc/shadow")->secret);
	struct plan *role = steal(&p->ctx.plan);
	planned_again(p, role);
	planned_write(p, "/etc/shadow", "hash and still more");
	assert_true(planned_at(p, "/etc/shadow")->secret);
	plan_free(steal(&p->ctx.plan));
	plan_free(role);
}

static void fat_has_content_only(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_write_text(&p->ctx, "/boot/firmware/ssh", "", ATTR_ROOT(0600), "w", &p->e),
		  &p->e);
	assert_ok(plan_attr(&p->ctx, "/boot/firmware/config.txt", ATTR_ROOT(0600), "w", &p->e),
		  &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 1);
	assert_int_equal(plan_get(p->ctx.plan, 0)->mode, KEEP);
	assert_fails(plan_symlink(&p->ctx, "/boot/firmware/x", "ssh", "w", &p->e), &p->e,
		     ERR_PROFILE, "wants a symbolic link, which FAT does not have");
}

static void fat_names_have_no_case(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/boot/firmware/Config.TXT", "a\n");
	planned_write(p, "/boot/firmware/CONFIG.txt", "b\n");
	assert_int_equal(plan_count(p->ctx.plan), 1);
	assert_sees(p, "/boot/firmware/config.txt", "b\n");
	assert_lists(p, "/boot/firmware", "Config.TXT");
	assert_ok(plan_remove(&p->ctx, "/boot/firmware/config.txt", "w", &p->e), &p->e);
	assert_lists(p, "/boot/firmware", "");
}

static const char *refuse_colon(const char *name)
{
	return strchr(name, ':') ? "a name here cannot have ':'" : NULL;
}

static void names_that_the_file_system_lacks_are_refused(void **state)
{
	struct planned *p = *state;
	p->boot->ops.refuse_name = refuse_colon;
	planned_write(p, "/etc/a:b", "on another file system\n");
	planned_write(p, "/boot/firmware/ab", "x\n");
	assert_fails(plan_write_text(&p->ctx, "/boot/firmware/a:b", "x", ATTR_KEEP, "w", &p->e),
		     &p->e, ERR_PROFILE,
		     "'/boot/firmware/a:b' cannot be on fat: a name here cannot have ':'; rename");
	assert_fails(plan_mkdir(&p->ctx, "/boot/firmware/a:b/c", ATTR_KEEP, "w", &p->e), &p->e,
		     ERR_PROFILE, "'/boot/firmware/a:b/c' cannot be");
	planned_file(p->boot, "/of:image", "x\n", 0755);
	planned_write(p, "/boot/firmware/of:image", "it is there\n");
}

static void what_is_so_already_is_dropped(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "raspberrypi\n");
	planned_write(p, "/boot/firmware/config.txt", "arm_64bit=1\n");
	assert_ok(plan_mkdir(&p->ctx, "/etc", ATTR_ROOT(0755), "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/lib", "usr/lib", "w", &p->e), &p->e);
	assert_ok(plan_attr(&p->ctx, "/etc/shadow", ATTR_ROOT(0640), "w", &p->e), &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 5);
	assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 0);
	assert_sees(p, "/etc/hostname", "raspberrypi\n");
}

static void what_differs_a_little_is_kept(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "raspberrypj\n");
	planned_write(p, "/boot/firmware/config.txt", "arm_64bit=0\n");
	assert_ok(plan_mkdir(&p->ctx, "/etc", (struct attr){KEEP, 1, KEEP}, "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/lib", "usr/lic", "w", &p->e), &p->e);
	assert_ok(plan_attr(&p->ctx, "/etc/shadow", ATTR_ROOT(0600), "w", &p->e), &p->e);
	assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 5);
}

static int plan_marker(struct plan_ctx *ctx, struct err *e)
{
	return plan_write_text(ctx, "/etc/marker", "", ATTR_KEEP, "marker", e);
}

static int plan_failing(struct plan_ctx *ctx, struct err *e)
{
	auto_str out = STR_INIT;
	return plan_read(ctx, "/etc/motd", &out, e);
}

static int plan_placed(struct plan_ctx *ctx, struct err *e)
{
	(void)ctx;
	return err_set(e, ERR_PROFILE, "profiles/worker.conf:12: no such key");
}

static void customisations_run_in_order_of_the_list(void **state)
{
	struct planned *p = *state;
	const struct custom marker = {.name = "marker", .plan = plan_marker};
	const struct custom nothing = {.name = "nothing"};
	const struct custom failing = {.name = "failing", .plan = plan_failing};
	const struct custom placed = {.name = "placed", .plan = plan_placed};
	const struct custom *good[] = {&nothing, &marker, NULL};
	const struct custom *bad[] = {&failing, &marker, NULL};
	const struct custom *wrong[] = {&placed, NULL};
	assert_ok(plan_build(&p->ctx, good, &p->e), &p->e);
	assert_string_equal(planned_at(p, "/etc/marker")->custom, "marker");
	assert_fails(plan_build(&p->ctx, bad, &p->e), &p->e, ERR_IMAGE,
		     "failing: /etc/motd: no such file");
	assert_int_equal(plan_build(&p->ctx, wrong, &p->e), -1);
	assert_string_equal(p->e.msg, "profiles/worker.conf:12: no such key");
}

static void notes_are_kept_once(void **state)
{
	struct planned *p = *state;
	plan_note(&p->ctx, "%s is not in this image", "nfs-common");
	plan_note(&p->ctx, "nfs-common is not in this image");
	assert_int_equal(plan_notes(p->ctx.plan)->n, 1);
}

/* A quadratic plan would need minutes; and the image is asked once for each path. */
static void ten_thousand_files_are_planned_at_once(void **state)
{
	struct planned *p = *state;
	unsigned before = p->root->stats;
	for (int i = 0; i < 10000; i++) {
		autofree char *path = xasprintf("/usr/share/doc/%d/copyright", i);
		planned_write(p, path, "x");
	}
	assert_int_equal(plan_count(p->ctx.plan), 20002);
	assert_in_range(p->root->stats - before, 0, 10);
	assert_sees(p, "/usr/share/doc/9999/copyright", "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		planned_test(the_image_is_seen),
		planned_test(planned_states_are_seen),
		planned_test(a_node_sees_the_plan_of_its_role),
		planned_test(missing_parents_are_planned),
		planned_test(symlinks_are_followed_by_write_alone),
		planned_test(hostile_symlinks_stay_inside),
		planned_test(planned_symlinks_can_loop_too),
		planned_test(absurd_paths_are_refused),
		planned_test(a_file_cannot_be_a_directory),
		planned_test(file_systems_are_not_removed),
		planned_test(attributes_and_content_are_merged),
		planned_test(a_directory_removed_and_made_is_emptied),
		planned_test(removing_what_was_planned_forgets_it),
		planned_test(secrets_stay_secret),
		planned_test(fat_has_content_only),
		planned_test(fat_names_have_no_case),
		planned_test(names_that_the_file_system_lacks_are_refused),
		planned_test(what_is_so_already_is_dropped),
		planned_test(what_differs_a_little_is_kept),
		planned_test(customisations_run_in_order_of_the_list),
		planned_test(notes_are_kept_once),
		planned_test(ten_thousand_files_are_planned_at_once),
	};
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
