/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files below the root of a board: whole or absent, and never outside. */
#include <fcntl.h>
#include <sys/stat.h>

#include "../assert_err.h"
#include "io.h"
#include "rootfs.h"
#include "workdir.h"

static const struct ctx live = {.root = "root"};
static const struct ctx dry = {.root = "root", .dry_run = true};

static int enter(void **state)
{
	auto_err e = ERR_INIT;
	return workdir_enter(state) < 0 ? -1 : io_mkdirs("root/etc", 0755, &e);
}

static int replace(const struct ctx *ctx, const char *path, const char *text, mode_t mode,
		   struct err *e)
{
	return root_replace(ctx, path, text, strlen(text), mode, e);
}

static void assert_file(const char *path, const char *expected, mode_t mode)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	struct stat st;
	assert_ok(io_read_file(path, 1 << 20, &text, &e), &e);
	assert_string_equal(str_text(&text), expected);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | mode);
}

static void a_file_is_replaced_once(void **state)
{
	auto_err e = ERR_INIT;
	assert_int_equal(replace(&live, "/etc/a/b/name", "one\n", 0640, &e), 1);
	assert_file("root/etc/a/b/name", "one\n", 0640);
	assert_int_equal(replace(&live, "/etc/a/b/name", "one\n", 0640, &e), 0);
	assert_int_equal(replace(&live, "/etc/a/b/name", "two\n", 0640, &e), 1);
	assert_int_equal(replace(&live, "/etc/a/b/name", "two\n", 0600, &e), 1);
	assert_file("root/etc/a/b/name", "two\n", 0600);
	assert_int_equal(replace(&live, "/etc/a/b/name", "", ROOT_MODE_KEEP, &e), 1);
	assert_file("root/etc/a/b/name", "", 0600);
	workdir_passed(state);
}

static void what_a_killed_run_left_is_used_up(void **state)
{
	auto_err e = ERR_INIT;
	put_file("root/etc/.name.cardstock", "hal");
	assert_int_equal(replace(&live, "/etc/name", "whole", 0644, &e), 1);
	assert_int_equal(symlink("nowhere", "root/etc/.link.cardstock"), 0);
	assert_int_equal(root_symlink(&live, "/etc/link", "name", &e), 1);
	auto_strv names = {0};
	assert_int_equal(root_list(&live, "/etc", &names, &e), 1);
	autofree char *all = strv_join(&names, " ");
	assert_string_equal(all, "link name");
	workdir_passed(state);
}

static void a_symlink_has_its_target(void **state)
{
	auto_err e = ERR_INIT;
	auto_str target = STR_INIT;
	put_file("root/etc/localtime", "a file");
	assert_int_equal(root_symlink(&live, "/etc/localtime", "../usr/share/zone", &e), 1);
	assert_int_equal(root_symlink(&live, "/etc/localtime", "../usr/share/zone", &e), 0);
	assert_int_equal(root_readlink(&live, "/etc/localtime", &target, &e), 1);
	assert_string_equal(str_text(&target), "../usr/share/zone");
	assert_int_equal(root_exists(&live, "/etc/localtime", &e), 1);
	assert_int_equal(root_remove(&live, "/etc/localtime", &e), 1);
	assert_int_equal(root_remove(&live, "/etc/localtime", &e), 0);
	assert_int_equal(root_exists(&live, "/etc/localtime", &e), 0);
	assert_int_equal(root_readlink(&live, "/etc/localtime", &target, &e), 0);
	workdir_passed(state);
}

static void what_is_absent_is_no_error(void **state)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	auto_strv names = {0};
	put_file("root/etc/file", "");
	assert_int_equal(symlink("loop", "root/etc/loop"), 0);
	static const char *const paths[] = {"/none", "/none/below", "/etc/file/below", "/etc/loop",
					    "/etc/loop/below"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(root_read(&live, paths[i], 100, &text, &e), 0);
		assert_int_equal(root_list(&live, paths[i], &names, &e), 0);
	}
	assert_int_equal(root_exists(&live, "/etc/file/below", &e), 0);
	assert_int_equal(root_remove(&live, "/none/below", &e), 0);
	workdir_passed(state);
}

static void symlinks_lead_nowhere_else(void **state)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	put_file("secret", "outside");
	assert_int_equal(symlink("../../secret", "root/etc/out"), 0);
	assert_int_equal(symlink("/", "root/etc/top"), 0);
	assert_int_equal(root_read(&live, "/etc/out", 100, &text, &e), 0);
	assert_int_equal(replace(&live, "/etc/top/made", "inside", 0644, &e), 1);
	assert_file("root/made", "inside", 0644);
	workdir_passed(state);
}

static void failures_say_where(void **state)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	put_file("root/etc/file", "0123456789");
	assert_fails(root_read(&live, "/etc/file", 9, &text, &e), &e, ERR_FAILED,
		     "root/etc/file: larger than the allowed 9 bytes");
	assert_fails(replace(&live, "/etc/file/below", "", 0644, &e), &e, ERR_FAILED,
		     "root/etc/file: cannot open the directory: Not a directory");
	assert_fails(replace(&live, "/etc", "", 0644, &e), &e, ERR_FAILED,
		     "root/etc: cannot replace: Is a directory");
	assert_fails(root_remove(&live, "/etc", &e), &e, ERR_FAILED, "root/etc: cannot remove");
	assert_fails(root_open(&live, "/etc/none", O_RDONLY, 0, &e), &e, ERR_FAILED,
		     "root/etc/none: cannot open: No such file");
	assert_int_equal(root_exists(&live, "/.etc.cardstock", &e), 0);
	workdir_passed(state);
}

static void a_dry_run_only_looks(void **state)
{
	auto_err e = ERR_INIT;
	put_file("root/etc/file", "text");
	assert_int_equal(chmod("root/etc/file", 0644), 0);
	assert_int_equal(replace(&dry, "/etc/file", "text", 0644, &e), 0);
	assert_int_equal(replace(&dry, "/etc/file", "other", 0644, &e), 1);
	assert_int_equal(replace(&dry, "/etc/a/b", "", 0644, &e), 1);
	assert_int_equal(root_symlink(&dry, "/etc/a/b", "c", &e), 1);
	assert_int_equal(root_mkdir(&dry, "/etc/a", &e), 1);
	assert_int_equal(root_mkdir(&dry, "/etc", &e), 0);
	assert_int_equal(root_remove(&dry, "/etc/file", &e), 1);
	assert_fails(root_open(&dry, "/etc/file", O_WRONLY, 0, &e), &e, ERR_FAILED,
		     "root/etc/file: nothing is written in a dry run");
	assert_file("root/etc/file", "text", 0644);
	assert_int_equal(root_exists(&live, "/etc/a", &e), 0);
	workdir_passed(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, workdir_leave)

int main(void)
{
	umask(022);
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_replaced_once),	  TEST(what_a_killed_run_left_is_used_up),
		TEST(a_symlink_has_its_target),	  TEST(what_is_absent_is_no_error),
		TEST(symlinks_lead_nowhere_else), TEST(failures_say_where),
		TEST(a_dry_run_only_looks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
