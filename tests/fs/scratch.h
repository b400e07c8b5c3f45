/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FS_SCRATCH_H
#define TESTS_FS_SCRATCH_H

/* What the tests of the file systems share: a directory of their own, other people's tools. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "fs.h"
#include "mem.h"
#include "run.h"
#include "str.h"

#define SCRATCH_NOW 1700000000	  /* 2023-11-14 22:13:20 UTC: every timestamp that a test writes */
#define SCRATCH_OFFSET (1u << 20) /* of the file system in the image */

struct scratch {
	char *dir;
	char *image; /* dir/card.img: file, or directory for the backends that need one */
	uint64_t offset, size;
	char *checked; /* "IMAGE?offset=N", as e2fsprogs take it */
};

static inline void scratch_init(struct scratch *s, uint64_t offset, uint64_t size)
{
	const char *tmp = getenv("TMPDIR");
	s->dir = xasprintf("%s/cardstock-fs-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(s->dir));
	s->image = path_join(s->dir, "card.img");
	s->offset = offset;
	s->size = size;
	s->checked = xasprintf("%s?offset=%llu", s->image, (unsigned long long)offset);
}

/* A test that did not come to its end leaves the directory behind, for a look. */
static inline void scratch_done(struct scratch *s)
{
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "rm", "-rf", s->dir, NULL), &e);
	free(s->dir);
	free(s->image);
	free(s->checked);
	*s = (struct scratch){0};
}

/* Make the image: a hole of its final size. */
static inline void scratch_make_image(const struct scratch *s)
{
	autofree char *size = xasprintf("%llu", (unsigned long long)(s->offset + s->size));
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "truncate", "-s", size, s->image, NULL), &e);
}

/* What a program prints; the test fails when it does. */
static inline char *scratch_output(const char *const *argv)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	return str_steal(&out);
}

static inline struct fs_open scratch_how(const struct scratch *s, bool writable)
{
	return (struct fs_open){.path = s->image,
				.offset = s->offset,
				.size = s->size,
				.what = "card.img: partition 2",
				.writable = writable,
				.now = SCRATCH_NOW};
}

/*
 * mke2fs with these further arguments (NULL at the end).  UUID and hash seed are fixed: the hash
 * decides where names go in large directories.
 */
static inline void scratch_mke2fs(const struct scratch *s, const char *type,
				  const char *const *more)
{
	scratch_make_image(s);
	autofree char *extended =
		xasprintf("offset=%llu,hash_seed=3ed6e9ca-2e84-4b9a-9b6e-2f8c6e7bb5a4",
			  (unsigned long long)s->offset);
	autofree char *size = xasprintf("%lluk", (unsigned long long)(s->size >> 10));
	const char *argv[32] = {
		"mke2fs", "-q",	   "-F", "-t", type, "-U", "b3a1a6a6-51b1-4a58-8e7c-6d9a3b6cf0de",
		"-E",	  extended};
	size_t n = 9;
	for (; more && *more && n < 29; more++)
		argv[n++] = *more;
	argv[n++] = s->image;
	argv[n] = size;
	auto_str said = STR_INIT;
	auto_err e = ERR_INIT;
	if (run(&(struct run){.argv = argv, .output = &said}, &e) == 0)
		return;
	if (!strstr(e.msg, "Invalid filesystem option set"))
		fail_msg("%s", e.msg);
	print_message("%s\n", e.msg);
	skip(); /* the mke2fs of e2fsprogs before 1.47 */
}

/* e2fsck finds nothing to mend. */
static inline void scratch_e2fsck(const struct scratch *s)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	const char *argv[] = {"e2fsck", "-fn", s->checked, NULL};
	if (run(&(struct run){.argv = argv, .output = &out}, &e) < 0)
		fail_msg("%s: %s\n%s", s->image, e.msg, str_text(&out));
}

/* One command of debugfs; what it prints. */
static inline char *scratch_debugfs(const struct scratch *s, const char *command)
{
	return scratch_output((const char *[]){"debugfs", "-R", command, s->checked, NULL});
}

/* Change the image by a command of debugfs. */
static inline void scratch_debugfs_write(const struct scratch *s, const char *command)
{
	free(scratch_output((const char *[]){"debugfs", "-w", "-R", command, s->checked, NULL}));
}

static inline struct fs *scratch_open_ext(const struct scratch *s, bool writable)
{
	auto_err e = ERR_INIT;
	struct fs_open o = scratch_how(s, writable);
	struct fs *fs = NULL;
	assert_ok(fs_ext_open(&o, &fs, &e), &e);
	return fs;
}

static inline void scratch_close(struct fs **fs)
{
	auto_err e = ERR_INIT;
	assert_ok(fs_close(fs, &e), &e);
}

/* The content of a file, read through the backend. */
static inline char *scratch_read(struct fs *fs, const char *path)
{
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(fs->ops->read(fs, path, 64 << 20, &text, &e), &e);
	return str_steal(&text);
}

static inline void scratch_write(struct fs *fs, const char *path, const char *text)
{
	auto_err e = ERR_INIT;
	assert_ok(fs_write_data(fs, path, text, strlen(text), &e), &e);
}

/* A source of len bytes that can be told from those of another seed, without a buffer for them. */
struct scratch_pattern {
	uint64_t at, len, fail_at; /* fail_at: the byte at which reading fails; 0 never */
	unsigned seed;
};

static inline unsigned char scratch_byte(unsigned seed, uint64_t at)
{
	return (unsigned char)((at * 2654435761u + seed * 40503u) >> 13);
}

static inline ssize_t scratch_pattern_read(void *ctx, void *buffer, size_t len, struct err *e)
{
	struct scratch_pattern *p = ctx;
	size_t n = 0;
	if (p->fail_at && p->at >= p->fail_at)
		return err_set(e, ERR_FAILED, "the source broke");
	for (; n < len && p->at < p->len; n++, p->at++)
		((unsigned char *)buffer)[n] = scratch_byte(p->seed, p->at);
	return (ssize_t)n;
}

static inline int scratch_write_pattern(struct fs *fs, const char *path, unsigned seed,
					uint64_t len, struct err *e)
{
	struct scratch_pattern p = {.len = len, .seed = seed};
	return fs->ops->write(fs, path, &(struct fs_source){scratch_pattern_read, &p}, e);
}

static inline void scratch_assert_pattern(struct fs *fs, const char *path, unsigned seed,
					  uint64_t len)
{
	auto_str got = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(fs->ops->read(fs, path, 64 << 20, &got, &e), &e);
	assert_int_equal(got.len, len);
	for (uint64_t i = 0; i < len; i++) {
		if ((unsigned char)got.data[i] != scratch_byte(seed, i))
			fail_msg("%s: byte %llu differs", path, (unsigned long long)i);
	}
}

#endif
