/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blockmap.h"
#include "disk_fixture.h"

static void build(const char *path, struct blockmap *m)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(blockmap_build(d, m, &e), &e);
}

static bool covers(const struct blockmap *m, uint64_t start, uint64_t len)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->extents[i].start <= start &&
		    start + len <= m->extents[i].start + m->extents[i].len)
			return true;
	}
	return false;
}

static bool touches(const struct blockmap *m, uint64_t start, uint64_t len)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->extents[i].start < start + len &&
		    start < m->extents[i].start + m->extents[i].len)
			return true;
	}
	return false;
}

static void neighbours_merge(void **state)
{
	(void)state;
	auto_blockmap m = {0};
	blockmap_add(&m, 0, 10);
	blockmap_add(&m, 10, 5);
	blockmap_add(&m, 12, 2);
	blockmap_add(&m, 14, 6);
	blockmap_add(&m, 30, 0);
	blockmap_add(&m, 30, 1);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.extents[0].len, 20);
	assert_int_equal(m.used, 21);
}

static void one_map_is_taken_out_of_another(void **state)
{
	(void)state;
	auto_blockmap m = {0}, holes = {0};
	blockmap_add(&m, 10, 10);
	blockmap_add(&m, 30, 10);
	blockmap_add(&m, 50, 10);
	blockmap_add(&holes, 0, 12);
	blockmap_add(&holes, 14, 2);
	blockmap_add(&holes, 18, 15);
	blockmap_add(&holes, 50, 10);
	blockmap_subtract(&m, &holes);
	assert_int_equal(m.n, 3);
	assert_int_equal(m.extents[0].start, 12);
	assert_int_equal(m.extents[0].len, 2);
	assert_int_equal(m.extents[1].start, 16);
	assert_int_equal(m.extents[1].len, 2);
	assert_int_equal(m.extents[2].start, 33);
	assert_int_equal(m.extents[2].len, 7);
	assert_int_equal(m.used, 11);
	auto_blockmap same = {0};
	blockmap_merge(&same, &holes);
	blockmap_subtract(&same, &holes);
	assert_int_equal(same.n, 0);
}

static void the_log_of_a_journal_is_found(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_blockmap log = {0}, all = {0};
	autofree char *path = fixture_mbr(state, "mbr.img");
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	const struct part *root = disk_part(d, 2);
	const struct fs_open open = {
		.path = path, .offset = root->start, .size = root->size, .what = "root"};
	assert_done(fs_ext_log(&open, &log, &e), &e);
	build(path, &all);
	assert_true(log.used >= MIB);
	assert_true(log.used < all.used);
	for (size_t i = 0; i < log.n; i++)
		assert_true(covers(&all, log.extents[i].start, log.extents[i].len));
}

static void free_blocks_of_ext4_are_left_out(void **state)
{
	auto_blockmap m = {0};
	autofree char *path = fixture_mbr(state, "mbr.img");
	build(path, &m);
	assert_true(covers(&m, 0, 8 * MIB));	       /* table and boot loader gap */
	assert_true(covers(&m, 40 * MIB, 128 * 1024)); /* superblock, group descriptors */
	assert_false(touches(&m, 127 * MIB, 512 * 1024));
	assert_true(m.used < 40 * MIB);
}

static void data_between_and_after_partitions_is_kept(void **state)
{
	auto_blockmap m = {0};
	autofree char *path = fixture_file(state, "gaps.img", 256 * MIB);
	fixture_table(path, "label: gpt\nstart=81920,size=40960\nstart=245760,size=40960\n");
	fixture_poke(path, 70 * MIB, "loader", 6);
	fixture_poke(path, 200 * MIB, "loader", 6);
	build(path, &m);
	assert_true(covers(&m, 70 * MIB, 6));
	assert_true(covers(&m, 200 * MIB, 6));
	assert_true(covers(&m, 256 * MIB - 33 * 512, 33 * 512)); /* backup GPT */
	assert_false(touches(&m, 90 * MIB, 10 * MIB));
}

static void of_swap_only_the_header_is_kept(void **state)
{
	auto_blockmap m = {0};
	autofree char *path = fixture_file(state, "swap.img", 64 * MIB);
	autofree char *swap = fixture_file(state, "swap", 32 * MIB);
	fixture_table(path, "label: dos\n2048,65536,82\n");
	fixture_run((const char *[]){"mkswap", swap, NULL}, NULL, NULL);
	char header[8192];
	fixture_peek(swap, 0, header, sizeof(header));
	fixture_poke(path, MIB, header, sizeof(header));
	fixture_poke(path, 8 * MIB, "old page", 8);
	build(path, &m);
	assert_true(covers(&m, MIB, 4096));
	assert_false(touches(&m, 8 * MIB, 8));
}

static void unknown_partition_is_kept_as_far_as_there_is_data(void **state)
{
	auto_blockmap m = {0};
	autofree char *path = fixture_file(state, "unknown.img", 64 * MIB);
	fixture_table(path, "label: dos\n2048,65536,da\n");
	fixture_poke(path, 8 * MIB, "something", 9);
	build(path, &m);
	assert_true(covers(&m, 8 * MIB, 9));
	assert_false(touches(&m, 20 * MIB, MIB));
}

/* For a card: old data of the card would show in what the image has no data for. */
static void over_old_data_holes_count_where_something_may_be(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_blockmap m = {0};
	auto_strv notes = {0};
	autofree char *path = fixture_file(state, "unknown.img", 128 * MIB);
	fixture_table(path, "label: dos\n2048,65536,da\n,32768,83\n");
	fixture_poke(path, 8 * MIB, "something", 9);
	fixture_ext4(path, 33 * MIB, 16 * MIB);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(blockmap_build_over(d, false, &m, &notes, &e), &e);
	assert_true(covers(&m, MIB, 32 * MIB));
	assert_false(touches(&m, 48 * MIB, MIB)); /* free blocks of the ext4 */
	assert_false(touches(&m, 60 * MIB, 60 * MIB));
	assert_int_equal(notes.n, 0);
}

static void over_old_data_a_file_system_that_cannot_be_read_counts_whole(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_blockmap m = {0};
	auto_strv notes = {0};
	autofree char *path = fixture_mbr(state, "dirty.img");
	autofree char *part = xasprintf("%s?offset=%llu", path, 40 * MIB);
	/* As a card that was pulled out of a running board: what the journal has is not known. */
	fixture_run((const char *[]){"debugfs", "-w", "-R", "feature needs_recovery", part, NULL},
		    NULL, NULL);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(blockmap_build_over(d, false, &m, &notes, &e), &e);
	assert_true(covers(&m, 40 * MIB, 88 * MIB));
	assert_int_equal(notes.n, 1);
	assert_non_null(strstr(notes.v[0], "partition 2"));
	assert_non_null(strstr(notes.v[0], "; so all of the partition is written"));
	assert_null(e.msg);
}

static void a_map_is_rounded_and_cut(void **state)
{
	(void)state;
	auto_blockmap m = {0}, part = {0};
	size_t hint = 0;
	blockmap_add(&m, 1000, 10);
	blockmap_add(&m, 5000, 100);
	blockmap_add(&m, 20000, 1);
	blockmap_add(&m, 49000, 500);
	blockmap_round(&m, 4096, 49500);
	assert_int_equal(m.n, 3);
	assert_true(covers(&m, 0, 8192) && covers(&m, 16384, 4096) && covers(&m, 45056, 4444));
	assert_int_equal(m.used, 8192 + 4096 + 4444);
	blockmap_clip(&m, 4096, 18000, &hint, &part);
	assert_int_equal(part.used, 4096 + 1616);
	assert_true(covers(&part, 4096, 4096) && covers(&part, 16384, 1616));
}

/* Not through the page cache of a reflink: the bytes themselves. */
static int copy_to(const char *from, const char *to, uint64_t *ret_progress, struct err *e)
{
	auto_blockmap m = {0};
	struct stat st;
	build(from, &m);
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
	autoclose int out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fstat(in, &st), 0);
	*ret_progress = m.used;
	return blockmap_copy(in, out, "copy.img", (uint64_t)st.st_size, &m, NULL, NULL, e);
}

static void copy_has_the_same_files(void **state)
{
	auto_err e = ERR_INIT;
	uint64_t used;
	autofree char *from = fixture_mbr(state, "from.img");
	autofree char *to = path_join(*state, "to.img");
	assert_done(copy_to(from, to, &used, &e), &e);
	assert_done(run_argv(&e, "cmp", from, to, NULL), &e);
	autofree char *part = xasprintf("%s?offset=%llu", to, 40 * MIB);
	assert_done(run_argv(&e, "e2fsck", "-fn", part, NULL), &e);
}

static void image_that_ends_inside_a_block_is_copied(void **state)
{
	auto_err e = ERR_INIT;
	uint64_t used;
	autofree char *from = fixture_file(state, "odd.img", 64 * MIB + 512);
	autofree char *to = path_join(*state, "to.img");
	fixture_table(from, "label: dos\n2048,129025,da\n");
	fixture_poke(from, 64 * MIB + 500, "the last one", 12);
	assert_done(copy_to(from, to, &used, &e), &e);
	assert_done(run_argv(&e, "cmp", from, to, NULL), &e);
}

/* Allocated zeros become real blocks: a tool that skips holes must not skip them. */
static void allocated_holes_become_blocks(void **state)
{
	auto_err e = ERR_INIT;
	uint64_t used;
	struct stat st;
	autofree char *from = fixture_mbr(state, "from.img");
	autofree char *to = path_join(*state, "to.img");
	assert_done(copy_to(from, to, &used, &e), &e);
	assert_int_equal(stat(to, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 >= used);
	assert_true((uint64_t)st.st_blocks * 512 < used + 4 * MIB);
}

/* An image that is being made has no name of its own: /proc/PID/fd/N tells nobody anything. */
static void messages_call_the_image_by_its_name(void **state)
{
	auto_err e = ERR_INIT;
	auto_blockmap m = {0};
	autofree char *path = fixture_file(state, "card.img", MIB);
	struct part parts[] = {{.number = 2, .size = MIB, .fstype = "vfat"},
			       {.number = 2, .size = MIB, .fstype = "ext4"}};
	for (size_t i = 0; i < 2; i++) {
		const struct disk d = {.path = path,
				       .name = "worker: image",
				       .size = MIB,
				       .parts = &parts[i],
				       .n_parts = 1};
		assert_refused(blockmap_build(&d, &m, &e), &e, ERR_IMAGE,
			       "worker: image: partition 2: ");
	}
}

static void full_disk_is_told_before_and_with_what_is_needed(void **state)
{
	auto_err e = ERR_INIT;
	auto_blockmap m = {0};
	autofree char *from = fixture_file(state, "from.img", MIB);
	autofree char *to = fixture_file(state, "to.img", 0);
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
	autoclose int out = open(to, O_RDWR | O_CLOEXEC);
	struct stat st;
	blockmap_add(&m, 0, 1ull << 60);
	if (blockmap_copy(in, out, "copy.img", MIB, &m, NULL, NULL, &e) == 0)
		skip(); /* the file system has reflinks: nothing is copied */
	assert_int_equal(e.code, ERR_SPACE);
	assert_non_null(strstr(
		e.msg, "copy.img: no room: 1048576 TiB (1152921504606846976 bytes) are needed, "));
	assert_int_equal(fstat(out, &st), 0);
	assert_int_equal(st.st_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_merge),
		cmocka_unit_test(one_map_is_taken_out_of_another),
		fixture_test(the_log_of_a_journal_is_found),
		fixture_test(free_blocks_of_ext4_are_left_out),
		fixture_test(data_between_and_after_partitions_is_kept),
		fixture_test(of_swap_only_the_header_is_kept),
		fixture_test(unknown_partition_is_kept_as_far_as_there_is_data),
		fixture_test(over_old_data_holes_count_where_something_may_be),
		fixture_test(over_old_data_a_file_system_that_cannot_be_read_counts_whole),
		cmocka_unit_test(a_map_is_rounded_and_cut),
		fixture_test(copy_has_the_same_files),
		fixture_test(image_that_ends_inside_a_block_is_copied),
		fixture_test(allocated_holes_become_blocks),
		fixture_test(messages_call_the_image_by_its_name),
		fixture_test(full_disk_is_told_before_and_with_what_is_needed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
