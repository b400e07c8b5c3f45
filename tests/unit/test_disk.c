/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sys/inotify.h>

#include "disk.h"
#include "disk_fixture.h"

static void mbr_partitions_have_their_contents(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_mbr(state, "mbr.img");
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(d->table, DISK_MBR);
	assert_string_equal(d->id, "deadbeef");
	assert_int_equal(d->n_parts, 2);
	const struct part *boot = disk_part(d, 1), *root = disk_part(d, 2);
	assert_int_equal(boot->start, 8 * MIB);
	assert_string_equal(boot->fstype, "vfat");
	assert_string_equal(boot->uuid, "ABCD-1234");
	assert_int_equal(root->size, 88 * MIB);
	assert_string_equal(root->fstype, "ext4");
	assert_string_equal(root->label, "rootfs");
	assert_string_equal(root->uuid, "5e0cae14-3d3b-4b3c-8a2f-3c7c1b6b0d11");
	assert_string_equal(root->partuuid, "deadbeef-02");
	assert_null(disk_part(d, 3));
}

static void gpt_ids_are_lower_case(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_gpt(state, "gpt.img");
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(d->table, DISK_GPT);
	assert_string_equal(d->id, "11111111-2222-4333-8444-555555555555");
	assert_string_equal(disk_part(d, 2)->partuuid, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
}

static void logical_partitions_are_listed(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_file(state, "logical.img", 128 * MIB);
	fixture_table(path, "label: dos\nlabel-id: 0x1\nstart=2048,size=2048,type=83\n"
			    "start=4096,size=200000,type=5\nstart=6144,size=40000,type=83\n"
			    "start=81920,size=40000,type=83\n");
	fixture_ext4(path, 40 * MIB, 16 * MIB);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(d->n_parts, 4);
	assert_true(disk_part(d, 2)->extended);
	assert_string_equal(disk_part(d, 5)->partuuid, "00000001-05");
	assert_string_equal(disk_part(d, 6)->fstype, "ext4");
}

static void file_system_without_table_is_partition_0(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_file(state, "whole.img", 16 * MIB);
	fixture_ext4(path, 0, 16 * MIB);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(d->table, DISK_WHOLE);
	assert_int_equal(disk_part(d, 0)->size, 16 * MIB);
	assert_string_equal(disk_part(d, 0)->fstype, "ext4");
}

/* Of a card that is opened for writing udev tells everybody, though nothing was written. */
static void probing_never_opens_the_disk_for_writing(void **state)
{
	auto_err e = ERR_INIT;
	char event[4096];
	autofree char *mbr = fixture_mbr(state, "mbr.img"), *gpt = fixture_gpt(state, "gpt.img");
	const char *const paths[] = {mbr, gpt};
	autoclose int seen = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (size_t i = 0; i < 2; i++) {
		auto_disk *d = NULL;
		assert_true(inotify_add_watch(seen, paths[i], IN_CLOSE_WRITE) >= 0);
		assert_done(disk_probe(paths[i], NULL, &d, &e), &e);
		assert_int_equal(d->n_parts, 2);
		assert_int_equal(read(seen, event, sizeof(event)), -1);
	}
}

static void probing_writes_nothing_and_needs_no_write_permission(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_gpt(state, "ro.img");
	struct stat before, after;
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void truncated_image_says_how_much_is_missing(void **state)
{
	auto_err e = ERR_INIT;
	struct disk *d = NULL;
	autofree char *mbr = fixture_mbr(state, "mbr.img");
	assert_int_equal(truncate(mbr, 100 * MIB), 0);
	assert_refused(disk_probe(mbr, NULL, &d, &e), &e, ERR_IMAGE,
		       "truncated: partition 2 ends at byte 134217728, the image at 104857600, so "
		       "29360128 bytes are missing");
	autofree char *gpt = fixture_gpt(state, "gpt.img");
	assert_int_equal(truncate(gpt, 128 * MIB - 512), 0);
	assert_refused(disk_probe(gpt, NULL, &d, &e), &e, ERR_IMAGE,
		       "the backup partition table ends at byte 134217728");
	assert_null(d);
}

static void what_is_no_disk_is_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *said;
	} cases[] = {
		{"", 0, "an empty file"},
		{"\x1f\x8b\x08", 3, "a gzip file"},
		{"\xfd"
		 "7zXZ",
		 5, "an .xz file"},
		{"<!DOCTYPE html>", 15, "a web page"},
		{"\0", 1, "nothing but zeros"},
		{"QFI\xfb", 4, "qemu-img convert"},
	};
	auto_err e = ERR_INIT;
	struct disk *d = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *path = fixture_file(state, "x.img", cases[i].len ? MIB : 0);
		fixture_poke(path, 0, cases[i].bytes, cases[i].len);
		assert_refused(disk_probe(path, NULL, &d, &e), &e, ERR_IMAGE, cases[i].said);
		assert_int_equal(unlink(path), 0);
	}
	assert_refused(disk_probe(*state, NULL, &d, &e), &e, ERR_IMAGE, "neither a file nor");
	assert_refused(disk_probe("/nowhere", NULL, &d, &e), &e, ERR_FAILED, "No such file");
	assert_refused(disk_probe(*state, "card.img", &d, &e), &e, ERR_IMAGE,
		       "card.img: is neither");
}

static void foreign_and_4k_tables_are_named(void **state)
{
	auto_err e = ERR_INIT;
	struct disk *d = NULL;
	autofree char *sun = fixture_file(state, "sun.img", 64 * MIB);
	fixture_table(sun, "label: sun\n");
	assert_refused(disk_probe(sun, NULL, &d, &e), &e, ERR_IMAGE, "'sun' partition table");

	autofree char *gpt = fixture_file(state, "gpt4k.img", 64 * MIB);
	fixture_poke(gpt, 450, "\xee", 1);
	fixture_poke(gpt, 510, "\x55\xaa", 2);
	fixture_poke(gpt, 4096, "EFI PART", 8);
	assert_refused(disk_probe(gpt, NULL, &d, &e), &e, ERR_IMAGE,
		       "GPT made for 4096-byte sectors");

	autofree char *mbr = fixture_file(state, "mbr4k.img", 64 * MIB);
	fixture_table(mbr, "label: dos\n2048,8192,83\n");
	fixture_ext4(mbr, 2048 * 4096, 32 * MIB);
	assert_refused(disk_probe(mbr, NULL, &d, &e), &e, ERR_IMAGE, "made for 4096-byte sectors");
}

/* libparted 3.5 aborts the program on these. */
static void impossible_gpt_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	struct disk *d = NULL;
	autofree char *path = fixture_gpt(state, "gpt.img");
	const uint64_t end = 0;
	fixture_poke(path, 1024 + 40, &end, sizeof(end)); /* last sector of the first entry */
	assert_refused(disk_probe(path, NULL, &d, &e), &e, ERR_IMAGE,
		       "the GPT is damaged: a partition lies outside");
	const uint32_t entries = UINT32_MAX;
	fixture_poke(path, 512 + 80, &entries, sizeof(entries));
	assert_refused(disk_probe(path, NULL, &d, &e), &e, ERR_IMAGE, "impossible number");
}

static void created_mbr_is_what_was_asked_for(void **state)
{
	auto_err e = ERR_INIT;
	auto_str dump = STR_INIT;
	static const struct disk_layout_part parts[] = {
		{8 * MIB, 32 * MIB, "fat32", true},
		{40 * MIB, 24 * MIB, "ext4", false},
	};
	autofree char *a = fixture_file(state, "a.img", 64 * MIB);
	autofree char *b = fixture_file(state, "b.img", 64 * MIB);
	assert_done(disk_create_mbr(a, 0x12ab34cd, parts, 2, &e), &e);
	assert_done(disk_create_mbr(b, 0x12ab34cd, parts, 2, &e), &e);
	assert_done(run_argv(&e, "cmp", a, b, NULL), &e);
	fixture_run((const char *[]){"sfdisk", "-d", a, NULL}, NULL, &dump);
	assert_non_null(strstr(dump.data, "label-id: 0x12ab34cd"));
	assert_non_null(strstr(dump.data, "start=       16384, size=       65536, type=c, boot"));
	assert_non_null(strstr(dump.data, "start=       81920, size=       49152, type=83\n"));
}

static void last_mbr_partition_grows_and_the_rest_stays(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	char before[446], after[446];
	autofree char *path = fixture_mbr(state, "mbr.img");
	fixture_peek(path, 0, before, sizeof(before));
	assert_done(disk_grow(path, NULL, 2, 300 * MIB, &e), &e);
	fixture_peek(path, 0, after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before)); /* boot code and disk id */
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(d->size, 300 * MIB);
	assert_int_equal(disk_part(d, 2)->start, 40 * MIB);
	assert_int_equal(disk_part(d, 2)->size, 260 * MIB);
	assert_string_equal(disk_part(d, 2)->partuuid, "deadbeef-02");
	assert_string_equal(disk_part(d, 1)->uuid, "ABCD-1234");
}

static void growing_a_gpt_moves_its_backup(void **state)
{
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	auto_disk *d = NULL;
	autofree char *path = fixture_gpt(state, "gpt.img");
	assert_done(disk_grow(path, NULL, 2, 200 * MIB, &e), &e);
	fixture_run((const char *[]){"sfdisk", "--verify", path, NULL}, NULL, &said);
	assert_non_null(strstr(said.data, "No errors detected"));
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_int_equal(disk_part(d, 2)->size, 160 * MIB - 33 * 512);
	assert_string_equal(disk_part(d, 2)->partuuid, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
}

static void what_cannot_grow_is_refused_and_untouched(void **state)
{
	auto_err e = ERR_INIT;
	struct stat st;
	autofree char *path = fixture_mbr(state, "mbr.img");
	assert_refused(disk_grow(path, NULL, 1, 300 * MIB, &e), &e, ERR_IMAGE,
		       "another partition follows");
	assert_refused(disk_grow(path, NULL, 7, 300 * MIB, &e), &e, ERR_IMAGE, "no partition 7");
	assert_refused(disk_grow(path, NULL, 2, MIB, &e), &e, ERR_FAILED,
		       "has 134217728 bytes already");
	autofree char *logical = fixture_file(state, "logical.img", 64 * MIB);
	fixture_table(logical, "label: dos\nstart=2048,size=120000,type=5\n"
			       "start=6144,size=40000,type=83\n");
	assert_refused(disk_grow(logical, NULL, 5, 300 * MIB, &e), &e, ERR_IMAGE, "logical");
	assert_int_equal(stat(logical, &st), 0);
	assert_int_equal(st.st_size, 64 * MIB);
}

/* The first MiB of the image, as the one that unpacks it sees it. */
static int probe_head(const char *path, struct disk **ret, struct err *e)
{
	static char head[MIB];
	fixture_peek(path, 0, head, sizeof(head));
	autoclose int fd = io_memfd("head", head, sizeof(head), e);
	return fd < 0 ? -1 : disk_probe_head(fd, "packed.img", ret, e);
}

static void beginning_of_an_image_tells_its_partitions(void **state)
{
	auto_err e = ERR_INIT;
	char *paths[] = {fixture_mbr(state, "mbr.img"), fixture_gpt(state, "gpt.img")};
	for (size_t n = 0; n < 2; n++) {
		auto_disk *whole = NULL, *head = NULL;
		assert_done(disk_probe(paths[n], NULL, &whole, &e), &e);
		assert_done(probe_head(paths[n], &head, &e), &e);
		assert_int_equal(head->table, whole->table);
		assert_int_equal(head->size, whole->size);
		assert_int_equal(head->n_parts, whole->n_parts);
		for (size_t i = 0; i < head->n_parts; i++) {
			assert_int_equal(head->parts[i].number, whole->parts[i].number);
			assert_int_equal(head->parts[i].start, whole->parts[i].start);
			assert_int_equal(head->parts[i].size, whole->parts[i].size);
		}
		free(paths[n]);
	}
}

static void beginning_without_a_table_is_a_file_system_or_nothing(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *fat = NULL, *none = NULL;
	autofree char *path = fixture_file(state, "fat.img", 32 * MIB);
	autofree char *noise = fixture_file(state, "noise.img", 32 * MIB);
	fixture_fat(path, 0, 32 * MIB);
	assert_done(probe_head(path, &fat, &e), &e);
	assert_int_equal(fat->table, DISK_WHOLE);
	assert_string_equal(fat->parts[0].fstype, "vfat");
	fixture_poke(noise, 0, "#!/bin/sh", 9);
	assert_refused(probe_head(noise, &none, &e), &e, ERR_IMAGE,
		       "packed.img: is not a disk image: neither a partition table nor a file "
		       "system at its start; it seems to be a script");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(mbr_partitions_have_their_contents),
		fixture_test(gpt_ids_are_lower_case),
		fixture_test(logical_partitions_are_listed),
		fixture_test(file_system_without_table_is_partition_0),
		fixture_test(probing_never_opens_the_disk_for_writing),
		fixture_test(probing_writes_nothing_and_needs_no_write_permission),
		fixture_test(truncated_image_says_how_much_is_missing),
		fixture_test(what_is_no_disk_is_named),
		fixture_test(foreign_and_4k_tables_are_named),
		fixture_test(impossible_gpt_is_refused),
		fixture_test(created_mbr_is_what_was_asked_for),
		fixture_test(last_mbr_partition_grows_and_the_rest_stays),
		fixture_test(growing_a_gpt_moves_its_backup),
		fixture_test(what_cannot_grow_is_refused_and_untouched),
		fixture_test(beginning_of_an_image_tells_its_partitions),
		fixture_test(beginning_without_a_table_is_a_file_system_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
