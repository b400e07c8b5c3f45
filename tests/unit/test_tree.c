/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mem.h"
#include "tree.h"

/* A read-only file system from a table, so that the tree alone is under test. */
struct node {
	const char *path;
	enum file_type type;
	const char *text; /* of a file; target of a symlink */
};

struct fake {
	struct fs fs;
	const struct node *nodes; /* ends with path == NULL */
};

static const struct node *fake_find(struct fs *fs, const char *path)
{
	const struct node *n = ((struct fake *)fs)->nodes;
	while (n->path && strcmp(n->path, path) != 0)
		n++;
	return n->path ? n : NULL;
}

static int fake_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e)
{
	(void)e;
	const struct node *n = fake_find(fs, path);
	*ret = (struct fs_stat){.type = n ? n->type : FILE_NONE, .mode = 0640};
	if (n && n->text)
		ret->size = strlen(n->text);
	return 0;
}

static int fake_read(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	(void)max;
	const struct node *n = fake_find(fs, path);
	if (!n || n->type != FILE_REGULAR)
		return err_set(e, ERR_IMAGE, "%s: not a file", path);
	str_puts(out, n->text);
	return 0;
}

static int fake_readlink(struct fs *fs, const char *path, char **ret, struct err *e)
{
	const struct node *n = fake_find(fs, path);
	if (!n || n->type != FILE_SYMLINK)
		return err_set(e, ERR_IMAGE, "%s: not a symlink", path);
	*ret = xstrdup(n->text);
	return 0;
}

static int fake_list(struct fs *fs, const char *path, struct strv *ret, struct err *e)
{
	(void)e;
	for (const struct node *n = ((struct fake *)fs)->nodes; n->path; n++) {
		autofree char *dir = path_dir(n->path);
		if (n->path[1] && strcmp(dir, path) == 0)
			strv_add(ret, path_base(n->path));
	}
	return 0;
}

static const struct fs_ops fake_ops = {.name = "fake",
				       .stat = fake_stat,
				       .read = fake_read,
				       .readlink = fake_readlink,
				       .list = fake_list};

static const struct node root_nodes[] = {
	{"/", FILE_DIR, NULL},
	{"/etc", FILE_DIR, NULL},
	{"/etc/hostname", FILE_REGULAR, "raspberrypi\n"},
	{"/etc/mtab", FILE_SYMLINK, "../proc/self/mounts"},
	{"/etc/resolv.conf", FILE_SYMLINK, "/run/resolv.conf"},
	{"/etc/alias", FILE_SYMLINK, "hostname"},
	{"/etc/escape", FILE_SYMLINK, "../../../../../../etc/hostname"},
	{"/etc/ping", FILE_SYMLINK, "pong"},
	{"/etc/pong", FILE_SYMLINK, "/etc/ping"},
	{"/etc/self", FILE_SYMLINK, "self/x"},
	{"/etc/empty", FILE_SYMLINK, ""},
	{"/lib", FILE_SYMLINK, "usr/lib"},
	{"/usr", FILE_DIR, NULL},
	{"/usr/lib", FILE_DIR, NULL},
	{"/usr/lib/os-release", FILE_REGULAR, "ID=debian\n"},
	{"/boot", FILE_DIR, NULL},
	{"/boot/firmware", FILE_DIR, NULL},
	{"/boot/firmware/hidden", FILE_REGULAR, "under the mount\n"},
	{"/boot/config.txt", FILE_SYMLINK, "firmware/config.txt"},
	{NULL, FILE_NONE, NULL},
};

static const struct node boot_nodes[] = {
	{"/", FILE_DIR, NULL},
	{"/config.txt", FILE_REGULAR, "arm_64bit=1\n"},
	{"/up", FILE_SYMLINK, "../../etc/hostname"},
	{NULL, FILE_NONE, NULL},
};

static struct fake root = {{&fake_ops, (char *)"root", 0, false}, root_nodes};
static struct fake boot = {{&fake_ops, (char *)"boot", 0, false}, boot_nodes};

static struct tree *pi_tree(void)
{
	struct tree *t = tree_new();
	tree_mount(t, "/", &root.fs);
	tree_mount(t, "/boot/firmware", &boot.fs);
	return t;
}

static void assert_resolves(const char *path, bool follow, const char *expected)
{
	auto_tree *t = pi_tree();
	auto_err e = ERR_INIT;
	autofree char *got = NULL;
	assert_int_equal(tree_resolve(t, path, follow, &got, &e), 0);
	assert_string_equal(got, expected);
}

static void plain_paths_are_normalised(void **state)
{
	(void)state;
	assert_resolves("/etc/hostname", true, "/etc/hostname");
	assert_resolves("//etc/./x/../hostname/", true, "/etc/hostname");
	assert_resolves("etc", true, "/etc");
	assert_resolves("/", true, "/");
	assert_resolves("", true, "/");
}

static void symlinks_are_followed_within_the_tree(void **state)
{
	(void)state;
	assert_resolves("/lib/os-release", false, "/usr/lib/os-release");
	assert_resolves("/etc/alias", true, "/etc/hostname");
	assert_resolves("/lib", false, "/lib");
	assert_resolves("/lib/../etc", true, "/usr/etc");
}

static void links_cannot_climb_above_the_root(void **state)
{
	(void)state;
	assert_resolves("/etc/escape", true, "/etc/hostname");
	assert_resolves("/../../etc/hostname", true, "/etc/hostname");
	assert_resolves("/boot/firmware/up", true, "/etc/hostname");
}

static void what_does_not_exist_stays_as_it_is(void **state)
{
	(void)state;
	assert_resolves("/lib/systemd/system/x", true, "/usr/lib/systemd/system/x");
	assert_resolves("/etc/mtab", true, "/proc/self/mounts");
	assert_resolves("/etc/resolv.conf", false, "/etc/resolv.conf");
	assert_resolves("/nowhere/../etc/alias", true, "/etc/hostname");
	assert_resolves("/etc/hostname/below", true, "/etc/hostname/below");
}

static void mount_points_hide_what_is_below_them(void **state)
{
	(void)state;
	auto_tree *t = pi_tree();
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	struct fs_stat st;
	const char *inner;
	assert_int_equal(tree_stat(t, "/boot/firmware/hidden", &st, &e), 0);
	assert_int_equal(st.type, FILE_NONE);
	assert_int_equal(tree_stat(t, "/boot/firmware", &st, &e), 0);
	assert_int_equal(st.type, FILE_DIR);
	assert_int_equal(tree_read(t, "/boot/config.txt", 100, &text, &e), 0);
	assert_string_equal(text.data, "arm_64bit=1\n");
	assert_ptr_equal(tree_fs(t, "/boot/firmware/config.txt", &inner), &boot.fs);
	assert_string_equal(inner, "/config.txt");
	assert_ptr_equal(tree_fs(t, "/boot/firmware", &inner), &boot.fs);
	assert_string_equal(inner, "/");
	assert_ptr_equal(tree_fs(t, "/boot/firmware2", &inner), &root.fs);
	assert_true(tree_is_mount(t, "/boot/firmware"));
	assert_false(tree_is_mount(t, "/"));
}

static void boot_partition_is_seen_without_a_mount_point(void **state)
{
	(void)state;
	auto_tree *t = tree_new();
	auto_err e = ERR_INIT;
	struct fs_stat st;
	tree_mount(t, "/", &root.fs);
	tree_mount(t, "/missing/efi", &boot.fs);
	assert_int_equal(tree_stat(t, "/missing/efi/config.txt", &st, &e), 0);
	assert_int_equal(st.type, FILE_REGULAR);
}

static void stat_follows_only_when_asked(void **state)
{
	(void)state;
	auto_tree *t = pi_tree();
	auto_err e = ERR_INIT;
	struct fs_stat st;
	assert_int_equal(tree_stat(t, "/etc/alias", &st, &e), 0);
	assert_int_equal(st.type, FILE_SYMLINK);
	assert_int_equal(tree_stat_follow(t, "/etc/alias", &st, &e), 0);
	assert_int_equal(st.type, FILE_REGULAR);
	assert_int_equal(st.size, 12);
	assert_int_equal(tree_stat_follow(t, "/etc/hostname/below", &st, &e), 0);
	assert_int_equal(st.type, FILE_NONE);
	assert_int_equal(tree_stat(t, "/etc/x/..", &st, &e), 0);
	assert_int_equal(st.type, FILE_DIR);
	assert_int_equal(st.mode, 0640);
}

static void links_are_read_through_links(void **state)
{
	(void)state;
	auto_tree *t = pi_tree();
	auto_err e = ERR_INIT;
	autofree char *target = NULL;
	assert_int_equal(tree_readlink(t, "/lib/../../etc/alias", &target, &e), 0);
	assert_string_equal(target, "hostname");
}

static void link_loops_are_an_error(void **state)
{
	(void)state;
	auto_tree *t = pi_tree();
	for (const char **path = (const char *[]){"/etc/ping", "/etc/self", "/etc/pong/x", NULL};
	     *path; path++) {
		auto_err e = ERR_INIT;
		autofree char *got = NULL;
		assert_int_equal(tree_resolve(t, *path, true, &got, &e), -1);
		assert_int_equal(e.code, ERR_IMAGE);
		assert_non_null(strstr(e.msg, *path));
		assert_non_null(strstr(e.msg, "more than 40 symbolic links"));
		assert_null(got);
	}
}

static void absurd_lengths_are_an_error(void **state)
{
	(void)state;
	autofree char *target = xcalloc(1, 5000);
	memset(target, 'x', 4999);
	const struct node nodes[] = {
		{"/", FILE_DIR, NULL}, {"/long", FILE_SYMLINK, target}, {NULL, FILE_NONE, NULL}};
	struct fake hostile = {{&fake_ops, (char *)"hostile", 0, false}, nodes};
	auto_tree *t = tree_new();
	tree_mount(t, "/", &hostile.fs);
	auto_err e = ERR_INIT;
	autofree char *got = NULL;
	assert_int_equal(tree_resolve(t, "/long", true, &got, &e), -1);
	assert_non_null(strstr(e.msg, "longer than"));
	assert_int_equal(tree_readlink(t, "/long", &got, &e), -1);
	assert_int_equal(tree_resolve(t, target, true, &got, &e), -1);
}

static void reading_what_is_absent_names_it(void **state)
{
	(void)state;
	auto_tree *t = pi_tree();
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	assert_int_equal(tree_read(t, "/etc/resolv.conf", 10, &text, &e), -1);
	assert_int_equal(e.code, ERR_IMAGE);
	assert_non_null(strstr(e.msg, "/etc/resolv.conf: no such file"));
}

static void empty_symlink_targets_do_not_confuse(void **state)
{
	(void)state;
	assert_resolves("/etc/empty", true, "/etc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_paths_are_normalised),
		cmocka_unit_test(symlinks_are_followed_within_the_tree),
		cmocka_unit_test(links_cannot_climb_above_the_root),
		cmocka_unit_test(what_does_not_exist_stays_as_it_is),
		cmocka_unit_test(mount_points_hide_what_is_below_them),
		cmocka_unit_test(boot_partition_is_seen_without_a_mount_point),
		cmocka_unit_test(stat_follows_only_when_asked),
		cmocka_unit_test(links_are_read_through_links),
		cmocka_unit_test(link_loops_are_an_error),
		cmocka_unit_test(absurd_lengths_are_an_error),
		cmocka_unit_test(reading_what_is_absent_names_it),
		cmocka_unit_test(empty_symlink_targets_do_not_confuse),
	};
	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
