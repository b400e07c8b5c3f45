/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk.h"
#include "disk_fixture.h"
#include "image.h"

/* Put a file of 1 MiB with a known content into the root of the image. */
static void add_file(void **state, const char *image)
{
	autofree char *file = fixture_file(state, "content", MIB);
	autofree char *where = xasprintf("%s?offset=%llu", image, 40 * MIB);
	autofree char *request = xasprintf("write %s content", file);
	fixture_poke(file, MIB - 8, "the end", 8);
	fixture_run((const char *[]){"debugfs", "-w", "-R", request, where, NULL}, NULL, NULL);
}

static void assert_file_and_size(void **state, const char *image, uint64_t size)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_str super = STR_INIT;
	autofree char *where = xasprintf("%s?offset=%llu", image, 40 * MIB);
	autofree char *file = path_join(*state, "content");
	autofree char *out = path_join(*state, "out");
	autofree char *request = xasprintf("dump /content %s", out);
	assert_done(disk_probe(image, NULL, &d, &e), &e);
	assert_int_equal(d->size, size);
	assert_done(run_argv(&e, "e2fsck", "-fn", where, NULL), &e);
	fixture_run((const char *[]){"debugfs", "-R", request, where, NULL}, NULL, NULL);
	assert_done(run_argv(&e, "cmp", file, out, NULL), &e);
	fixture_run((const char *[]){"debugfs", "-R", "show_super_stats -h", where, NULL}, NULL,
		    &super);
	autofree char *blocks =
		xasprintf("Block count:              %llu\n",
			  (unsigned long long)(disk_part(d, 2)->size -
					       (d->table == DISK_GPT ? MIB - 33 * 512 : 0)) /
				  4096);
	if (!strstr(super.data, blocks))
		fail_msg("'%s' does not have '%s'", super.data, blocks);
}

static void root_grows_in_place(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_mbr(state, "a.img");
	add_file(state, image);
	assert_done(image_grow(image, "a.img", 2, 2048 * MIB, &e), &e);
	assert_file_and_size(state, image, 2048 * MIB);
}

/* Less than where the partition begins: resize2fs would cut off the end. */
static void root_grows_by_a_little(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_mbr(state, "a.img");
	add_file(state, image);
	assert_done(image_grow(image, "a.img", 2, 136 * MIB, &e), &e);
	assert_file_and_size(state, image, 136 * MIB);
}

static void root_of_a_gpt_grows(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_gpt(state, "a.img");
	add_file(state, image);
	assert_done(image_grow(image, "a.img", 2, 256 * MIB, &e), &e);
	assert_file_and_size(state, image, 256 * MIB);
	assert_done(run_argv(&e, "sfdisk", "--verify", image, NULL), &e);
}

static void growing_twice_gives_the_same_bytes(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *a = fixture_mbr(state, "a.img");
	autofree char *b = path_join(*state, "b.img");
	fixture_run((const char *[]){"cp", a, b, NULL}, NULL, NULL);
	assert_done(image_grow(a, "a.img", 2, 300 * MIB, &e), &e);
	usleep(1100 * 1000);
	assert_done(image_grow(b, "b.img", 2, 300 * MIB, &e), &e);
	assert_done(run_argv(&e, "cmp", a, b, NULL), &e);
}

static void what_cannot_grow_is_refused_before_anything_changes(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_mbr(state, "a.img");
	autofree char *before = path_join(*state, "before.img");
	fixture_run((const char *[]){"cp", image, before, NULL}, NULL, NULL);
	assert_refused(image_grow(image, "a.img", 1, 300 * MIB, &e), &e, ERR_IMAGE,
		       "another partition follows it");
	assert_refused(image_grow(image, "a.img", 2, 100 * MIB, &e), &e, ERR_FAILED,
		       "has 134217728 bytes already");
	assert_done(run_argv(&e, "cmp", image, before, NULL), &e);
}

/* A program of this name that run() finds before the real one. */
static void fake_program(void **state, const char *name, const char *script)
{
	auto_err e = ERR_INIT;
	autofree char *path = path_join(*state, name);
	autofree char *dirs = xasprintf("%s:%s", (const char *)*state, getenv("PATH"));
	assert_done(io_replace_file(path, script, strlen(script), 0755, &e), &e);
	setenv("PATH", dirs, 1);
}

static void what_resize2fs_says_is_told(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_mbr(state, "a.img");
	autofree char *path = xstrdup(getenv("PATH"));
	fake_program(state, "resize2fs",
		     "#!/bin/sh\n{ echo 'resize2fs 1.47.0 (5-Feb-2023)'\n"
		     "echo \"resize2fs: No space left on device while trying to resize $1\"\n"
		     "echo \"Please run 'e2fsck -fy $1' to fix the filesystem\"\n"
		     "echo 'after the aborted resize operation.'; } >&2\nexit 1\n");
	assert_refused(image_grow(image, "a.img", 2, 300 * MIB, &e), &e, ERR_SPACE,
		       "a.img: partition 2: resize2fs: No space left on device while trying to "
		       "resize the file system; make room");
	setenv("PATH", path, 1);
}

/* Such a thing e2fsck -p leaves to people. */
static void what_e2fsck_found_is_told(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_mbr(state, "a.img");
	autofree char *where = xasprintf("%s?offset=%llu", image, 40 * MIB);
	fixture_run((const char *[]){"debugfs", "-w", "-R", "sif / mode 0100644", where, NULL},
		    NULL, NULL);
	assert_refused(image_grow(image, "a.img", 2, 300 * MIB, &e), &e, ERR_IMAGE,
		       "a.img: partition 2: the file system must be free of errors before its size "
		       "can change: e2fsck: rootfs: Root inode is not a directory.");
}

static void other_file_systems_are_named(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *image = fixture_file(state, "fat.img", 64 * MIB);
	fixture_table(image, "label: dos\n2048,129024,c\n");
	fixture_fat(image, MIB, 63 * MIB);
	assert_refused(image_grow(image, "fat.img", 1, 300 * MIB, &e), &e, ERR_IMAGE,
		       "fat.img: partition 1 (vfat) cannot grow: only ext2, ext3 and ext4 can");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(root_grows_in_place),
		fixture_test(root_grows_by_a_little),
		fixture_test(root_of_a_gpt_grows),
		fixture_test(growing_twice_gives_the_same_bytes),
		fixture_test(what_cannot_grow_is_refused_before_anything_changes),
		fixture_test(what_resize2fs_says_is_told),
		fixture_test(what_e2fsck_found_is_told),
		fixture_test(other_file_systems_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
