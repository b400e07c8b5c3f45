/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../assert_err.h"
#include "bmap.h"
#include "hash.h"
#include "io.h"
#include "str.h"
#include "workdir.h"

#define BEGIN(version, type)                             \
	"<?xml version=\"1.0\" ?>\n<!-- a comment -->\n" \
	"<bmap version=\"" version "\">\n"               \
	"    <ImageSize> 40000 </ImageSize>\n"           \
	"    <BlockSize> 4096 </BlockSize>\n"            \
	"    <BlocksCount> 10 </BlocksCount>\n"          \
	"    <MappedBlocksCount> 4 </MappedBlocksCount>\n" type "<BlockMap>\n"
#define END "</BlockMap></bmap>\n"

static int read_text(const char *text, struct bmap *ret, struct err *e)
{
	put_file("x.bmap", text);
	return bmap_read("x.bmap", ret, e);
}

static void ranges_are_read_as_bytes_of_the_image(void **state)
{
	auto_err e = ERR_INIT;
	auto_bmap m = {0};
	assert_ok(
		read_text(
			BEGIN("2.0",
			      "<ChecksumType> sha256 </ChecksumType>") "<Range chksum=\"abc\"> 0-1 "
								       "</Range><Range> 3 </Range>"
								       "<Range> 9 - 9 </Range>" END,
			&m, &e),
		&e);
	assert_int_equal(m.image_size, 40000);
	assert_string_equal(m.sum_type, "sha256");
	assert_int_equal(m.n, 3);
	assert_int_equal(m.ranges[0].len, 8192);
	assert_string_equal(m.ranges[0].sum, "abc");
	assert_int_equal(m.ranges[1].start, 3 * 4096);
	assert_int_equal(m.ranges[1].len, 4096);
	assert_null(m.ranges[1].sum);
	assert_int_equal(m.ranges[2].len, 40000 - 9 * 4096); /* the image ends in a block */
	workdir_passed(state);
}

static void versions_before_2_are_read(void **state)
{
	auto_err e = ERR_INIT;
	auto_bmap old = {0}, sums = {0};
	assert_ok(read_text(BEGIN("1.2", "") "<Range> 0-1 </Range>" END, &old, &e), &e);
	assert_null(old.sum_type);
	/* The file's own checksum is taken with zeros in its place. */
	auto_hash *h = hash_new_named("sha1");
#define V13                                               \
	BEGIN("1.3", "<BmapFileSHA1> %s </BmapFileSHA1>") \
	"<Range sha1=\"abc\"> 0-1 </Range>" END
	autofree char *zeros = xasprintf(V13, "0000000000000000000000000000000000000000");
	hash_add(h, zeros, strlen(zeros));
	autofree char *sum = hash_hex(h);
	autofree char *sealed = xasprintf(V13, sum);
	assert_ok(read_text(sealed, &sums, &e), &e);
	assert_string_equal(sums.sum_type, "sha1");
	assert_string_equal(sums.ranges[0].sum, "abc");
	workdir_passed(state);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *fragment;
	} bad[] = {
		{"", "x.bmap:1: no element found"},
		{"not XML", "x.bmap:1: syntax error; make it again with bmaptool, or do without: "
			    "--bmap none"},
		{BEGIN("2.0", "") "<Range> 5-4 </Range>" END, "x.bmap:9: this is no range"},
		{BEGIN("2.0", "") "<Range> 0-10 </Range>" END, "x.bmap:9: this is no range"},
		{BEGIN("2.0", "") "<Range> 2-3 </Range>\n<Range> 3-4 </Range>" END,
		 "x.bmap:10: this is no range of blocks behind the one before"},
		{BEGIN("2.0", "") "<Range> -1 - 3 </Range>" END, "x.bmap:9: this is no range"},
		{BEGIN("2.0", "") "<Range></Range>" END, "x.bmap:9: this is no range"},
		{BEGIN("2.0", "") "<Range> 0-1 </Range>", "x.bmap:9: no element found"},
		{BEGIN("3.0", "") "<Range> 0-1 </Range>" END, "x.bmap:3: a version of the format"},
		{BEGIN("2.0", "") END, "x.bmap: has no image size, block size or ranges"},
		{BEGIN("2.0", "<BlocksCount> 11 </BlocksCount>") "<Range> 0 </Range>" END,
		 "says that the image has 11 blocks"},
		{BEGIN("2.0", "<BlockSize> 1000 </BlockSize>") "<Range> 0 </Range>" END,
		 "x.bmap:8: an impossible size of blocks"},
		{BEGIN("2.0", "<ImageSize> -5 </ImageSize>") "<Range> 0 </Range>" END,
		 "x.bmap:8: this is no number of an image"},
		{"<bmap><Range> 0 </Range></bmap>", "x.bmap:1: a range before the sizes"},
		{"<!DOCTYPE bmap [<!ENTITY a \"aaaa\">]><bmap/>", "x.bmap:1: a document type"},
		{BEGIN("2.0", "<ChecksumType> rot13 </ChecksumType><BmapFileChecksum> 0 "
			      "</BmapFileChecksum>") "<Range> 0 </Range>" END,
		 "checksum type 'rot13' is not known"},
		{BEGIN("2.0", "<ChecksumType> sha256 </ChecksumType><BmapFileChecksum> 00 "
			      "</BmapFileChecksum>") "<Range> 0 </Range>" END,
		 "x.bmap: damaged: its checksum is"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_err e = ERR_INIT;
		auto_bmap m = {0};
		assert_fails(read_text(bad[i].text, &m, &e), &e, ERR_IMAGE, bad[i].fragment);
	}
	workdir_passed(state);
}

static void the_file_beside_the_image_is_found(void **state)
{
	put_file("a.bmap", "");
	put_file("b.img.bmap", "");
	autofree char *one = bmap_find("./a.img.xz"), *two = bmap_find("b.img");
	autofree char *none = bmap_find("./c.img"), *dot = bmap_find("./.a");
	assert_string_equal(one, "./a.bmap");
	assert_string_equal(two, "b.img.bmap");
	assert_null(none);
	assert_null(dot);
	workdir_passed(state);
}

static void what_is_written_is_read_again(void **state)
{
	static char zeros[4 << 20];
	auto_err e = ERR_INIT;
	auto_bmap back = {0};
	auto_blockmap map = {0};
	struct part part = {.number = 1, .start = 2 << 20, .size = 2 << 20};
	const struct disk d = {
		.name = "my.img", .size = sizeof(zeros), .parts = &part, .n_parts = 1};
	autoclose int fd = io_memfd("my.img", zeros, sizeof(zeros), &e);
	blockmap_add(&map, 0, 1000);
	blockmap_add(&map, 8192, 4096);
	blockmap_add(&map, 2 << 20, 2 << 20);
	assert_ok(bmap_write("my.img", fd, &d, &map, &e), &e);
	assert_ok(bmap_read("my.img.bmap", &back, &e), &e);
	assert_int_equal(back.image_size, sizeof(zeros));
	/* Heads have checksums: the first MiB of the disk, and that of the partition. */
	assert_int_equal(back.n, 4);
	assert_true(back.ranges[0].sum && back.ranges[1].sum && back.ranges[2].sum);
	assert_int_equal(back.ranges[0].len, 4096);
	assert_int_equal(back.ranges[2].len, 1 << 20);
	assert_null(back.ranges[3].sum);
	assert_int_equal(back.ranges[3].len, 1 << 20);
	autofree char *sum = NULL;
	auto_hash *h = hash_new();
	hash_add(h, zeros, 1 << 20);
	sum = hash_hex(h);
	assert_string_equal(back.ranges[2].sum, sum);
	workdir_passed(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)
	const struct CMUnitTest tests[] = {
		TEST(ranges_are_read_as_bytes_of_the_image),
		TEST(versions_before_2_are_read),
		TEST(what_is_wrong_is_named_with_its_line),
		TEST(the_file_beside_the_image_is_found),
		TEST(what_is_written_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
