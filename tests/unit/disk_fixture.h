/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_DISK_FIXTURE_H
#define TESTS_DISK_FIXTURE_H

/* A work directory and small disk images made by sfdisk, mke2fs and mkfs.fat. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "run.h"

#define MIB (1024ull * 1024)

#define assert_done(call, e)                                 \
	do {                                                 \
		if ((call) < 0)                              \
			fail_msg("%s: %s", #call, (e)->msg); \
	} while (0)

#define assert_refused(call, e, wanted, fragment)                                 \
	do {                                                                      \
		assert_int_equal((call), -1);                                     \
		assert_int_equal((e)->code, (wanted));                            \
		if (!strstr((e)->msg, (fragment)))                                \
			fail_msg("'%s' does not say '%s'", (e)->msg, (fragment)); \
		err_done(e);                                                      \
	} while (0)

/* Kept and named when a test fails. */
static inline int fixture_setup(void **state)
{
	const char *base = getenv("TMPDIR");
	char *dir = xasprintf("%s/cardstock-test.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	auto_err e = ERR_INIT;
	int r = run_argv(&e, "rm", "-rf", *state, NULL);
	free(*state);
	return r;
}

#define fixture_test(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* An empty (sparse) file; owned path. */
static inline char *fixture_file(void **state, const char *name, uint64_t size)
{
	char *path = path_join(*state, name);
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return path;
}

/* Program with text on stdin; its output is added to out (may be NULL). */
static inline void fixture_run(const char *const *argv, const char *input, struct str *out)
{
	auto_err e = ERR_INIT;
	struct run r = {.argv = argv,
			.input = input,
			.input_len = input ? strlen(input) : 0,
			.output = out};
	assert_done(run(&r, &e), &e);
}

static inline void fixture_table(const char *path, const char *script)
{
	fixture_run((const char *[]){"sfdisk", "-q", path, NULL}, script, NULL);
}

static inline void fixture_ext4(const char *path, uint64_t offset, uint64_t size)
{
	autofree char *where = xasprintf("offset=%llu", (unsigned long long)offset);
	autofree char *blocks = xasprintf("%lluK", (unsigned long long)size / 1024);
	fixture_run((const char *[]){"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L",
				     "rootfs", "-U", "5e0cae14-3d3b-4b3c-8a2f-3c7c1b6b0d11", "-E",
				     where, path, blocks, NULL},
		    NULL, NULL);
}

static inline void fixture_fat(const char *path, uint64_t offset, uint64_t size)
{
	autofree char *sector = xasprintf("%llu", (unsigned long long)offset / 512);
	autofree char *blocks = xasprintf("%llu", (unsigned long long)size / 1024);
	fixture_run((const char *[]){"mkfs.fat", "-n", "BOOT", "-i", "abcd1234", "--offset", sector,
				     path, blocks, NULL},
		    NULL, NULL);
}

/* Boot FAT at 8 MiB and ext4 root at 40 MiB of a 128 MiB MBR image with id deadbeef. */
static inline char *fixture_mbr(void **state, const char *name)
{
	char *path = fixture_file(state, name, 128 * MIB);
	fixture_table(path, "label: dos\nlabel-id: 0xdeadbeef\n"
			    "16384,65536,c,*\n81920,180224,83\n");
	fixture_fat(path, 8 * MIB, 32 * MIB);
	fixture_ext4(path, 40 * MIB, 88 * MIB);
	return path;
}

static inline char *fixture_gpt(void **state, const char *name)
{
	char *path = fixture_file(state, name, 128 * MIB);
	fixture_table(path, "label: gpt\nlabel-id: 11111111-2222-4333-8444-555555555555\n"
			    "start=2048,size=65536,type=uefi\n"
			    "start=81920,size=163840,"
			    "uuid=AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE\n");
	fixture_ext4(path, 40 * MIB, 80 * MIB);
	return path;
}

static inline void fixture_poke(const char *path, uint64_t offset, const void *data, size_t len)
{
	auto_err e = ERR_INIT;
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_done(io_pwrite_fd(fd, path, data, len, offset, &e), &e);
}

static inline void fixture_peek(const char *path, uint64_t offset, void *data, size_t len)
{
	auto_err e = ERR_INIT;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_done(io_pread_fd(fd, path, data, len, offset, &e), &e);
}

#endif
