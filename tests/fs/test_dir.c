/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "scratch.h"

/* A directory whose owners are recorded, as an ordinary user has it, and a secret beside it. */
struct t {
	struct scratch s;
	struct fs *fs;
	struct err e;
	char *attrs, *secret;
};

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *get(const char *path)
{
	return scratch_output((const char *[]){"cat", path, NULL});
}

static char *inside(const struct t *t, const char *path)
{
	return path_join(t->s.image, path);
}

static void open_it(struct t *t)
{
	struct fs_open o = scratch_how(&t->s, true);
	assert_ok(fs_dir_open(&o, &t->fs, &t->e), &t->e);
}

static void setup(struct t *t)
{
	*t = (struct t){.fs = NULL};
	scratch_init(&t->s, 0, 0);
	assert_int_equal(mkdir(t->s.image, 0755), 0);
	t->attrs = xasprintf("%s.attrs", t->s.image);
	t->secret = path_join(t->s.dir, "secret");
	put(t->attrs, "");
	put(t->secret, "outside\n");
	open_it(t);
}

static void teardown(struct t *t)
{
	assert_ok(fs_close(&t->fs, &t->e), &t->e);
	autofree char *secret = get(t->secret);
	assert_string_equal(secret, "outside\n");
	free(t->attrs);
	free(t->secret);
	scratch_done(&t->s);
}

static void records_are_sorted_and_only_what_the_host_cannot_keep(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	const struct fs_ops *ops = t.fs->ops;
	scratch_write(t.fs, "/shadow", "x");
	scratch_write(t.fs, "/plain", "x");
	assert_ok(ops->mkdir(t.fs, "/home", &t.e), &t.e);
	assert_ok(ops->mknod(t.fs, "/a null", S_IFCHR | 0666, 0x103, &t.e), &t.e);
	assert_ok(ops->attr(t.fs, "/shadow", 0640, 0, 42, &t.e), &t.e);
	assert_ok(ops->attr(t.fs, "/plain", 0755, 0, 0, &t.e), &t.e);
	assert_ok(ops->attr(t.fs, "/home", 02775, 1000, 1000, &t.e), &t.e);
	assert_ok(ops->sync(t.fs, &t.e), &t.e);
	autofree char *records = get(t.attrs);
	assert_string_equal(records, "/a\\040null 0666 0 0 char:1:3\n"
				     "/home 2775 1000 1000\n"
				     "/shadow 0640 0 42\n");
	assert_ok(ops->remove(t.fs, "/shadow", &t.e), &t.e);
	assert_ok(fs_close(&t.fs, &t.e), &t.e);
	autofree char *after = get(t.attrs);
	assert_null(strstr(after, "shadow"));
	teardown(&t);
}

static void secrets_are_not_readable_by_others_on_the_host(void **state)
{
	(void)state;
	struct t t;
	struct stat st;
	setup(&t);
	autofree char *host = inside(&t, "/key");
	scratch_write(t.fs, "/key", "x");
	assert_ok(t.fs->ops->attr(t.fs, "/key", 0400, 1000, 1000, &t.e), &t.e);
	assert_int_equal(stat(host, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	scratch_write(t.fs, "/key", "still writable");
	teardown(&t);
}

static void symlinks_inside_do_not_lead_outside(void **state)
{
	(void)state;
	struct t t;
	struct fs_stat st;
	auto_str out = STR_INIT;
	setup(&t);
	const struct fs_ops *ops = t.fs->ops;
	autofree char *link = inside(&t, "/link"), *up = inside(&t, "/up");
	assert_int_equal(symlink("../secret", link), 0);
	assert_int_equal(symlink("..", up), 0);
	assert_fails(ops->read(t.fs, "/link", 99, &out, &t.e), &t.e, ERR_FAILED, "/link");
	assert_fails(ops->read(t.fs, "/up/secret", 99, &out, &t.e), &t.e, ERR_FAILED, "/up/secret");
	assert_fails(fs_write_data(t.fs, "/link", "x", 1, &t.e), &t.e, ERR_FAILED, "/link");
	assert_fails(fs_write_data(t.fs, "/up/secret", "x", 1, &t.e), &t.e, ERR_FAILED, "/up");
	assert_fails(fs_write_data(t.fs, "/up/new", "x", 1, &t.e), &t.e, ERR_FAILED, "/up");
	assert_fails(ops->attr(t.fs, "/up/secret", 0777, 0, 0, &t.e), &t.e, ERR_FAILED, "/up");
	assert_fails(ops->remove(t.fs, "/up/secret", &t.e), &t.e, ERR_FAILED, "/up");
	assert_ok(ops->stat(t.fs, "/up/secret", &st, &t.e), &t.e);
	assert_int_equal(st.type, FILE_NONE);
	assert_ok(ops->attr(t.fs, "/link", 0777, 5, 5, &t.e), &t.e);
	assert_int_equal(out.len, 0);
	teardown(&t);
}

static void dots_in_paths_are_refused(void **state)
{
	(void)state;
	struct t t;
	auto_str out = STR_INIT;
	setup(&t);
	for (const char **path = (const char *[]){"/../secret", "/x/../../secret", "/..", "/./x",
						  "//x", "secret", "", "/x/", NULL};
	     *path; path++)
		assert_int_equal(fs_write_data(t.fs, *path, "x", 1, &t.e), -1);
	assert_fails(t.fs->ops->read(t.fs, "/../secret", 99, &out, &t.e), &t.e, ERR_FAILED,
		     "/../secret");
	teardown(&t);
}

static void a_fifo_on_the_host_does_not_hang(void **state)
{
	(void)state;
	struct t t;
	auto_str out = STR_INIT;
	setup(&t);
	autofree char *fifo = inside(&t, "/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_fails(t.fs->ops->read(t.fs, "/fifo", 99, &out, &t.e), &t.e, ERR_FAILED, "/fifo");
	assert_fails(fs_write_data(t.fs, "/fifo", "x", 1, &t.e), &t.e, ERR_FAILED, "/fifo");
	teardown(&t);
}

static void names_that_are_too_long_are_absent_or_refused(void **state)
{
	(void)state;
	struct t t;
	struct fs_stat st;
	setup(&t);
	autofree char *path = xmalloc(9001);
	memset(path, 'n', 9000);
	path[0] = '/';
	path[9000] = '\0';
	assert_ok(t.fs->ops->stat(t.fs, path, &st, &t.e), &t.e);
	assert_int_equal(st.type, FILE_NONE);
	assert_fails(fs_write_data(t.fs, path, "x", 1, &t.e), &t.e, ERR_FAILED, "too long");
	teardown(&t);
}

static void writing_leaves_no_temporary_file(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	struct scratch_pattern broken = {.len = 2 << 20, .fail_at = 1 << 20};
	struct fs_source src = {scratch_pattern_read, &broken};
	assert_fails(t.fs->ops->write(t.fs, "/new", &src, &t.e), &t.e, ERR_FAILED, "broke");
	autofree char *names = scratch_output((const char *[]){"ls", "-A", t.s.image, NULL});
	assert_string_equal(names, "");
	teardown(&t);
}

static void times_are_the_builds(void **state)
{
	(void)state;
	struct t t;
	struct stat st;
	setup(&t);
	autofree char *file = inside(&t, "/etc/motd"), *dir = inside(&t, "/etc");
	assert_ok(t.fs->ops->mkdir(t.fs, "/etc", &t.e), &t.e);
	scratch_write(t.fs, "/etc/motd", "x");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mtime, SCRATCH_NOW);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mtime, SCRATCH_NOW);
	assert_int_equal(stat(t.s.image, &st), 0);
	assert_int_equal(st.st_mtime, SCRATCH_NOW);
	teardown(&t);
}

static void damaged_records_are_refused(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	assert_ok(fs_close(&t.fs, &t.e), &t.e);
	struct fs_open o = scratch_how(&t.s, true);
	put(t.attrs, "/x 0644 root\n");
	assert_fails(fs_dir_open(&o, &t.fs, &t.e), &t.e, ERR_PROFILE, "card.img.attrs:1: a line");
	put(t.attrs, "/x/** 0644 0 0\n");
	assert_fails(fs_dir_open(&o, &t.fs, &t.e), &t.e, ERR_FAILED, "card.img.attrs:1: the rec");
	assert_null(t.fs);
	teardown(&t);
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	struct t t;
	struct fs *fs = NULL;
	setup(&t);
	struct fs_open o = {.path = t.secret, .what = "secret"};
	assert_fails(fs_dir_open(&o, &fs, &t.e), &t.e, ERR_FAILED, "cannot open the directory");
	teardown(&t);
}

/* As df sees it; somebody else may write meanwhile. */
static void room_is_that_of_the_host(void **state)
{
	(void)state;
	struct t t;
	uint64_t room = 0;
	setup(&t);
	autofree char *df =
		scratch_output((const char *[]){"df", "--output=avail", "-B1", t.s.image, NULL});
	assert_ok(t.fs->ops->room(t.fs, &room, &t.e), &t.e);
	unsigned long long seen = strtoull(strchr(df, '\n'), NULL, 10);
	assert_in_range(room, seen - seen / 8, seen + seen / 8);
	teardown(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_that_of_the_host),
		cmocka_unit_test(records_are_sorted_and_only_what_the_host_cannot_keep),
		cmocka_unit_test(secrets_are_not_readable_by_others_on_the_host),
		cmocka_unit_test(symlinks_inside_do_not_lead_outside),
		cmocka_unit_test(dots_in_paths_are_refused),
		cmocka_unit_test(a_fifo_on_the_host_does_not_hang),
		cmocka_unit_test(names_that_are_too_long_are_absent_or_refused),
		cmocka_unit_test(writing_leaves_no_temporary_file),
		cmocka_unit_test(times_are_the_builds),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(what_is_no_directory_is_refused),
	};
	return cmocka_run_group_tests_name("dir", tests, NULL, NULL);
}
