/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only ext2, ext3 and ext4 can do or be; the contract they share with others is elsewhere. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "blockmap.h"
#include "io.h"
#include "scratch.h"

#define SIZE (48u << 20)

/* Fails with ERR_IMAGE and says this. */
static void assert_refused(const struct scratch *s, bool writable, const char *fragment)
{
	auto_err e = ERR_INIT;
	struct fs_open o = scratch_how(s, writable);
	struct fs *fs = NULL;
	assert_fails(fs_ext_open(&o, &fs, &e), &e, ERR_IMAGE, fragment);
	assert_null(fs);
}

static void assert_debugfs(const struct scratch *s, const char *command, const char *fragment)
{
	autofree char *said = scratch_debugfs(s, command);
	if (!strstr(said, fragment))
		fail_msg("%s: no '%s' in: %s", command, fragment, said);
}

/* A host directory for mke2fs -d: a bit of everything that an image has. */
static char *make_tree(const struct scratch *s)
{
	char *tree = path_join(s->dir, "tree");
	autofree char *script = xasprintf(
		"mkdir -p %1$s/etc/many %1$s/usr/bin && echo old > %1$s/etc/motd && "
		"ln %1$s/etc/motd %1$s/etc/motd.link && ln -s ../usr/bin %1$s/etc/bin && "
		"ln -s %2$s %1$s/etc/slow && truncate -s 6G %1$s/usr/sparse && "
		"printf tail >> %1$s/usr/sparse && i=0 && while [ $i -lt 600 ]; do "
		": > %1$s/etc/many/a-rather-long-name-of-a-file-$i; i=$((i+1)); done",
		tree, "0123456789012345678901234567890123456789012345678901234567890123456789");
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "sh", "-c", script, NULL), &e);
	return tree;
}

/* mke2fs -O features, filled from a tree; indexed: e2fsck makes indexes of large directories. */
static void make_filled(const struct scratch *s, const char *type, const char *features,
			const char *inode_size)
{
	autofree char *tree = make_tree(s);
	scratch_mke2fs(
		s, type,
		(const char *[]){"-O", features, "-I", inode_size, "-N", "4096", "-d", tree, NULL});
	const char *argv[] = {"e2fsck", "-fyD", s->checked, NULL};
	auto_err e = ERR_INIT;
	if (run(&(struct run){.argv = argv, .ok_status = 1 << 1}, &e) < 0)
		fail_msg("%s", e.msg);
}

/* The kinds of edits that a build makes. */
static void edit_everything(struct fs *fs)
{
	auto_err e = ERR_INIT;
	scratch_write(fs, "/etc/motd", "new content\n");
	for (int i = 0; i < 400; i++) {
		autofree char *path = xasprintf("/etc/many/another-rather-long-name-%d", i);
		scratch_write(fs, path, path);
	}
	for (int i = 0; i < 600; i += 3) {
		autofree char *path = xasprintf("/etc/many/a-rather-long-name-of-a-file-%d", i);
		assert_ok(fs->ops->remove(fs, path, &e), &e);
	}
	for (int i = 0; i < 80; i++) {
		autofree char *path = xasprintf("/usr/directory-%d", i);
		assert_ok(fs->ops->mkdir(fs, path, &e), &e);
	}
	assert_ok(scratch_write_pattern(fs, "/usr/bin/program", 5, 5 << 20, &e), &e);
	assert_ok(scratch_write_pattern(fs, "/usr/bin/program", 6, (3 << 20) + 1, &e), &e);
	assert_ok(fs->ops->xattr_set(fs, "/usr/bin/program", "user.small", "value", 5, &e), &e);
	char large[900];
	memset(large, 'v', sizeof(large));
	assert_ok(fs->ops->xattr_set(fs, "/usr/bin/program", "user.large", large, 900, &e), &e);
	assert_ok(fs->ops->symlink(fs, "/usr/lib", "a/target/that/is/fast", &e), &e);
	assert_ok(fs->ops->link(fs, "/usr/bin/other", "/usr/bin/program", &e), &e);
	assert_ok(fs->ops->attr(fs, "/usr/bin/program", 04755, 0, 5, &e), &e);
	assert_ok(fs->ops->utime(fs, "/usr/bin/program", 1500000000, &e), &e);
	assert_ok(fs->ops->remove(fs, "/usr/sparse", &e), &e);
	assert_ok(fs->ops->remove(fs, "/etc/slow", &e), &e);
}

static void check_edits(const struct scratch *s)
{
	autofree char *motd = scratch_debugfs(s, "cat /etc/motd.link");
	assert_string_equal(motd, "new content\n");
	assert_debugfs(s, "cat /etc/many/another-rather-long-name-399",
		       "/etc/many/another-rather-long-name-399");
	assert_debugfs(s, "stat /usr/bin/program", "Mode:  04755");
	assert_debugfs(s, "stat /usr/bin/program", "Links: 2");
	assert_debugfs(s, "stat /usr/bin/program", "mtime: 0x59682f00");
	assert_debugfs(s, "stat /usr/bin/program", "ctime: 0x6553f100");
	assert_debugfs(s, "ea_get /usr/bin/program user.small", "value");
	assert_debugfs(s, "stat /usr/lib", "a/target/that/is/fast");
	autofree char *many = scratch_debugfs(s, "ls -p /etc/many");
	assert_non_null(strstr(many, "/a-rather-long-name-of-a-file-598/"));
	assert_null(strstr(many, "/a-rather-long-name-of-a-file-597/"));
	struct fs *fs = scratch_open_ext(s, false);
	scratch_assert_pattern(fs, "/usr/bin/program", 6, (3 << 20) + 1);
	scratch_assert_pattern(fs, "/usr/bin/other", 6, (3 << 20) + 1);
	scratch_close(&fs);
}

struct matrix {
	const char *name, *type, *features, *inode_size;
};

static void edits_are_clean_with_these_features(void **state)
{
	const struct matrix *m = *state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	make_filled(&s, m->type, m->features, m->inode_size);
	struct fs *fs = scratch_open_ext(&s, true);
	edit_everything(fs);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	check_edits(&s);
	scratch_done(&s);
}

static const struct matrix matrix[] = {
	{"ext2", "ext2", "none,filetype,ext_attr", "128"},
	{"ext2 with index", "ext2", "dir_index", "128"},
	{"ext3", "ext3", "^resize_inode", "256"},
	{"ext4 without extents", "ext4", "^extent,^64bit", "256"},
	{"ext4 of a Raspberry Pi", "ext4", "^64bit,^huge_file", "256"},
	{"ext4 with metadata_csum_seed and orphan_file", "ext4", "metadata_csum_seed,orphan_file",
	 "256"},
	{"ext4 with inline_data", "ext4", "inline_data", "256"},
	{"ext4 with large inodes", "ext4", "inline_data,ea_inode", "1024"},
	{"ext4 without checksums", "ext4", "^metadata_csum,uninit_bg", "256"},
	{"ext4 with neither", "ext4", "^metadata_csum,^uninit_bg,^flex_bg,^dir_index", "128"},
	{"ext4 with meta_bg", "ext4", "meta_bg,^resize_inode,sparse_super2", "256"},
	{"ext4 with large_dir", "ext4", "large_dir,project", "256"},
};

#define N_MATRIX (sizeof(matrix) / sizeof(*matrix))

static void same_edits_give_same_bytes(void **state)
{
	(void)state;
	struct scratch a, b;
	auto_err e = ERR_INIT;
	scratch_init(&a, SCRATCH_OFFSET, SIZE);
	scratch_init(&b, SCRATCH_OFFSET, SIZE);
	make_filled(&a, "ext4", "metadata_csum_seed,orphan_file", "256");
	assert_ok(run_argv(&e, "cp", a.image, b.image, NULL), &e);
	struct fs *fs = scratch_open_ext(&a, true);
	edit_everything(fs);
	scratch_close(&fs);
	sleep(1);
	fs = scratch_open_ext(&b, true);
	edit_everything(fs);
	scratch_close(&fs);
	assert_ok(run_argv(&e, "cmp", a.image, b.image, NULL), &e);
	scratch_done(&a);
	scratch_done(&b);
}

static void nothing_changed_writes_nothing(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	autofree char *copy = path_join(s.dir, "copy");
	assert_ok(run_argv(&e, "cp", s.image, copy, NULL), &e);
	struct fs *fs = scratch_open_ext(&s, true);
	scratch_close(&fs);
	assert_ok(run_argv(&e, "cmp", s.image, copy, NULL), &e);
	scratch_done(&s);
}

static void discard_writes_no_metadata(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	make_filled(&s, "ext4", "metadata_csum", "256");
	struct fs *fs = scratch_open_ext(&s, true);
	edit_everything(fs);
	fs_discard(&fs);
	scratch_e2fsck(&s);
	assert_debugfs(&s, "cat /etc/motd", "old");
	scratch_done(&s);
}

static void times_reach_beyond_2038(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-I", "256", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	scratch_write(fs, "/f", "x");
	assert_ok(fs->ops->utime(fs, "/f", 0x1200000000, &e), &e);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	assert_debugfs(&s, "stat /f", "mtime: 0x00000000:00000002");
	assert_debugfs(&s, "stat /f", "crtime: 0x6553f100");
	scratch_done(&s);
}

static void free_blocks_are_found_however_scattered(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, 16 << 20);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-N", "8192", "-O", "^has_journal", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	int n = 0;
	for (;; n++) {
		autofree char *path = xasprintf("/f%d", n);
		if (scratch_write_pattern(fs, path, 1, 2000, &e) < 0)
			break;
	}
	assert_int_equal(e.code, ERR_SPACE);
	for (int i = 0; i < n; i += 2) {
		autofree char *path = xasprintf("/f%d", i);
		assert_ok(fs->ops->remove(fs, path, &e), &e);
	}
	/* A thousand extents: the map is a tree with its own blocks. */
	assert_ok(scratch_write_pattern(fs, "/scattered", 2, 4 << 20, &e), &e);
	assert_ok(scratch_write_pattern(fs, "/scattered", 3, 2 << 20, &e), &e);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	fs = scratch_open_ext(&s, false);
	scratch_assert_pattern(fs, "/scattered", 3, 2 << 20);
	scratch_close(&fs);
	scratch_done(&s);
}

static void a_full_file_system_is_named_with_what_is_needed(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, 16 << 20);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs *fs = scratch_open_ext(&s, true);
	assert_fails(scratch_write_pattern(fs, "/kernel", 1, 31 << 20, &e), &e, ERR_SPACE,
		     "card.img: partition 2: /kernel: no room: 32505856 bytes are needed");
	scratch_close(&fs);
	scratch_e2fsck(&s);
	scratch_done(&s);
}

static void inodes_can_run_out(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, 16 << 20);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-N", "16", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	int r = 0;
	for (int i = 0; i < 100 && r == 0; i++) {
		autofree char *path = xasprintf("/f%d", i);
		r = fs_write_data(fs, path, "x", 1, &e);
	}
	assert_fails(r, &e, ERR_SPACE, "no inode is free");
	scratch_close(&fs);
	scratch_e2fsck(&s);
	scratch_done(&s);
}

static void features_that_we_do_not_keep_right_are_read_only(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-O", "quota", NULL});
	assert_refused(&s, true, "for writing; `tune2fs -O ^quota` on it takes it away");
	scratch_mke2fs(&s, "ext4", (const char *[]){"-O", "quota,bigalloc", NULL});
	assert_refused(&s, true,
		       "'quota, bigalloc' is not supported for writing; nothing takes it away");
	struct fs *fs = scratch_open_ext(&s, false);
	scratch_close(&fs);
	scratch_done(&s);
}

static void features_that_nobody_knows_are_named(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	scratch_debugfs_write(&s, "ssv feature_ro_compat 0x4200046b");
	assert_refused(&s, true, "'ro_compat bit 25, ro_compat bit 30'");
	scratch_mke2fs(&s, "ext4", NULL);
	scratch_debugfs_write(&s, "ssv feature_incompat 0x1002c3");
	assert_refused(&s, false, "'compression, incompat bit 20'");
	scratch_done(&s);
}

static void a_file_system_with_errors_is_refused(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	scratch_debugfs_write(&s, "ssv state 3");
	assert_refused(&s, true,
		       "card.img: partition 2: the file system is marked as having errors");
	assert_refused(&s, false, "run e2fsck");
	scratch_done(&s);
}

/* Put new content for the only block of /f into the journal, and not into the file. */
static void journal_content(const struct scratch *s, const char *content)
{
	struct fs *fs = scratch_open_ext(s, true);
	scratch_write(fs, "/f", "before");
	scratch_close(&fs);
	auto_err e = ERR_INIT;
	autofree char *block = scratch_debugfs(s, "blocks /f");
	autofree char *file = path_join(s->dir, "block"), *commands = path_join(s->dir, "commands");
	autofree char *script = xasprintf("printf '%s' > %s && truncate -s 1024 %s && printf "
					  "'jo\\njw -b %ld %s\\njc\\n' > %s",
					  content, file, file, strtol(block, NULL, 10), file,
					  commands);
	assert_ok(run_argv(&e, "sh", "-c", script, NULL), &e);
	free(scratch_output((const char *[]){"debugfs", "-w", "-f", commands, s->checked, NULL}));
}

static void a_dirty_journal_is_refused_until_it_is_replayed(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	bool dirty = true;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs_open o = scratch_how(&s, true);
	assert_ok(fs_ext_is_dirty(&o, &dirty, &e), &e);
	assert_false(dirty);
	journal_content(&s, "after!");
	assert_ok(fs_ext_is_dirty(&o, &dirty, &e), &e);
	assert_true(dirty);
	assert_refused(&s, true, "replay it");
	assert_refused(&s, false, "replay it");
	assert_ok(fs_ext_replay(&o, &e), &e);
	assert_ok(fs_ext_is_dirty(&o, &dirty, &e), &e);
	assert_false(dirty);
	scratch_e2fsck(&s);
	struct fs *fs = scratch_open_ext(&s, false);
	autofree char *content = scratch_read(fs, "/f");
	assert_string_equal(content, "after!");
	scratch_close(&fs);
	scratch_done(&s);
}

/* An e2fsck that may write, in place of the one that run() would find. */
static void let_e2fsck_write(const struct scratch *s)
{
	auto_err e = ERR_INIT;
	autofree char *path = path_join(s->dir, "e2fsck");
	autofree char *dirs = xasprintf("%s:%s", s->dir, getenv("PATH"));
	static const char script[] = "#!/bin/sh\nulimit -S -f unlimited\n"
				     "PATH=${PATH#*:}:/usr/sbin:/sbin exec e2fsck \"$@\"\n";
	assert_ok(io_replace_file(path, script, sizeof(script) - 1, 0755, &e), &e);
	setenv("PATH", dirs, 1);
}

static void a_replay_that_cannot_be_written_fails(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs_open o = scratch_how(&s, true);
	journal_content(&s, "after!");
	autofree char *path = xstrdup(getenv("PATH"));
	let_e2fsck_write(&s);
	struct rlimit before, none;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){0, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	int r = fs_ext_replay(&o, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	setenv("PATH", path, 1);
	assert_int_equal(r, -1);
	assert_non_null(strstr(e.msg, "cannot write: File too large"));
	scratch_done(&s);
}

static void an_image_may_be_opened_by_descriptor(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	scratch_debugfs_write(&s, "ssv state 0");
	autoclose int fd = open(s.image, O_RDWR | O_CLOEXEC);
	autofree char *path = xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
	struct fs_open o = scratch_how(&s, true);
	struct fs *fs = NULL;
	o.path = path;
	assert_ok(fs_ext_replay(&o, &e), &e);
	assert_ok(fs_ext_open(&o, &fs, &e), &e);
	scratch_write(fs, "/f", "by descriptor");
	scratch_close(&fs);
	assert_debugfs(&s, "cat /f", "by descriptor");
	scratch_done(&s);
}

static void what_is_no_file_system_is_refused(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_make_image(&s);
	assert_refused(&s, false, "no ext2, ext3 or ext4");
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs_open o = scratch_how(&s, false);
	struct fs *fs = NULL;
	o.size = SIZE / 2;
	assert_fails(fs_ext_open(&o, &fs, &e), &e, ERR_IMAGE, "cut off");
	o.path = "/nonexistent";
	assert_fails(fs_ext_open(&o, &fs, &e), &e, ERR_FAILED, "No such file");
	scratch_done(&s);
}

/* The marked blocks, counted by dumpe2fs: all but the free ones. */
static void blockmap_has_what_is_allocated(void **state)
{
	const struct matrix *m = *state;
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_blockmap map = {0};
	scratch_init(&s, SCRATCH_OFFSET, 300 << 20);
	make_filled(&s, m->type, m->features, m->inode_size);
	struct fs *fs = scratch_open_ext(&s, true);
	edit_everything(fs);
	scratch_close(&fs);
	const struct fs_open how = scratch_how(&s, false);
	assert_ok(fs_ext_blockmap(&how, &map, &e), &e);
	autofree char *stats = scratch_debugfs(&s, "stats -h");
	long long blocks = 0, unused = 0, bs = 0, first = 0;
	assert_int_equal(sscanf(strstr(stats, "Block count:"), "Block count: %lld", &blocks), 1);
	assert_int_equal(sscanf(strstr(stats, "Free blocks:"), "Free blocks: %lld", &unused), 1);
	assert_int_equal(sscanf(strstr(stats, "Block size:"), "Block size: %lld", &bs), 1);
	assert_int_equal(sscanf(strstr(stats, "First block:"), "First block: %lld", &first), 1);
	assert_int_equal(map.used, (uint64_t)((blocks - unused) * bs));
	assert_int_equal(map.extents[0].start, s.offset);
	const struct extent *last = &map.extents[map.n - 1];
	assert_true(last->start + last->len <= s.offset + s.size);
	scratch_done(&s);
}

/* Everything that is not in the map may be lost: the copy is the same file system. */
static void a_copy_by_blockmap_is_whole(void **state)
{
	(void)state;
	struct scratch s, copy;
	auto_err e = ERR_INIT;
	auto_blockmap map = {0};
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_init(&copy, SCRATCH_OFFSET, SIZE);
	make_filled(&s, "ext4", "^64bit", "256");
	struct fs *fs = scratch_open_ext(&s, true);
	edit_everything(fs);
	scratch_close(&fs);
	const struct fs_open how = scratch_how(&s, false);
	assert_ok(fs_ext_blockmap(&how, &map, &e), &e);
	scratch_make_image(&copy);
	autoclose int from = open(s.image, O_RDONLY | O_CLOEXEC);
	autoclose int to = open(copy.image, O_WRONLY | O_CLOEXEC);
	for (size_t i = 0; i < map.n; i++) {
		size_t len = map.extents[i].len;
		off_t at = (off_t)map.extents[i].start;
		autofree char *data = xmalloc(len);
		assert_int_equal(pread(from, data, len, at), (ssize_t)len);
		assert_int_equal(pwrite(to, data, len, at), (ssize_t)len);
	}
	scratch_e2fsck(&copy);
	check_edits(&copy);
	scratch_done(&s);
	scratch_done(&copy);
}

static uint64_t room_of(struct fs *fs)
{
	auto_err e = ERR_INIT;
	uint64_t room = 0;
	assert_ok(fs->ops->room(fs, &room, &e), &e);
	return room;
}

/* dumpe2fs's number, and less by what is written. */
static void room_is_what_is_free(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_fs *fs = NULL;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-b", "4096", NULL});
	struct fs_open o = scratch_how(&s, true);
	assert_ok(fs_ext_open(&o, &fs, &e), &e);
	uint64_t before = room_of(fs);
	autofree char *free_blocks = xasprintf("Free blocks:              %llu\n",
					       (unsigned long long)before / 4096);
	assert_debugfs(&s, "show_super_stats -h", free_blocks);
	autofree char *data = xcalloc(1, 1u << 20);
	assert_ok(fs_write_data(fs, "/file", memset(data, 'x', 1u << 20), 1u << 20, &e), &e);
	assert_int_equal(room_of(fs), before - (1u << 20));
	assert_ok(fs_close(&fs, &e), &e);
	scratch_done(&s);
}

int main(void)
{
	static const struct matrix pi = {"Raspberry Pi", "ext4", "^64bit,^huge_file", "256"};
	static const struct matrix old = {"ext2", "ext2", "none,filetype,ext_attr", "128"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_edits_give_same_bytes),
		cmocka_unit_test(nothing_changed_writes_nothing),
		cmocka_unit_test(discard_writes_no_metadata),
		cmocka_unit_test(times_reach_beyond_2038),
		cmocka_unit_test(free_blocks_are_found_however_scattered),
		cmocka_unit_test(a_full_file_system_is_named_with_what_is_needed),
		cmocka_unit_test(room_is_what_is_free),
		cmocka_unit_test(inodes_can_run_out),
		cmocka_unit_test(features_that_we_do_not_keep_right_are_read_only),
		cmocka_unit_test(features_that_nobody_knows_are_named),
		cmocka_unit_test(a_file_system_with_errors_is_refused),
		cmocka_unit_test(a_dirty_journal_is_refused_until_it_is_replayed),
		cmocka_unit_test(a_replay_that_cannot_be_written_fails),
		cmocka_unit_test(an_image_may_be_opened_by_descriptor),
		cmocka_unit_test(what_is_no_file_system_is_refused),
		cmocka_unit_test_prestate(blockmap_has_what_is_allocated, (void *)&pi),
		cmocka_unit_test_prestate(blockmap_has_what_is_allocated, (void *)&old),
		cmocka_unit_test(a_copy_by_blockmap_is_whole),
	};
	struct CMUnitTest features[N_MATRIX];
	for (size_t i = 0; i < N_MATRIX; i++)
		features[i] = (struct CMUnitTest){.name = matrix[i].name,
						  .test_func = edits_are_clean_with_these_features,
						  .initial_state = (void *)&matrix[i]};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + _cmocka_run_group_tests("features", features, N_MATRIX, NULL, NULL);
}
