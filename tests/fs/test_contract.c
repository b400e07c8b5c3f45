/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of fs.h: every backend (backends.h) passes every case.  What a file system cannot
 * hold must be an error that says so, and must leave it as it was.
 */
#include "backends.h"

struct t {
	const struct backend *backend;
	struct scratch *scratch;
	struct fs *fs; /* open for writing */
	struct err *e;
};

static bool can(const struct t *t, unsigned what)
{
	return (t->backend->can & what) != 0;
}

static void reopen(struct t *t, bool writable)
{
	assert_ok(fs_close(&t->fs, t->e), t->e);
	struct fs_open o = scratch_how(t->scratch, writable);
	assert_ok(t->backend->open(&o, &t->fs, t->e), t->e);
}

static enum file_type type_of(struct t *t, const char *path)
{
	struct fs_stat st;
	assert_ok(t->fs->ops->stat(t->fs, path, &st, t->e), t->e);
	return st.type;
}

/* The names, joined by blanks, without mke2fs's lost+found. */
static char *names_in(struct t *t, const char *path)
{
	auto_strv names = {0};
	auto_str joined = STR_INIT;
	assert_ok(t->fs->ops->list(t->fs, path, &names, t->e), t->e);
	strv_foreach (name, &names) {
		if (strcmp(*name, "lost+found") != 0)
			str_printf(&joined, "%s%s", joined.len ? " " : "", *name);
	}
	return str_steal(&joined);
}

static void assert_names(struct t *t, const char *path, const char *expected)
{
	autofree char *names = names_in(t, path);
	assert_string_equal(names, expected);
}

static void assert_content(struct t *t, const char *path, const char *expected)
{
	autofree char *content = scratch_read(t->fs, path);
	assert_string_equal(content, expected);
}

static void make_dir(struct t *t, const char *path)
{
	assert_ok(t->fs->ops->mkdir(t->fs, path, t->e), t->e);
}

static void begins_empty(struct t *t)
{
	assert_int_equal(type_of(t, "/"), FILE_DIR);
	assert_names(t, "/", "");
}

static void stat_of_what_is_absent_is_none(struct t *t)
{
	scratch_write(t->fs, "/file", "x");
	assert_int_equal(type_of(t, "/absent"), FILE_NONE);
	assert_int_equal(type_of(t, "/absent/below"), FILE_NONE);
	assert_int_equal(type_of(t, "/file/below"), FILE_NONE);
}

static void write_makes_a_file(struct t *t)
{
	scratch_write(t->fs, "/motd", "welcome\n");
	reopen(t, false);
	struct fs_stat st;
	assert_ok(t->fs->ops->stat(t->fs, "/motd", &st, t->e), t->e);
	assert_int_equal(st.type, FILE_REGULAR);
	assert_int_equal(st.mode, can(t, CAN_OWNER) ? 0644 : 0755);
	assert_int_equal(st.uid, 0);
	assert_int_equal(st.gid, 0);
	assert_content(t, "/motd", "welcome\n");
}

static void write_replaces_content(struct t *t)
{
	scratch_write(t->fs, "/motd", "a long text that goes away");
	scratch_write(t->fs, "/motd", "short");
	assert_content(t, "/motd", "short");
	reopen(t, false);
	assert_content(t, "/motd", "short");
	assert_names(t, "/", "motd");
}

static void write_keeps_mode_and_owner(struct t *t)
{
	scratch_write(t->fs, "/shadow", "old");
	assert_ok(t->fs->ops->attr(t->fs, "/shadow", 0640, 0, 42, t->e), t->e);
	scratch_write(t->fs, "/shadow", "new");
	reopen(t, false);
	struct fs_stat st;
	assert_ok(t->fs->ops->stat(t->fs, "/shadow", &st, t->e), t->e);
	assert_int_equal(st.mode, can(t, CAN_OWNER) ? 0640 : 0755);
	assert_int_equal(st.gid, can(t, CAN_OWNER) ? 42 : 0);
	assert_content(t, "/shadow", "new");
}

static void write_takes_an_empty_file(struct t *t)
{
	scratch_write(t->fs, "/new", "");
	scratch_write(t->fs, "/machine-id", "something");
	scratch_write(t->fs, "/machine-id", "");
	reopen(t, false);
	assert_content(t, "/machine-id", "");
}

static void write_streams_large_files(struct t *t)
{
	const uint64_t len = (3 << 20) + 12345;
	assert_ok(scratch_write_pattern(t->fs, "/kernel.img", 1, len, t->e), t->e);
	assert_ok(scratch_write_pattern(t->fs, "/kernel.img", 2, len - 70000, t->e), t->e);
	reopen(t, false);
	scratch_assert_pattern(t->fs, "/kernel.img", 2, len - 70000);
}

static void write_wants_a_parent_that_is_a_directory(struct t *t)
{
	scratch_write(t->fs, "/file", "x");
	assert_fails(fs_write_data(t->fs, "/absent/motd", "x", 1, t->e), t->e, ERR_FAILED,
		     "/absent/motd");
	assert_fails(fs_write_data(t->fs, "/file/motd", "x", 1, t->e), t->e, ERR_FAILED,
		     "/file/motd");
	assert_names(t, "/", "file");
}

static void write_does_not_replace_a_directory(struct t *t)
{
	make_dir(t, "/etc");
	scratch_write(t->fs, "/etc/motd", "x");
	assert_fails(fs_write_data(t->fs, "/etc", "x", 1, t->e), t->e, ERR_FAILED, "directory");
	assert_content(t, "/etc/motd", "x");
}

static void write_keeps_the_old_content_when_its_source_fails(struct t *t)
{
	scratch_write(t->fs, "/fstab", "kept");
	struct scratch_pattern broken = {.len = 2 << 20, .fail_at = 1 << 20};
	struct fs_source src = {scratch_pattern_read, &broken};
	assert_fails(t->fs->ops->write(t->fs, "/fstab", &src, t->e), t->e, ERR_FAILED,
		     "the source broke");
	broken.at = 0;
	assert_fails(t->fs->ops->write(t->fs, "/new", &src, t->e), t->e, ERR_FAILED,
		     "the source broke");
	reopen(t, false);
	assert_content(t, "/fstab", "kept");
	assert_names(t, "/", "fstab");
}

static void write_keeps_the_old_content_when_there_is_no_room(struct t *t)
{
	if (!can(t, CAN_FILL))
		return;
	scratch_write(t->fs, "/fstab", "kept");
	assert_fails(scratch_write_pattern(t->fs, "/fstab", 1, t->backend->size, t->e), t->e,
		     ERR_SPACE, "card.img: partition 2");
	assert_fails(scratch_write_pattern(t->fs, "/big", 1, t->backend->size, t->e), t->e,
		     ERR_SPACE, "/big");
	assert_names(t, "/", "fstab");
	/* All of the room is there again. */
	assert_ok(scratch_write_pattern(t->fs, "/half", 2, t->backend->size / 2, t->e), t->e);
	reopen(t, false);
	assert_content(t, "/fstab", "kept");
	scratch_assert_pattern(t->fs, "/half", 2, t->backend->size / 2);
}

static void read_has_a_limit(struct t *t)
{
	auto_str out = STR_INIT;
	scratch_write(t->fs, "/motd", "0123456789");
	assert_ok(t->fs->ops->read(t->fs, "/motd", 10, &out, t->e), t->e);
	assert_fails(t->fs->ops->read(t->fs, "/motd", 9, &out, t->e), t->e, ERR_FAILED, "9 bytes");
	assert_ok(t->fs->ops->head(t->fs, "/motd", 4, &out, t->e), t->e);
	assert_ok(t->fs->ops->head(t->fs, "/motd", 11, &out, t->e), t->e);
	assert_string_equal(str_text(&out), "012345678901230123456789");
}

static void read_wants_a_regular_file(struct t *t)
{
	auto_str out = STR_INIT;
	make_dir(t, "/etc");
	assert_fails(t->fs->ops->read(t->fs, "/etc", 99, &out, t->e), t->e, ERR_FAILED, "/etc");
	assert_fails(t->fs->ops->head(t->fs, "/etc", 99, &out, t->e), t->e, ERR_FAILED, "/etc");
	assert_fails(t->fs->ops->read(t->fs, "/absent", 99, &out, t->e), t->e, ERR_FAILED,
		     "/absent");
}

static void list_is_sorted_by_byte_value(struct t *t)
{
	make_dir(t, "/b.d");
	scratch_write(t->fs, "/c", "");
	scratch_write(t->fs, "/a-long-name-with.several.dots", "");
	scratch_write(t->fs, "/10", "");
	scratch_write(t->fs, "/9", "");
	assert_names(t, "/", "10 9 a-long-name-with.several.dots b.d c");
	assert_names(t, "/b.d", "");
}

static void list_wants_a_directory(struct t *t)
{
	auto_strv names = {0};
	scratch_write(t->fs, "/file", "x");
	assert_fails(t->fs->ops->list(t->fs, "/file", &names, t->e), t->e, ERR_FAILED, "/file");
	assert_fails(t->fs->ops->list(t->fs, "/absent", &names, t->e), t->e, ERR_FAILED, "/absent");
}

static void names_may_be_long_and_strange(struct t *t)
{
	autofree char *path = xmalloc(257);
	memset(path, 'n', 256);
	path[0] = '/';
	path[256] = '\0';
	scratch_write(t->fs, path, "255 letters");
	scratch_write(t->fs, "/with blank, $HOME 'and' \303\274ml\303\244ut", "strange");
	reopen(t, false);
	assert_content(t, path, "255 letters");
	assert_content(t, "/with blank, $HOME 'and' \303\274ml\303\244ut", "strange");
}

static void upper_and_lower_case(struct t *t)
{
	scratch_write(t->fs, "/README", "upper");
	scratch_write(t->fs, "/readme", "lower");
	assert_content(t, "/README", can(t, CAN_CASE) ? "upper" : "lower");
}

static void mkdir_makes_a_directory(struct t *t)
{
	make_dir(t, "/etc");
	make_dir(t, "/etc/ssh");
	reopen(t, false);
	struct fs_stat st;
	assert_ok(t->fs->ops->stat(t->fs, "/etc/ssh", &st, t->e), t->e);
	assert_int_equal(st.type, FILE_DIR);
	assert_int_equal(st.mode, 0755);
	assert_names(t, "/etc", "ssh");
}

static void mkdir_wants_a_free_name(struct t *t)
{
	make_dir(t, "/etc");
	scratch_write(t->fs, "/etc/motd", "kept");
	assert_fails(t->fs->ops->mkdir(t->fs, "/etc", t->e), t->e, ERR_FAILED, "exists");
	assert_fails(t->fs->ops->mkdir(t->fs, "/etc/motd", t->e), t->e, ERR_FAILED, "exists");
	assert_fails(t->fs->ops->mkdir(t->fs, "/", t->e), t->e, ERR_FAILED, "exists");
	assert_fails(t->fs->ops->mkdir(t->fs, "/absent/etc", t->e), t->e, ERR_FAILED, "/absent");
	assert_content(t, "/etc/motd", "kept");
}

static void directories_hold_hundreds_of_files(struct t *t)
{
	make_dir(t, "/d");
	for (int i = 0; i < 400; i++) {
		autofree char *path = xasprintf("/d/some-longer-name-of-a-file-%03d", i);
		scratch_write(t->fs, path, path);
	}
	for (int i = 0; i < 400; i += 2) {
		autofree char *path = xasprintf("/d/some-longer-name-of-a-file-%03d", i);
		assert_ok(t->fs->ops->remove(t->fs, path, t->e), t->e);
	}
	reopen(t, false);
	auto_strv names = {0};
	assert_ok(t->fs->ops->list(t->fs, "/d", &names, t->e), t->e);
	assert_int_equal(names.n, 200);
	assert_content(t, "/d/some-longer-name-of-a-file-399", "/d/some-longer-name-of-a-file-399");
}

static void remove_takes_files_and_empty_directories(struct t *t)
{
	make_dir(t, "/etc");
	scratch_write(t->fs, "/etc/motd", "x");
	assert_fails(t->fs->ops->remove(t->fs, "/etc", t->e), t->e, ERR_FAILED, "not empty");
	assert_content(t, "/etc/motd", "x");
	assert_ok(t->fs->ops->remove(t->fs, "/etc/motd", t->e), t->e);
	assert_int_equal(type_of(t, "/etc/motd"), FILE_NONE);
	assert_ok(t->fs->ops->remove(t->fs, "/etc", t->e), t->e);
	reopen(t, false);
	assert_names(t, "/", "");
}

static void remove_of_what_is_absent_fails(struct t *t)
{
	assert_fails(t->fs->ops->remove(t->fs, "/absent", t->e), t->e, ERR_FAILED, "/absent");
	assert_fails(t->fs->ops->remove(t->fs, "/", t->e), t->e, ERR_FAILED, "root");
}

static void symlinks_are_kept_and_not_followed(struct t *t)
{
	make_dir(t, "/etc");
	if (!can(t, CAN_SYMLINK)) {
		assert_fails(t->fs->ops->symlink(t->fs, "/etc/link", "motd", t->e), t->e,
			     ERR_FAILED, "symlink");
		assert_names(t, "/etc", "");
		return;
	}
	assert_ok(t->fs->ops->symlink(t->fs, "/etc/link", "../usr/motd", t->e), t->e);
	assert_ok(t->fs->ops->symlink(t->fs, "/dir", "etc", t->e), t->e);
	reopen(t, true);
	struct fs_stat st;
	autofree char *target = NULL;
	assert_ok(t->fs->ops->readlink(t->fs, "/etc/link", &target, t->e), t->e);
	assert_string_equal(target, "../usr/motd");
	assert_ok(t->fs->ops->stat(t->fs, "/etc/link", &st, t->e), t->e);
	assert_int_equal(st.type, FILE_SYMLINK);
	assert_int_equal(st.size, strlen("../usr/motd"));
	assert_int_equal(type_of(t, "/dir/link"), FILE_NONE);
	assert_fails(fs_write_data(t->fs, "/dir/motd", "x", 1, t->e), t->e, ERR_FAILED, "/dir");
	assert_fails(fs_write_data(t->fs, "/dir", "x", 1, t->e), t->e, ERR_FAILED, "/dir");
	assert_names(t, "/etc", "link");
}

static void symlink_targets_may_be_long(struct t *t)
{
	char text[1001];
	memset(text, 't', 1000);
	text[1000] = '\0';
	for (size_t len = 1000; can(t, CAN_SYMLINK) && len >= 58;
	     len = len > 62 ? len / 2 : len - 1) {
		autofree char *path = xasprintf("/l%zu", len), *target = NULL;
		text[len] = '\0';
		assert_ok(t->fs->ops->symlink(t->fs, path, text, t->e), t->e);
		assert_ok(t->fs->ops->readlink(t->fs, path, &target, t->e), t->e);
		assert_string_equal(target, text);
	}
}

static void symlink_wants_a_free_name(struct t *t)
{
	scratch_write(t->fs, "/motd", "kept");
	const char *why = can(t, CAN_SYMLINK) ? "exists" : "symlink";
	assert_fails(t->fs->ops->symlink(t->fs, "/motd", "x", t->e), t->e, ERR_FAILED, why);
	assert_content(t, "/motd", "kept");
}

static void readlink_wants_a_symlink(struct t *t)
{
	autofree char *target = NULL;
	scratch_write(t->fs, "/motd", "x");
	assert_fails(t->fs->ops->readlink(t->fs, "/motd", &target, t->e), t->e, ERR_FAILED,
		     "symlink");
}

static void hard_links_share_the_content(struct t *t)
{
	scratch_write(t->fs, "/a", "old");
	if (!can(t, CAN_LINK)) {
		assert_fails(t->fs->ops->link(t->fs, "/b", "/a", t->e), t->e, ERR_FAILED,
			     "hard link");
		assert_names(t, "/", "a");
		return;
	}
	assert_ok(t->fs->ops->link(t->fs, "/b", "/a", t->e), t->e);
	scratch_write(t->fs, "/b", "new");
	assert_content(t, "/a", "new");
	assert_ok(t->fs->ops->remove(t->fs, "/a", t->e), t->e);
	reopen(t, true);
	assert_content(t, "/b", "new");
	make_dir(t, "/d");
	assert_fails(t->fs->ops->link(t->fs, "/e", "/d", t->e), t->e, ERR_FAILED, "/d");
	assert_fails(t->fs->ops->link(t->fs, "/d", "/b", t->e), t->e, ERR_FAILED, "exists");
}

static void special_files(struct t *t)
{
	const mode_t kinds[] = {S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK};
	for (size_t i = 0; i < 4; i++) {
		autofree char *path = xasprintf("/node%zu", i);
		int r = t->fs->ops->mknod(t->fs, path, kinds[i] | 0620, i < 2 ? 0x12345 : 0, t->e);
		if (!can(t, CAN_NODE)) {
			assert_fails(r, t->e, ERR_FAILED, path);
			assert_int_equal(type_of(t, path), FILE_NONE);
			continue;
		}
		assert_ok(r, t->e);
		assert_int_equal(type_of(t, path), FILE_OTHER);
	}
	auto_str out = STR_INIT;
	assert_fails(t->fs->ops->read(t->fs, "/node0", 9, &out, t->e), t->e, ERR_FAILED, "/node0");
	if (can(t, CAN_NODE)) {
		assert_fails(fs_write_data(t->fs, "/node0", "x", 1, t->e), t->e, ERR_FAILED,
			     "/node0");
		assert_ok(t->fs->ops->remove(t->fs, "/node0", t->e), t->e);
	}
}

static void attr_sets_mode_and_owner(struct t *t)
{
	struct fs_stat st;
	scratch_write(t->fs, "/su", "x");
	make_dir(t, "/tmp");
	assert_ok(t->fs->ops->attr(t->fs, "/su", 04755, 1, 70000, t->e), t->e);
	assert_ok(t->fs->ops->attr(t->fs, "/tmp", 01777, 2, 3, t->e), t->e);
	assert_fails(t->fs->ops->attr(t->fs, "/absent", 0644, 0, 0, t->e), t->e, ERR_FAILED,
		     "/absent");
	reopen(t, false);
	assert_ok(t->fs->ops->stat(t->fs, "/su", &st, t->e), t->e);
	assert_int_equal(st.type, FILE_REGULAR);
	assert_int_equal(st.mode, can(t, CAN_OWNER) ? 04755 : 0755);
	assert_int_equal(st.gid, can(t, CAN_OWNER) ? 70000 : 0);
	assert_ok(t->fs->ops->stat(t->fs, "/tmp", &st, t->e), t->e);
	assert_int_equal(st.type, FILE_DIR);
	assert_int_equal(st.mode, can(t, CAN_OWNER) ? 01777 : 0755);
	assert_int_equal(st.uid, can(t, CAN_OWNER) ? 2 : 0);
}

static void utime_wants_something_there(struct t *t)
{
	scratch_write(t->fs, "/motd", "x");
	assert_ok(t->fs->ops->utime(t->fs, "/motd", 1600000000, t->e), t->e);
	assert_fails(t->fs->ops->utime(t->fs, "/absent", 0, t->e), t->e, ERR_FAILED, "/absent");
	assert_content(t, "/motd", "x");
}

static void extended_attributes(struct t *t)
{
	static const char value[] = "\1\0\0\2 capability", other[] = "second";
	auto_str got = STR_INIT;
	scratch_write(t->fs, "/ping", "old");
	int r = t->fs->ops->xattr_set(t->fs, "/ping", "user.first", value, sizeof(value), t->e);
	if (!can(t, CAN_XATTR)) {
		assert_fails(r, t->e, ERR_FAILED, "extended attribute");
		return;
	}
	assert_ok(r, t->e);
	assert_ok(t->fs->ops->xattr_set(t->fs, "/ping", "user.second", other, 6, t->e), t->e);
	scratch_write(t->fs, "/ping", "new");
	reopen(t, false);
	assert_ok(t->fs->ops->xattr_get(t->fs, "/ping", "user.first", &got, t->e), t->e);
	assert_int_equal(got.len, sizeof(value));
	assert_memory_equal(got.data, value, sizeof(value));
	got.len = 0;
	assert_ok(t->fs->ops->xattr_get(t->fs, "/ping", "user.absent", &got, t->e), t->e);
	assert_int_equal(got.len, 0);
}

static void read_only_refuses_every_change(struct t *t)
{
	scratch_write(t->fs, "/motd", "kept");
	reopen(t, false);
	const struct fs_ops *ops = t->fs->ops;
	assert_fails(fs_write_data(t->fs, "/motd", "x", 1, t->e), t->e, ERR_FAILED, "read-only");
	assert_fails(ops->mkdir(t->fs, "/d", t->e), t->e, ERR_FAILED, "read-only");
	assert_fails(ops->remove(t->fs, "/motd", t->e), t->e, ERR_FAILED, "read-only");
	assert_fails(ops->attr(t->fs, "/motd", 0, 0, 0, t->e), t->e, ERR_FAILED, "read-only");
	assert_fails(ops->utime(t->fs, "/motd", 0, t->e), t->e, ERR_FAILED, "read-only");
	assert_content(t, "/motd", "kept");
	assert_names(t, "/", "motd");
}

static void sync_writes_and_goes_on(struct t *t)
{
	scratch_write(t->fs, "/a", "1");
	assert_ok(t->fs->ops->sync(t->fs, t->e), t->e);
	if (t->backend->check && !t->backend->kernel) /* which has it mounted still */
		t->backend->check(t->scratch);
	scratch_write(t->fs, "/b", "2");
	assert_ok(t->fs->ops->sync(t->fs, t->e), t->e);
	fs_discard(&t->fs);
	struct fs_open o = scratch_how(t->scratch, true);
	assert_ok(t->backend->open(&o, &t->fs, t->e), t->e);
	assert_names(t, "/", "a b");
}

static void close_of_nothing_is_allowed(struct t *t)
{
	struct fs *none = NULL;
	assert_ok(fs_close(&none, t->e), t->e);
	fs_discard(&none);
	assert_null(none);
}

struct test_case {
	const char *name;
	void (*run)(struct t *t);
};

#define CASE(f)       \
	{             \
#f, f \
	}

static const struct test_case cases[] = {
	CASE(begins_empty),
	CASE(stat_of_what_is_absent_is_none),
	CASE(write_makes_a_file),
	CASE(write_replaces_content),
	CASE(write_keeps_mode_and_owner),
	CASE(write_takes_an_empty_file),
	CASE(write_streams_large_files),
	CASE(write_wants_a_parent_that_is_a_directory),
	CASE(write_does_not_replace_a_directory),
	CASE(write_keeps_the_old_content_when_its_source_fails),
	CASE(write_keeps_the_old_content_when_there_is_no_room),
	CASE(read_has_a_limit),
	CASE(read_wants_a_regular_file),
	CASE(list_is_sorted_by_byte_value),
	CASE(list_wants_a_directory),
	CASE(names_may_be_long_and_strange),
	CASE(upper_and_lower_case),
	CASE(mkdir_makes_a_directory),
	CASE(mkdir_wants_a_free_name),
	CASE(directories_hold_hundreds_of_files),
	CASE(remove_takes_files_and_empty_directories),
	CASE(remove_of_what_is_absent_fails),
	CASE(symlinks_are_kept_and_not_followed),
	CASE(symlink_targets_may_be_long),
	CASE(symlink_wants_a_free_name),
	CASE(readlink_wants_a_symlink),
	CASE(hard_links_share_the_content),
	CASE(special_files),
	CASE(attr_sets_mode_and_owner),
	CASE(utime_wants_something_there),
	CASE(extended_attributes),
	CASE(read_only_refuses_every_change),
	CASE(sync_writes_and_goes_on),
	CASE(close_of_nothing_is_allowed),
};

#define N_CASES (sizeof(cases) / sizeof(*cases))

struct pair {
	const struct backend *backend;
	const struct test_case *test_case;
};

static void run_pair(void **state)
{
	const struct pair *p = *state;
	const char *reason = p->backend->unavailable ? p->backend->unavailable() : NULL;
	if (reason) {
		print_message("%s: %s\n", p->backend->name, reason);
		skip();
	}
	struct scratch s;
	auto_err e = ERR_INIT;
	struct t t = {.backend = p->backend, .scratch = &s, .e = &e};
	scratch_init(&s, p->backend->offset, p->backend->size);
	p->backend->make(&s);
	struct fs_open o = scratch_how(&s, true);
	assert_ok(p->backend->open(&o, &t.fs, &e), &e);
	p->test_case->run(&t);
	assert_ok(fs_close(&t.fs, &e), &e);
	if (p->backend->check)
		p->backend->check(&s);
	scratch_done(&s);
}

/* All that a kernel without the file system can do. */
static void is_refused_by_name(void **state)
{
	const struct pair *p = *state;
	struct scratch s;
	auto_err e = ERR_INIT;
	struct fs *fs = NULL;
	autofree char *expected = xasprintf("this kernel cannot open %s", p->backend->kernel);
	scratch_init(&s, p->backend->offset, p->backend->size);
	scratch_make_image(&s);
	struct fs_open o = scratch_how(&s, true);
	assert_fails(p->backend->open(&o, &fs, &e), &e, ERR_IMAGE, expected);
	scratch_done(&s);
}

static void add_test(struct CMUnitTest *test, struct pair *pair, const struct backend *b,
		     const struct test_case *c)
{
	*pair = (struct pair){b, c};
	*test = (struct CMUnitTest){
		.name = xasprintf("%s: %s", b->name, c ? c->name : "is_refused_by_name"),
		.test_func = c ? run_pair : is_refused_by_name,
		.initial_state = pair,
	};
}

int main(void)
{
	static struct pair pairs[N_BACKENDS * N_CASES];
	static struct CMUnitTest tests[N_BACKENDS * N_CASES];
	size_t n = 0;
	for (const struct backend *b = backends; b < backends + N_BACKENDS; b++) {
		bool lacking = b->kernel && kernel_lacks(b->kernel);
		for (size_t j = 0; j < (lacking ? 1 : N_CASES); j++, n++)
			add_test(&tests[n], &pairs[n], b, lacking ? NULL : &cases[j]);
	}
	return _cmocka_run_group_tests("contract", tests, n, NULL, NULL);
}
