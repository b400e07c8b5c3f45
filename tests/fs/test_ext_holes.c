/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros in a file that is written take no blocks, and are read as zeros all the same. */
#include "fs_ext.h"
#include "io.h"
#include "scratch.h"

#define KIB 1024u
#define SIZE (32u << 20)

/* 1000 KiB of letters, 200 of zeros (over the end of a piece of 1 MiB), a letter, 1 MiB of zeros.
 */
#define FIRST (1000 * KIB)
#define GAP (200 * KIB)
#define CONTENT (FIRST + GAP + 1 + KIB * KIB)

static char *make_content(void)
{
	char *data = xcalloc(1, CONTENT);
	memset(data, 'a', FIRST);
	data[FIRST + GAP] = 'b';
	return data;
}

static void write_content(struct fs *fs, const char *path, const char *data)
{
	auto_err e = ERR_INIT;
	assert_ok(fs_write_data(fs, path, data, CONTENT, &e), &e);
}

/* By somebody else: debugfs. */
static void assert_content(const struct scratch *s, const char *path, const char *data)
{
	auto_err e = ERR_INIT;
	auto_str got = STR_INIT;
	autofree char *out = path_join(s->dir, "out");
	autofree char *command = xasprintf("dump %s %s", path, out);
	free(scratch_debugfs(s, command));
	assert_ok(io_read_file(out, 2 * CONTENT, &got, &e), &e);
	assert_int_equal(got.len, CONTENT);
	assert_memory_equal(got.data, data, CONTENT);
}

/* KiB that the file takes on the disk. */
static long blocks_of(const struct scratch *s, const char *path)
{
	autofree char *command = xasprintf("stat %s", path);
	autofree char *said = scratch_debugfs(s, command);
	long n = 0;
	assert_non_null(strstr(said, "Blockcount: "));
	assert_int_equal(sscanf(strstr(said, "Blockcount: "), "Blockcount: %ld", &n), 1);
	return n / 2;
}

static void zeros_are_holes(void **state)
{
	(void)state;
	struct scratch s;
	autofree char *data = make_content();
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-b", "4096", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	write_content(fs, "/new", data);
	scratch_write(fs, "/old", "text\n");
	write_content(fs, "/old", data);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	assert_content(&s, "/new", data);
	assert_content(&s, "/old", data);
	long blocks = blocks_of(&s, "/new");
	assert_in_range(blocks, 1004, 1004 + 32); /* the 24 KiB before 1 MiB, and the map */
	assert_int_equal(blocks_of(&s, "/old"), blocks);
	scratch_done(&s);
}

static void a_short_run_of_zeros_is_data(void **state)
{
	(void)state;
	struct scratch s;
	autofree char *data = xcalloc(1, CONTENT);
	for (size_t at = 0; at < CONTENT; at += 16 * KIB)
		data[at] = 'a';
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-b", "4096", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	write_content(fs, "/file", data);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	assert_content(&s, "/file", data);
	assert_true(blocks_of(&s, "/file") >= (long)(CONTENT / KIB));
	scratch_done(&s);
}

/* As all that a file system without extents has. */
static void assert_whole(const char *type, const char *path, const char *data)
{
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, type, (const char *[]){"-b", "4096", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	write_content(fs, path, data);
	scratch_close(&fs);
	scratch_e2fsck(&s);
	assert_content(&s, path, data);
	assert_true(blocks_of(&s, path) >= (long)(CONTENT / KIB));
	scratch_done(&s);
}

/* swapon(8): "swap file with holes is not supported"; mkswap may come later. */
static void a_swap_file_has_no_holes(void **state)
{
	(void)state;
	autofree char *data = xcalloc(1, CONTENT);
	assert_whole("ext4", "/swapfile", data);
	memcpy(data + 16384 - 10, "SWAPSPACE2", 10);
	assert_whole("ext4", "/more", data);
}

static void without_extents_there_are_no_holes(void **state)
{
	(void)state;
	autofree char *data = make_content();
	assert_whole("ext2", "/file", data);
	assert_whole("ext3", "/file", data);
}

static ssize_t read_pattern(void *ctx, void *buf, size_t len, struct err *e)
{
	uint64_t *at = ctx;
	size_t n = *at >= 3 * SIZE ? 0 : len - len % 512;
	(void)e;
	for (size_t i = 0; i < n; i += 512)
		memset((char *)buf + i, (*at + i) / (KIB * KIB) % 2 ? 'a' : 0, 512);
	*at += n;
	return (ssize_t)n;
}

/* Every other MiB of 96 is a hole. */
static void what_is_needed_is_the_data(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	uint64_t at = 0;
	const struct fs_source src = {read_pattern, &at};
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", (const char *[]){"-b", "4096", NULL});
	struct fs *fs = scratch_open_ext(&s, true);
	assert_fails(fs->ops->write(fs, "/file", &src, &e), &e, ERR_SPACE,
		     "/file: no room: 50331648 bytes are needed");
	scratch_close(&fs);
	scratch_e2fsck(&s);
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeros_are_holes),
		cmocka_unit_test(without_extents_there_are_no_holes),
		cmocka_unit_test(a_short_run_of_zeros_is_data),
		cmocka_unit_test(a_swap_file_has_no_holes),
		cmocka_unit_test(what_is_needed_is_the_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
