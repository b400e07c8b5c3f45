/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New ids in a table that stays, read back by sfdisk. */
#include "disk_fixture.h"
#include "disk_private.h"

#define GPT_ID "0edf85e2-c408-451a-9577-e537041ddf4b"
#define MBR_OF_HYBRID "0edf85e2"
#define PART_1 "a0b1c2d3-e4f5-4a6b-8c7d-9e8f7a6b5c4d"
#define PART_2 "12345678-9abc-4def-8123-456789abcdef"

static char *sfdisk(const char *option, const char *path)
{
	auto_str out = STR_INIT;
	fixture_run((const char *[]){"sfdisk", option, path, NULL}, NULL, &out);
	return str_steal(&out);
}

static void assert_sfdisk(const char *option, const char *path, const char *fragment)
{
	autofree char *said = sfdisk(option, path);
	if (!strcasestr(said, fragment))
		fail_msg("no '%s' in: %s", fragment, said);
}

/* How many bytes of the image differ from those of before. */
static size_t changed_bytes(const char *path, const struct str *before)
{
	auto_str after = STR_INIT;
	auto_err e = ERR_INIT;
	size_t n = 0;
	assert_done(io_read_file(path, 256 * MIB, &after, &e), &e);
	assert_int_equal(after.len, before->len);
	for (size_t i = 0; i < after.len; i++)
		n += after.data[i] != before->data[i];
	return n;
}

static void an_mbr_gets_a_new_id_and_nothing_else_changes(void **state)
{
	auto_err e = ERR_INIT;
	auto_str before = STR_INIT;
	auto_disk *is = NULL;
	const char *why;
	autofree char *path = fixture_mbr(state, "mbr.img");
	assert_done(disk_probe(path, NULL, &is, &e), &e);
	auto_disk *want = disk_copy(is);
	snprintf(want->id, sizeof(want->id), "1234abcd");
	assert_done(disk_ids_obstacle(is, &why, &e), &e);
	assert_null(why);
	assert_done(io_read_file(path, 256 * MIB, &before, &e), &e);
	assert_done(disk_write_ids(is, want, &e), &e);
	assert_sfdisk("--disk-id", path, "0x1234abcd");
	assert_int_equal(changed_bytes(path, &before), 4);
}

/* The ids of the table above in a copy of what was probed. */
static struct disk *want_gpt(const struct disk *is)
{
	struct disk *want = disk_copy(is);
	assert_int_equal(want->n_parts, 2);
	snprintf(want->id, sizeof(want->id), GPT_ID);
	if (*want->mbr_id)
		snprintf(want->mbr_id, sizeof(want->mbr_id), MBR_OF_HYBRID);
	snprintf(want->parts[0].partuuid, sizeof(want->parts[0].partuuid), PART_1);
	snprintf(want->parts[1].partuuid, sizeof(want->parts[1].partuuid), PART_2);
	return want;
}

static void assert_gpt(const char *path)
{
	assert_sfdisk("--verify", path, "No errors detected");
	assert_sfdisk("--disk-id", path, GPT_ID);
	assert_sfdisk("--dump", path, PART_1);
	assert_sfdisk("--dump", path, PART_2);
}

static void both_copies_of_a_gpt_get_new_ids(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *is = NULL, *probed = NULL;
	const uint8_t zeros[512] = {0};
	autofree char *path = fixture_gpt(state, "gpt.img");
	assert_done(disk_probe(path, NULL, &is, &e), &e);
	auto_disk *want = want_gpt(is);
	assert_done(disk_write_ids(is, want, &e), &e);
	assert_gpt(path);
	assert_done(disk_probe(path, NULL, &probed, &e), &e);
	assert_string_equal(probed->id, GPT_ID);
	assert_string_equal(probed->parts[1].partuuid, PART_2);
	assert_int_equal(probed->parts[1].size, is->parts[1].size);
	fixture_poke(path, 512, zeros, sizeof(zeros)); /* the backup alone says the same */
	assert_sfdisk("--disk-id", path, GPT_ID);
	assert_sfdisk("--dump", path, PART_2);
}

static uint32_t mbr_id_after(const char *path)
{
	auto_err e = ERR_INIT;
	auto_disk *is = NULL;
	uint8_t id[4];
	assert_done(disk_probe(path, NULL, &is, &e), &e);
	auto_disk *want = want_gpt(is);
	assert_done(disk_write_ids(is, want, &e), &e);
	assert_gpt(path);
	fixture_peek(path, 440, id, sizeof(id));
	return disk_get32(id);
}

static void a_hybrid_mbr_gets_an_id_of_its_own_where_it_has_one(void **state)
{
	autofree char *path = fixture_gpt(state, "hybrid.img");
	fixture_poke(path, 440, "\xef\xbe\xad\xde", 4);
	assert_int_equal(mbr_id_after(path), 0xdeadbeef); /* its MBR is a protective one */
	fixture_run((const char *[]){"sgdisk", "-h", "1", path, NULL}, NULL, NULL);
	fixture_poke(path, 440, "\xef\xbe\xad\xde", 4);
	assert_int_equal(mbr_id_after(path), 0x0edf85e2);
	fixture_poke(path, 440, "\0\0\0\0", 4);
	assert_int_equal(mbr_id_after(path), 0);
}

/* One byte of a name: the entries' sum does not hold any more. */
static void a_gpt_with_a_damaged_copy_keeps_its_ids(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *is = NULL;
	const char *why = NULL;
	autofree char *path = fixture_gpt(state, "gpt.img");
	assert_done(disk_probe(path, NULL, &is, &e), &e);
	assert_done(disk_ids_obstacle(is, &why, &e), &e);
	assert_null(why);
	fixture_poke(path, 128 * MIB - 33 * 512 + 60, "x", 1);
	assert_done(disk_ids_obstacle(is, &why, &e), &e);
	assert_non_null(why);
	assert_non_null(strstr(why, "gdisk"));
	auto_disk *want = want_gpt(is);
	assert_refused(disk_write_ids(is, want, &e), &e, ERR_IMAGE, "damaged");
}

static void a_file_system_without_a_table_has_no_disk_id(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *is = NULL;
	const char *why = NULL;
	autofree char *path = fixture_file(state, "whole.img", 32 * MIB);
	fixture_ext4(path, 0, 32 * MIB);
	assert_done(disk_probe(path, NULL, &is, &e), &e);
	assert_done(disk_ids_obstacle(is, &why, &e), &e);
	assert_non_null(strstr(why, "no partition table"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(an_mbr_gets_a_new_id_and_nothing_else_changes),
		fixture_test(both_copies_of_a_gpt_get_new_ids),
		fixture_test(a_hybrid_mbr_gets_an_id_of_its_own_where_it_has_one),
		fixture_test(a_gpt_with_a_damaged_copy_keeps_its_ids),
		fixture_test(a_file_system_without_a_table_has_no_disk_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
