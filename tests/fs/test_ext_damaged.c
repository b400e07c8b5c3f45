/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaged and hostile ext file systems: an error, neither a crash nor an endless loop. */
#include <fcntl.h>

#include "scratch.h"

#define SIZE (48u << 20)

/* What the calls on a damaged file say; the last one, a list of its directory, goes well. */
static void assert_damaged(const struct scratch *s, const char *path, const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_strv names = {0};
	struct fs *fs = scratch_open_ext(s, true);
	assert_fails(fs->ops->remove(fs, path, &e), &e, ERR_IMAGE, fragment);
	assert_fails(fs_write_data(fs, path, "x", 1, &e), &e, ERR_IMAGE, "run e2fsck");
	assert_ok(fs->ops->list(fs, "/", &names, &e), &e);
	assert_true(strv_has(&names, path + 1));
	fs_discard(&fs);
}

static void a_map_in_a_circle_is_no_endless_loop(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext2", NULL);
	struct fs *fs = scratch_open_ext(&s, true);
	scratch_write(fs, "/f", "x");
	scratch_write(fs, "/circle", "x");
	scratch_close(&fs);
	autofree char *block = scratch_debugfs(&s, "blocks /circle");
	uint32_t number = (uint32_t)strtol(block, NULL, 10), words[256];
	for (size_t i = 0; i < 256; i++)
		words[i] = number;
	autoclose int fd = open(s.image, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, words, sizeof(words), (off_t)(s.offset + number * 1024u)),
			 sizeof(words));
	autofree char *command = xasprintf("sif /f block[TIND] %u", number);
	scratch_debugfs_write(&s, command);
	assert_damaged(&s, "/f", "circle");
	scratch_done(&s);
}

static void damaged_extents_are_an_error(void **state)
{
	(void)state;
	struct scratch s;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs *fs = scratch_open_ext(&s, true);
	scratch_write(fs, "/f", "x");
	scratch_close(&fs);
	/* Its first block is far behind the end. */
	scratch_debugfs_write(&s, "sif /f block[5] 0x7fffffff");
	assert_damaged(&s, "/f", "/f");
	scratch_debugfs_write(&s, "sif /f block[0] 0x12345678");
	assert_damaged(&s, "/f", "/f");
	scratch_done(&s);
}

static void absurd_sizes_are_an_error(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	auto_strv names = {0};
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs *fs = scratch_open_ext(&s, true);
	scratch_write(fs, "/f", "x");
	assert_ok(fs->ops->mkdir(fs, "/d", &e), &e);
	scratch_close(&fs);
	scratch_debugfs_write(&s, "sif /f size 0x7fffffffffff");
	scratch_debugfs_write(&s, "sif /d size 0x7fffffffffff");
	fs = scratch_open_ext(&s, false);
	assert_fails(fs->ops->read(fs, "/f", 1 << 20, &out, &e), &e, ERR_FAILED, "more than");
	assert_fails(fs->ops->list(fs, "/d", &names, &e), &e, ERR_IMAGE, "absurdly large");
	scratch_close(&fs);
	scratch_done(&s);
}

static void a_directory_within_itself_is_walked_as_far_as_the_path(void **state)
{
	(void)state;
	struct scratch s;
	auto_err e = ERR_INIT;
	scratch_init(&s, SCRATCH_OFFSET, SIZE);
	scratch_mke2fs(&s, "ext4", NULL);
	struct fs *fs = scratch_open_ext(&s, true);
	assert_ok(fs->ops->mkdir(fs, "/d", &e), &e);
	scratch_write(fs, "/d/f", "kept");
	scratch_close(&fs);
	scratch_debugfs_write(&s, "ln / /d/loop");
	fs = scratch_open_ext(&s, true);
	autofree char *content = scratch_read(fs, "/d/loop/d/loop/d/loop/d/f");
	assert_string_equal(content, "kept");
	assert_fails(fs->ops->remove(fs, "/d/loop", &e), &e, ERR_FAILED, "root");
	assert_fails(fs->ops->remove(fs, "/d", &e), &e, ERR_FAILED, "not empty");
	scratch_close(&fs);
	scratch_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_in_a_circle_is_no_endless_loop),
		cmocka_unit_test(damaged_extents_are_an_error),
		cmocka_unit_test(absurd_sizes_are_an_error),
		cmocka_unit_test(a_directory_within_itself_is_walked_as_far_as_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
