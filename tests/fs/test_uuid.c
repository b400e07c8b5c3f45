/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New UUIDs and serial numbers, read back by e2fsck, dumpe2fs, blkid and fsck.fat. */
#include <fcntl.h>

#include "io.h"
#include "scratch.h"
#include "uuid.h"

#define SIZE (48u << 20)
#define NEW_UUID "0edf85e2-c408-451a-9577-e537041ddf4b"
#define HASH_SEED "3ed6e9ca-2e84-4b9a-9b6e-2f8c6e7bb5a4"

static void scratch_ext(struct scratch *s, const char *type, const char *features)
{
	scratch_init(s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(s, type, (const char *[]){"-b", "1024", "-O", features, NULL});
	auto_fs *fs = scratch_open_ext(s, true);
	scratch_write(fs, "/file", "content\n");
	scratch_close(&fs);
}

static void set_new_uuid(const struct scratch *s)
{
	auto_err e = ERR_INIT;
	uint8_t uuid[UUID_LEN];
	auto_fs *fs = scratch_open_ext(s, true);
	assert_true(uuid_parse(NEW_UUID, uuid));
	assert_null(fs_ext_uuid_obstacle(fs));
	assert_ok(fs_ext_set_uuid(fs, uuid, &e), &e);
	scratch_close(&fs);
}

/* superblock NULL: the first one. */
static char *dumpe2fs(const struct scratch *s, const char *superblock)
{
	autofree char *option = superblock ? xasprintf("-osuperblock=%s", superblock) : NULL;
	if (!superblock)
		return scratch_output(
			(const char *[]){"debugfs", "-R", "show_super_stats -h", s->checked, NULL});
	return scratch_output(
		(const char *[]){"dumpe2fs", "-h", option, "-oblocksize=1024", s->checked, NULL});
}

static void assert_dump(const struct scratch *s, const char *superblock, const char *fragment)
{
	autofree char *said = dumpe2fs(s, superblock);
	if (!strstr(said, fragment))
		fail_msg("no '%s' in: %s", fragment, said);
}

static void assert_new_uuid(const struct scratch *s)
{
	scratch_e2fsck(s);
	assert_dump(s, NULL, NEW_UUID);
	assert_dump(s, NULL, HASH_SEED);
	assert_dump(s, "8193", NEW_UUID); /* the first backup */
	assert_dump(s, "40961", NEW_UUID);
	auto_fs *fs = scratch_open_ext(s, false);
	autofree char *text = scratch_read(fs, "/file");
	assert_string_equal(text, "content\n");
	scratch_close(&fs);
}

static void every_kind_of_ext_gets_a_new_uuid(void **state)
{
	(void)state;
	static const char *const kinds[][2] = {
		{"ext2", "^resize_inode"},
		{"ext3", "has_journal"},
		{"ext4", "^metadata_csum,uninit_bg"},
		{"ext4", "^metadata_csum,^uninit_bg,^64bit"},
		{"ext4", "metadata_csum,metadata_csum_seed"},
		{"ext4", "metadata_csum,^64bit"},
		{"ext4", "metadata_csum,meta_bg,^resize_inode"},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct scratch s;
		print_message("%s %s\n", kinds[i][0], kinds[i][1]);
		scratch_ext(&s, kinds[i][0], kinds[i][1]);
		set_new_uuid(&s);
		assert_new_uuid(&s);
		scratch_done(&s);
	}
}

/* The bytes of the image, in blocks that differ from those that were there before. */
static size_t changed_blocks(const struct scratch *s, const struct str *before)
{
	auto_str after = STR_INIT;
	auto_err e = ERR_INIT;
	size_t n = 0;
	assert_ok(io_read_file(s->image, 128 << 20, &after, &e), &e);
	assert_int_equal(after.len, before->len);
	for (size_t at = 0; at < after.len; at += 1024)
		n += memcmp(after.data + at, before->data + at, 1024) != 0;
	return n;
}

static void with_the_seed_in_the_superblock_only_superblocks_change(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_str before = STR_INIT;
	scratch_ext(&s, "ext4", "metadata_csum,^metadata_csum_seed");
	auto_fs *fs = scratch_open_ext(&s, true);
	assert_true(fs_ext_needs_seed(fs));
	assert_ok(fs_ext_store_seed(fs, &e), &e);
	assert_false(fs_ext_needs_seed(fs));
	scratch_close(&fs);
	scratch_e2fsck(&s);
	assert_dump(&s, NULL, "metadata_csum_seed");
	assert_dump(&s, "8193", "metadata_csum_seed");
	assert_ok(io_read_file(s.image, 128 << 20, &before, &e), &e);
	set_new_uuid(&s);
	assert_new_uuid(&s);
	assert_true(changed_blocks(&s, &before) <= 2 * 6);
	scratch_done(&s);
}

static void an_encrypted_file_system_keeps_its_uuid(void **state)
{
	(void)state;
	struct scratch s;
	scratch_ext(&s, "ext4", "metadata_csum,encrypt,stable_inodes");
	auto_fs *fs = scratch_open_ext(&s, false);
	assert_non_null(strstr(fs_ext_uuid_obstacle(fs), "stable_inodes"));
	scratch_close(&fs);
	scratch_done(&s);
}

static void a_uuid_is_not_set_where_nothing_may_be_written(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	const uint8_t uuid[UUID_LEN] = {1};
	scratch_ext(&s, "ext4", "metadata_csum,metadata_csum_seed");
	auto_fs *fs = scratch_open_ext(&s, false);
	assert_fails(fs_ext_set_uuid(fs, uuid, &e), &e, ERR_FAILED, "read-only");
	scratch_close(&fs);
	scratch_done(&s);
}

static void make_fat(struct scratch *s, const char *bits, unsigned mib)
{
	scratch_init(s, 0, (uint64_t)mib << 20);
	scratch_make_image(s);
	free(scratch_output((const char *[]){"mkfs.fat", "-F", bits, "-i", "abcd1234", "-s", "1",
					     s->image, NULL}));
}

static void assert_fat_serial(unsigned mib, const char *bits, size_t copies)
{
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_str before = STR_INIT, after = STR_INIT;
	make_fat(&s, bits, mib);
	struct fs_open how = scratch_how(&s, true);
	auto_fs *fs = NULL;
	const char *why = "not asked";
	assert_ok(io_read_file(s.image, 128 << 20, &before, &e), &e);
	assert_ok(fs_fat_open(&how, &fs, &e), &e);
	assert_ok(fs_fat_serial_obstacle(fs, &why, &e), &e);
	assert_null(why);
	assert_ok(fs_fat_set_serial(fs, 0x5a6b7c8d, &e), &e);
	scratch_close(&fs);
	free(scratch_output((const char *[]){"fsck.fat", "-n", s.image, NULL}));
	autofree char *id = scratch_output(
		(const char *[]){"blkid", "-p", "-s", "UUID", "-o", "value", s.image, NULL});
	assert_string_equal(id, "5A6B-7C8D\n");
	assert_ok(io_read_file(s.image, 128 << 20, &after, &e), &e);
	size_t different = 0;
	for (size_t i = 0; i < before.len; i++)
		different += before.data[i] != after.data[i];
	assert_int_equal(different, 4 * copies);
	scratch_done(&s);
}

static void every_kind_of_fat_gets_a_new_serial_number_and_nothing_else(void **state)
{
	(void)state;
	assert_fat_serial(1, "12", 1);
	assert_fat_serial(8, "16", 1);
	assert_fat_serial(40, "32", 2);
}

static void a_fat_without_serial_number_says_so(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_fs *fs = NULL;
	const char *why = NULL;
	make_fat(&s, "16", 8);
	autoclose int fd = open(s.image, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "", 1, 38), 1);
	struct fs_open how = scratch_how(&s, false);
	assert_ok(fs_fat_open(&how, &fs, &e), &e);
	assert_ok(fs_fat_serial_obstacle(fs, &why, &e), &e);
	assert_non_null(strstr(why, "without serial number"));
	assert_fails(fs_fat_set_serial(fs, 1, &e), &e, ERR_FAILED, "read-only");
	scratch_close(&fs);
	scratch_done(&s);
}

static void text_that_is_no_uuid_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "0edf85e2",
					  "0edf85e2-c408-451a-9577-e537041ddf4",
					  "0edf85e2-c408-451a-9577-e537041ddf4b0",
					  "0edf85e2xc408-451a-9577-e537041ddf4b",
					  "0edf85e2-c408-451a-9577-e537041ddfxb"};
	uint8_t uuid[UUID_LEN];
	char text[UUID_TEXT];
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(uuid_parse(bad[i], uuid));
	assert_true(uuid_parse("0EDF85E2-C408-451A-9577-E537041DDF4B", uuid));
	uuid_format(uuid, text);
	assert_string_equal(text, NEW_UUID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_ext_gets_a_new_uuid),
		cmocka_unit_test(with_the_seed_in_the_superblock_only_superblocks_change),
		cmocka_unit_test(an_encrypted_file_system_keeps_its_uuid),
		cmocka_unit_test(a_uuid_is_not_set_where_nothing_may_be_written),
		cmocka_unit_test(every_kind_of_fat_gets_a_new_serial_number_and_nothing_else),
		cmocka_unit_test(a_fat_without_serial_number_says_so),
		cmocka_unit_test(text_that_is_no_uuid_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
