/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told while an image comes by is what the whole image tells. */
#include "disk_fixture.h"
#include "stream_map.h"

/* The map of an image that comes in pieces of this size. */
static void stream(const char *path, size_t piece, bool known_only, struct blockmap *ret)
{
	auto_err e = ERR_INIT;
	struct disk *d = NULL;
	struct stream_map *s = NULL;
	struct stat st;
	autofree unsigned char *data = xmalloc(piece);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_done(disk_probe_head(fd, "packed.img", &d, &e), &e);
	assert_done(stream_map_new(d, &s, &e), &e);
	for (uint64_t at = 0, size = (uint64_t)st.st_size; at < size; at += piece) {
		size_t len = size - at < piece ? (size_t)(size - at) : piece;
		assert_done(io_pread_fd(fd, path, data, len, at, &e), &e);
		assert_done(stream_map_add(s, data, at, len, &e), &e);
		stream_map_wanted(s, at, at + len, known_only, ret);
	}
	stream_map_free(s);
}

static void whole(const char *path, struct blockmap *ret)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_strv notes = {0};
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(blockmap_build_over(d, false, ret, &notes, &e), &e);
}

static uint64_t within(const struct blockmap *m, uint64_t start, uint64_t end)
{
	auto_blockmap part = {0};
	size_t hint = 0;
	blockmap_clip(m, start, end, &hint, &part);
	return part.used;
}

/* In [start, end) both name the same bytes; what is wanted before something is known may be more.
 */
static void assert_same(const char *path, size_t piece, uint64_t start, uint64_t end, uint64_t more)
{
	auto_blockmap come = {0}, all = {0}, both = {0};
	stream(path, piece, false, &come);
	whole(path, &all);
	blockmap_merge(&both, &come);
	blockmap_merge(&both, &all);
	assert_int_equal(within(&both, start, end), within(&come, start, end));
	assert_in_range(within(&come, start, end), within(&all, start, end),
			within(&all, start, end) + more);
}

static const size_t pieces[] = {4 * MIB, MIB + 512, 100000};

static void mkfs(const char *path, uint64_t offset, uint64_t size, const char *features,
		 const char *block_size)
{
	autofree char *where = xasprintf("offset=%llu", (unsigned long long)offset);
	autofree char *blocks = xasprintf("%lluk", (unsigned long long)size / 1024);
	autofree char *part = xasprintf("%s?%s", path, where);
	fixture_run((const char *[]){"mke2fs", "-q", "-F", "-t", "ext4", "-b", block_size, "-O",
				     features, "-d", "files", "-E", where, path, blocks, NULL},
		    NULL, NULL);
	/* Something deleted: blocks in the middle are free again. */
	fixture_run((const char *[]){"debugfs", "-w", "-R", "rm b", part, NULL}, NULL, NULL);
}

static void make_files(void)
{
	fixture_run((const char *[]){"sh", "-c",
				     "mkdir files && head -c 5M /dev/urandom >files/a && "
				     "head -c 3M /dev/urandom >files/b && "
				     "head -c 9M /dev/urandom >files/c",
				     NULL},
		    NULL, NULL);
}

/* Groups of 8 MiB, with and without the bitmaps of 16 of them together. */
static void free_blocks_of_ext_are_known_in_time(void **state)
{
	static const char *const features[] = {"^resize_inode", "^flex_bg",
					       "^metadata_csum,^uninit_bg,^flex_bg,^64bit"};
	make_files();
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
		autofree char *path = fixture_file(state, "ext.img", 128 * MIB);
		fixture_table(path, "label: dos\n2048,245760,83\n");
		mkfs(path, MIB, 100 * MIB, features[i], "1024");
		for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++)
			assert_same(path, pieces[p], MIB, 101 * MIB, STREAM_PROBE + pieces[p]);
		assert_int_equal(unlink(path), 0);
	}
}

/* A partition that begins in the middle of a block of 4 KiB of the disk. */
static void blocks_need_not_lie_at_their_multiples(void **state)
{
	make_files();
	autofree char *path = fixture_file(state, "odd.img", 64 * MIB);
	fixture_table(path, "label: dos\n63,81920,83\n");
	mkfs(path, 63ull * 512, 40 * MIB, "metadata_csum", "4096");
	for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++)
		assert_same(path, pieces[p], 63ull * 512, 40 * MIB, STREAM_PROBE + pieces[p]);
}

static void free_clusters_of_a_fat_are_known_in_time(void **state)
{
	autofree char *path = fixture_mbr(state, "fat.img");
	autofree char *at = xasprintf("%s@@8M", path);
	make_files();
	fixture_run(
		(const char *[]){"mcopy", "-i", at, "files/a", "files/b", "files/c", "::", NULL},
		NULL, NULL);
	fixture_run((const char *[]){"mdel", "-i", at, "::a", NULL}, NULL, NULL);
	for (size_t p = 0; p < sizeof(pieces) / sizeof(*pieces); p++)
		assert_same(path, pieces[p], 8 * MIB, 40 * MIB, STREAM_PROBE + pieces[p]);
}

static void what_cannot_be_read_matters_unless_it_is_left_to_others(void **state)
{
	auto_blockmap all = {0}, known = {0};
	autofree char *path = fixture_mbr(state, "dirty.img");
	autofree char *part = xasprintf("%s?offset=%llu", path, 40 * MIB);
	fixture_run((const char *[]){"debugfs", "-w", "-R", "feature needs_recovery", part, NULL},
		    NULL, NULL);
	stream(path, 4 * MIB, false, &all);
	assert_int_equal(within(&all, 40 * MIB, 128 * MIB), 88 * MIB);
	assert_int_equal(within(&all, 0, 8 * MIB), 8 * MIB);
	stream(path, 4 * MIB, true, &known);
	assert_int_equal(within(&known, 40 * MIB, 128 * MIB), 0);
	assert_int_equal(within(&known, 0, 8 * MIB), 0);
	assert_in_range(within(&known, 8 * MIB, 40 * MIB), 1, MIB);
}

/* A bitmap whose checksum is wrong is not believed: its group matters whole. */
static void damaged_bitmap_frees_nothing(void **state)
{
	static char zeros[1024];
	auto_blockmap m = {0};
	make_files();
	autofree char *path = fixture_file(state, "bad.img", 64 * MIB);
	fixture_table(path, "label: dos\n2048,122880,83\n");
	mkfs(path, MIB, 60 * MIB, "metadata_csum", "1024");
	autofree char *part = xasprintf("%s?offset=%llu", path, MIB);
	auto_str said = STR_INIT;
	fixture_run((const char *[]){"debugfs", "-R", "stats", part, NULL}, NULL, &said);
	const char *at = strstr(str_text(&said), "block bitmap at ");
	assert_non_null(at);
	uint64_t block = strtoull(at + strlen("block bitmap at "), NULL, 10);
	fixture_poke(path, MIB + block * 1024, zeros, sizeof(zeros));
	stream(path, 4 * MIB, false, &m);
	assert_int_equal(within(&m, MIB, 9 * MIB), 8 * MIB);
	assert_true(within(&m, 9 * MIB, 61 * MIB) < 30 * MIB);
}

static int enter(void **state)
{
	return fixture_setup(state) < 0 ? -1 : chdir(*state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(free_blocks_of_ext_are_known_in_time),
		TEST(blocks_need_not_lie_at_their_multiples),
		TEST(free_clusters_of_a_fat_are_known_in_time),
		TEST(what_cannot_be_read_matters_unless_it_is_left_to_others),
		TEST(damaged_bitmap_frees_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
