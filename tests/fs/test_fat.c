/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "blockmap.h"
#include "io.h"
#include "scratch.h"

/* A FAT32 with one sector in a cluster, as Raspberry Pi OS has it, unless the test wants another.
 */
struct t {
	struct scratch s;
	struct fs *fs;
	struct err e;
};

static void open_it(struct t *t)
{
	struct fs_open o = scratch_how(&t->s, true);
	assert_ok(fs_fat_open(&o, &t->fs, &t->e), &t->e);
}

static void make(struct t *t, const char *type, const char *per_cluster, uint64_t offset,
		 uint64_t size)
{
	*t = (struct t){.fs = NULL};
	scratch_init(&t->s, offset, size);
	scratch_make_image(&t->s);
	autofree char *sector = xasprintf("%llu", (unsigned long long)(offset / 512)),
		      *blocks = xasprintf("%llu", (unsigned long long)(size >> 10));
	assert_ok(run_argv(&t->e, "mkfs.fat", "--invariant", "-F", type, "-s", per_cluster,
			   "--offset", sector, t->s.image, blocks, NULL),
		  &t->e);
}

static void setup(struct t *t)
{
	make(t, "32", "1", SCRATCH_OFFSET, 40 << 20);
	open_it(t);
}

static void close_it(struct t *t)
{
	assert_ok(fs_close(&t->fs, &t->e), &t->e);
}

static void teardown(struct t *t)
{
	close_it(t);
	scratch_done(&t->s);
}

/* What an mtools program prints for one path of the image. */
static char *mtools(const struct t *t, const char *program, const char *option, const char *path)
{
	autofree char *device = xasprintf("%s@@%llu", t->s.image, (unsigned long long)t->s.offset);
	const char *env[] = {"LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1", NULL};
	const char *argv[] = {program, "-i", device, option ? option : path, option ? path : NULL,
			      NULL};
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(run(&(struct run){.argv = argv, .env = env, .output = &out}, &e), &e);
	return str_steal(&out);
}

static void poke(const struct t *t, uint64_t at, const void *bytes, size_t len)
{
	auto_err e = ERR_INIT;
	autoclose int fd = open(t->s.image, O_WRONLY | O_CLOEXEC);
	assert_ok(io_pwrite_fd(fd, "image", bytes, len, t->s.offset + at, &e), &e);
}

/* Where these bytes are in the first MiB of the file system, which is searched for them. */
static uint64_t find_bytes(const struct t *t, const void *bytes, size_t len)
{
	auto_err e = ERR_INIT;
	const size_t searched = 2 << 20;
	autofree char *head = xmalloc(searched);
	autoclose int fd = open(t->s.image, O_RDONLY | O_CLOEXEC);
	assert_ok(io_pread_fd(fd, "image", head, searched, t->s.offset, &e), &e);
	const char *found = memmem(head, searched, bytes, len);
	assert_non_null(found);
	return (uint64_t)(found - head);
}

static void assert_sane(const struct t *t)
{
	auto_err e = ERR_INIT;
	autofree char *part = path_join(t->s.dir, "fat.img");
	autofree char *from = xasprintf("if=%s", t->s.image), *to = xasprintf("of=%s", part);
	autofree char *skip = xasprintf("skip=%llu", (unsigned long long)(t->s.offset >> 20));
	assert_ok(run_argv(&e, "dd", "bs=1M", "status=none", "conv=sparse", from, to, skip, NULL),
		  &e);
	assert_ok(run_argv(&e, "fsck.fat", "-n", part, NULL), &e);
	assert_int_equal(unlink(part), 0);
}

static void bytes_are_not_translated(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/cmdline.txt", "a\nb\r\nc\032d");
	autofree char *typed = mtools(&t, "mtype", NULL, "::/cmdline.txt");
	assert_string_equal(typed, "a\nb\r\nc\032d");
	teardown(&t);
}

static void dates_are_the_builds(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/config.txt", "x");
	assert_ok(t.fs->ops->mkdir(t.fs, "/overlays", &t.e), &t.e);
	autofree char *listed = mtools(&t, "mdir", "-a", "::/");
	assert_non_null(strstr(listed, "config   txt         1 2023-11-14  22:13"));
	assert_non_null(strstr(listed, "overlays     <DIR>     2023-11-14  22:13"));
	teardown(&t);
}

static void times_before_1980_are_1980(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	t.fs->now = 0;
	scratch_write(t.fs, "/config.txt", "x");
	autofree char *listed = mtools(&t, "mdir", "-a", "::/");
	assert_non_null(strstr(listed, "1980-01-01   0:00"));
	teardown(&t);
}

static void edit(struct t *t)
{
	scratch_write(t->fs, "/config.txt", "arm_64bit=1\n");
	assert_ok(t->fs->ops->mkdir(t->fs, "/overlays", &t->e), &t->e);
	for (int i = 0; i < 30; i++) {
		autofree char *path = xasprintf("/overlays/a long name of an overlay %d.dtbo", i);
		assert_ok(scratch_write_pattern(t->fs, path, (unsigned)i, 3000, &t->e), &t->e);
	}
	assert_ok(t->fs->ops->remove(t->fs, "/overlays/a long name of an overlay 3.dtbo", &t->e),
		  &t->e);
	scratch_write(t->fs, "/config.txt", "arm_64bit=1\ndtparam=i2c\n");
}

static void equal_edits_make_equal_bytes(void **state)
{
	(void)state;
	struct t a, b;
	setup(&a);
	edit(&a);
	sleep(2); /* FAT counts time by two seconds */
	setup(&b);
	edit(&b);
	assert_ok(run_argv(&a.e, "cmp", a.s.image, b.s.image, NULL), &a.e);
	assert_sane(&a);
	teardown(&a);
	teardown(&b);
}

static void names_are_found_without_case_and_by_their_alias(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/Some Longer Name.text", "here");
	for (const char **path = (const char *[]){"/some longer name.TEXT", "/SOMELO~1.TEX",
						  "/somelo~1.tex", NULL};
	     *path; path++) {
		autofree char *got = scratch_read(t.fs, *path);
		assert_string_equal(got, "here");
	}
	scratch_write(t.fs, "/SOME longer NAME.text", "again");
	auto_strv names = {0};
	assert_ok(t.fs->ops->list(t.fs, "/", &names, &t.e), &t.e);
	assert_int_equal(names.n, 1);
	teardown(&t);
}

static void names_that_mtools_would_misread_are_refused(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/ab", "kept");
	static const char *const bad[] = {
		"/a*",	  "/?b",      "/a[b]",	 "/a\\b", "/c:",   "/a\"b",   "/a|b",
		"/<a",	  "/trail.",  "/trail ", "/..",	  "/.",	   "/x/../y", "/a\nb",
		"/a\177", "/\303\50", "/\xff",	 "/AUX",  "/com1", "relative"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(fs_write_data(t.fs, bad[i], "x", 1, &t.e), &t.e, ERR_FAILED, bad[i]);
		assert_int_equal(t.fs->ops->mkdir(t.fs, bad[i], &t.e), -1);
		assert_int_equal(t.fs->ops->remove(t.fs, bad[i], &t.e), -1);
		err_done(&t.e);
	}
	autofree char *listed = mtools(&t, "mdir", "-b", "::/");
	assert_string_equal(listed, "::/ab\n");
	teardown(&t);
}

static void strange_names_are_as_mtools_lists_them(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	static const char *const names[] = {" lead",	 "-dash",     ".hidden",
					    "~x",	 "^x",	      "a'b",
					    "a+b,c=d;e", "x{y}]",     "l\303\244ngerer Name",
					    "UPPER",	 "Mixed.Txt", "lower.c",
					    "a.b.c.d",	 "100% $HOME"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = xasprintf("/%s", names[i]);
		scratch_write(t.fs, path, names[i]);
	}
	auto_strv ours = {0}, theirs = {0};
	autofree char *listed = mtools(&t, "mdir", "-b", "::/");
	assert_ok(t.fs->ops->list(t.fs, "/", &ours, &t.e), &t.e);
	strv_split(&theirs, listed, "\n");
	strv_sort(&theirs);
	assert_int_equal(ours.n, sizeof(names) / sizeof(*names));
	assert_int_equal(theirs.n, ours.n);
	for (size_t i = 0; i < ours.n; i++)
		assert_string_equal(ours.v[i], theirs.v[i] + strlen("::/"));
	teardown(&t);
}

static void short_names_may_have_umlauts_but_no_strangers(void **state)
{
	(void)state;
	struct t t;
	auto_strv names = {0};
	setup(&t);
	scratch_write(t.fs, "/\303\234ML\303\204UT.X", "capital");
	scratch_write(t.fs, "/\303\274ml\303\244ut.x", "small");
	assert_ok(t.fs->ops->list(t.fs, "/", &names, &t.e), &t.e);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "\303\274ml\303\244ut.x");
	scratch_write(t.fs, "/ia", "kept");
	/* A dotless i, for which mtools would take "ia". */
	assert_fails(fs_write_data(t.fs, "/\304\261a", "x", 1, &t.e), &t.e, ERR_FAILED, "Latin");
	scratch_write(t.fs, "/\304\261a is long enough for a long name", "x");
	autofree char *kept = scratch_read(t.fs, "/ia");
	assert_string_equal(kept, "kept");
	teardown(&t);
}

static void read_only_files_are_changed_without_a_question(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/kernel8.img", "old");
	autofree char *one = mtools(&t, "mattrib", "+r", "::/kernel8.img");
	scratch_write(t.fs, "/kernel8.img", "new");
	autofree char *got = scratch_read(t.fs, "/kernel8.img"),
		      *two = mtools(&t, "mattrib", "+r", "::/kernel8.img");
	assert_string_equal(got, "new");
	assert_ok(t.fs->ops->remove(t.fs, "/kernel8.img", &t.e), &t.e);
	assert_string_equal(one, two);
	teardown(&t);
}

static void images_may_be_called_anything_and_lie_far_in(void **state)
{
	(void)state;
	struct t t;
	make(&t, "16", "4", 5ull << 30, 24 << 20);
	autofree char *odd = path_join(t.s.dir, "a@@1 b?offset=3;$x.img");
	assert_int_equal(rename(t.s.image, odd), 0);
	struct fs_open o = scratch_how(&t.s, true);
	o.path = odd;
	assert_ok(fs_fat_open(&o, &t.fs, &t.e), &t.e);
	scratch_write(t.fs, "/config.txt", "found");
	assert_int_equal(rename(odd, t.s.image), 0);
	autofree char *typed = mtools(&t, "mtype", NULL, "::/config.txt");
	assert_string_equal(typed, "found");
	teardown(&t);
}

static void a_fat32_that_is_too_small_is_only_read(void **state)
{
	(void)state;
	struct t t;
	auto_strv names = {0};
	make(&t, "32", "8", SCRATCH_OFFSET, 40 << 20);
	open_it(&t);
	assert_fails(fs_write_data(t.fs, "/x", "x", 1, &t.e), &t.e, ERR_IMAGE,
		     "format it as FAT16");
	assert_ok(t.fs->ops->list(t.fs, "/", &names, &t.e), &t.e);
	assert_int_equal(names.n, 0);
	teardown(&t);
}

static void a_full_root_directory_is_no_room(void **state)
{
	(void)state;
	struct t t;
	make(&t, "16", "4", SCRATCH_OFFSET, 24 << 20);
	open_it(&t);
	int made = 0;
	for (; made < 600; made++) {
		autofree char *path = xasprintf("/%d", made);
		if (fs_write_data(t.fs, path, "x", 1, &t.e) < 0)
			break;
	}
	assert_int_equal(made, 512);
	assert_int_equal(t.e.code, ERR_SPACE);
	err_done(&t.e);
	scratch_write(t.fs, "/7", "an entry that is there can be replaced");
	assert_sane(&t);
	teardown(&t);
}

static void looping_directories_end(void **state)
{
	(void)state;
	struct t t;
	auto_strv names = {0};
	auto_blockmap map = {0};
	setup(&t);
	assert_ok(t.fs->ops->mkdir(t.fs, "/d", &t.e), &t.e);
	scratch_write(t.fs, "/d/x", "x");
	close_it(&t);
	/* mkfs.fat reserves 32 sectors; "/d" is in cluster 3, and now goes on in itself. */
	poke(&t, 32 * 512 + 3 * 4, "\3\0\0\0", 4);
	open_it(&t);
	assert_fails(t.fs->ops->list(t.fs, "/d", &names, &t.e), &t.e, ERR_IMAGE, "or loops");
	const struct fs_open how = scratch_how(&t.s, false);
	assert_ok(fs_fat_blockmap(&how, &map, &t.e), &t.e);
	auto_blockmap metadata = {0};
	assert_ok(fs_fat_metadata(&how, &metadata, &t.e), &t.e);
	const struct fs_open writable = scratch_how(&t.s, true);
	assert_ok(fs_fat_scrub(&writable, &t.e), &t.e);
	auto_strv hit = {0};
	assert_ok(fs_fat_mend(&writable, &map, &hit, &t.e), &t.e);
	teardown(&t);
}

/* Where nothing but directories has clusters, both maps are the same; "/a/c" is found before
 * "/a/b". */
static void all_directories_are_metadata(void **state)
{
	(void)state;
	static const char *const dirs[] = {"/a", "/a/b", "/a/c", "/a/b/d", "/e"};
	struct t t;
	auto_blockmap map = {0}, metadata = {0};
	setup(&t);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		assert_ok(t.fs->ops->mkdir(t.fs, dirs[i], &t.e), &t.e);
	close_it(&t);
	const struct fs_open how = scratch_how(&t.s, false);
	assert_ok(fs_fat_blockmap(&how, &map, &t.e), &t.e);
	assert_ok(fs_fat_metadata(&how, &metadata, &t.e), &t.e);
	assert_int_equal(metadata.used, map.used);
	assert_int_equal(metadata.n, map.n);
	open_it(&t);
	teardown(&t);
}

static bool has_bytes(const struct t *t, const char *text)
{
	auto_err e = ERR_INIT;
	auto_str all = STR_INIT;
	assert_ok(io_read_file(t->s.image, 64 << 20, &all, &e), &e);
	return memmem(str_text(&all), all.len, text, strlen(text)) != NULL;
}

static void names_that_were_deleted_are_scrubbed_however_deep(void **state)
{
	(void)state;
	static const char *const kinds[][2] = {{"12", "8"}, {"16", "4"}, {"32", "1"}};
	for (size_t i = 0; i < 3; i++) {
		struct t t;
		make(&t, kinds[i][0], kinds[i][1], SCRATCH_OFFSET, i ? 40 << 20 : 8 << 20);
		open_it(&t);
		assert_ok(t.fs->ops->mkdir(t.fs, "/a", &t.e), &t.e);
		assert_ok(t.fs->ops->mkdir(t.fs, "/a/b", &t.e), &t.e);
		assert_ok(t.fs->ops->mkdir(t.fs, "/a/b/c", &t.e), &t.e);
		scratch_write(t.fs, "/a/b/c/keep", "kept");
		scratch_write(t.fs, "/a/b/c/wpsecret.txt", "");
		assert_ok(t.fs->ops->remove(t.fs, "/a/b/c/wpsecret.txt", &t.e), &t.e);
		close_it(&t);
		assert_true(has_bytes(&t, "PSECRETTXT"));
		const struct fs_open how = scratch_how(&t.s, true);
		assert_ok(fs_fat_scrub(&how, &t.e), &t.e);
		assert_false(has_bytes(&t, "PSECRETTXT"));
		assert_sane(&t);
		open_it(&t);
		autofree char *kept = scratch_read(t.fs, "/a/b/c/keep");
		assert_string_equal(kept, "kept");
		teardown(&t);
	}
}

static void chains_that_lead_astray_are_errors(void **state)
{
	(void)state;
	static const char *const links[] = {"\xf0\xff\xff\x0f", "\1\0\0\0", "\0\0\0\0",
					    "\xf7\xff\xff\x0f"};
	for (size_t i = 0; i < 4; i++) {
		struct t t;
		auto_str out = STR_INIT;
		setup(&t);
		assert_ok(scratch_write_pattern(t.fs, "/file", 1, 5000, &t.e), &t.e);
		poke(&t, 32 * 512 + 3 * 4, links[i], 4);
		close_it(&t);
		open_it(&t);
		assert_fails(t.fs->ops->read(t.fs, "/file", 9999, &out, &t.e), &t.e, ERR_IMAGE,
			     "/file: card.img: partition 2: the FAT file system is damaged");
		teardown(&t);
	}
}

static void hostile_names_do_not_become_paths(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	scratch_write(t.fs, "/evil long name", "x");
	/* The long name is UTF-16; its checksum is of the short one. */
	uint64_t at = find_bytes(&t, "e\0v\0i\0l\0", 8);
	poke(&t, at + 2, "/", 1);
	auto_strv names = {0};
	assert_ok(t.fs->ops->list(t.fs, "/", &names, &t.e), &t.e);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "EVILLO~1");
	teardown(&t);
}

static void what_is_no_fat_is_refused(void **state)
{
	(void)state;
	struct t t;
	struct fs *fs = NULL;
	setup(&t);
	struct fs_open o = scratch_how(&t.s, false);
	/* Each field of the boot sector, with a value that cannot be. */
	static const struct {
		unsigned at;
		const char *bytes;
		size_t len;
	} lies[] = {
		{11, "\1\2", 2},	     /* bytes in a sector */
		{13, "\0", 1},		     /* sectors in a cluster */
		{13, "\3", 1},		     /* the same */
		{14, "\0\0", 2},	     /* reserved sectors */
		{16, "\0", 1},		     /* tables */
		{16, "\xff", 1},	     /* tables: beyond the end */
		{32, "\xff\xff\xff\xff", 4}, /* sectors in all */
		{36, "\1\0\0\0", 4},	     /* sectors in a table */
		{36, "\xff\xff\xff\xff", 4}, /* the same: beyond the end */
		{40, "\x8f", 1},	     /* number of the table in use */
	};
	char boot[512];
	auto_err e = ERR_INIT;
	autoclose int fd = open(t.s.image, O_RDONLY | O_CLOEXEC);
	assert_ok(io_pread_fd(fd, "image", boot, sizeof(boot), t.s.offset, &e), &e);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		poke(&t, lies[i].at, lies[i].bytes, lies[i].len);
		assert_fails(fs_fat_open(&o, &fs, &t.e), &t.e, ERR_IMAGE, "partition 2: ");
		poke(&t, 0, boot, sizeof(boot));
	}
	o.size = 1 << 20;
	assert_fails(fs_fat_open(&o, &fs, &t.e), &t.e, ERR_IMAGE, "larger than its partition");
	teardown(&t);
}

/* Copy what the map has onto a card full of old data; everything must be there. */
static void assert_map_is_enough(struct t *t)
{
	auto_blockmap map = {0};
	const struct fs_open how = scratch_how(&t->s, false);
	assert_ok(fs_fat_blockmap(&how, &map, &t->e), &t->e);
	autofree char *card = path_join(t->s.dir, "card"), *block = xmalloc(1 << 20);
	autoclose int from = open(t->s.image, O_RDONLY | O_CLOEXEC),
		      to = open(card, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	memset(block, 0xaa, 1 << 20);
	for (uint64_t at = 0; at < t->s.offset + t->s.size; at += 1 << 20)
		assert_ok(io_pwrite_fd(to, "card", block, 1 << 20, at, &t->e), &t->e);
	for (size_t i = 0; i < map.n; i++) {
		for (uint64_t done = 0; done < map.extents[i].len; done += 512) {
			uint64_t at = map.extents[i].start + done;
			assert_ok(io_pread_fd(from, "image", block, 512, at, &t->e), &t->e);
			assert_ok(io_pwrite_fd(to, "card", block, 512, at, &t->e), &t->e);
		}
	}
	assert_true(map.used < t->s.size / 2);
	assert_int_equal(rename(card, t->s.image), 0);
}

static void blockmap_has_all_that_matters(void **state)
{
	(void)state;
	static const char *const kinds[][2] = {{"12", "8"}, {"16", "4"}, {"32", "1"}};
	for (size_t i = 0; i < 3; i++) {
		struct t t;
		make(&t, kinds[i][0], kinds[i][1], SCRATCH_OFFSET, i ? 40 << 20 : 8 << 20);
		open_it(&t);
		edit(&t);
		assert_ok(scratch_write_pattern(t.fs, "/kernel8.img", 9, 1 << 20, &t.e), &t.e);
		close_it(&t);
		assert_map_is_enough(&t);
		assert_sane(&t);
		open_it(&t);
		scratch_assert_pattern(t.fs, "/kernel8.img", 9, 1 << 20);
		scratch_assert_pattern(t.fs, "/overlays/a long name of an overlay 7.dtbo", 7, 3000);
		teardown(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_not_translated),
		cmocka_unit_test(dates_are_the_builds),
		cmocka_unit_test(times_before_1980_are_1980),
		cmocka_unit_test(equal_edits_make_equal_bytes),
		cmocka_unit_test(names_are_found_without_case_and_by_their_alias),
		cmocka_unit_test(names_that_mtools_would_misread_are_refused),
		cmocka_unit_test(strange_names_are_as_mtools_lists_them),
		cmocka_unit_test(short_names_may_have_umlauts_but_no_strangers),
		cmocka_unit_test(read_only_files_are_changed_without_a_question),
		cmocka_unit_test(images_may_be_called_anything_and_lie_far_in),
		cmocka_unit_test(a_fat32_that_is_too_small_is_only_read),
		cmocka_unit_test(a_full_root_directory_is_no_room),
		cmocka_unit_test(looping_directories_end),
		cmocka_unit_test(all_directories_are_metadata),
		cmocka_unit_test(names_that_were_deleted_are_scrubbed_however_deep),
		cmocka_unit_test(chains_that_lead_astray_are_errors),
		cmocka_unit_test(hostile_names_do_not_become_paths),
		cmocka_unit_test(what_is_no_fat_is_refused),
		cmocka_unit_test(blockmap_has_all_that_matters),
	};
	return cmocka_run_group_tests_name("fat", tests, NULL, NULL);
}
