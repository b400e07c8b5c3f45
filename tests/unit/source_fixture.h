/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_SOURCE_FIXTURE_H
#define TESTS_UNIT_SOURCE_FIXTURE_H

/* A directory with an image in it, and short ways to make and compare bases. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "io.h"
#include "mem.h"
#include "run.h"
#include "source.h"
#include "workdir.h"

#define IMAGE_SIZE (3u << 20)

/* Each test has a directory of its own, which is the current one, with the cache in it. */
static char *home;

static int setup(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	home = xasprintf("%s/cardstock-source-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(home));
	assert_int_equal(chdir(home), 0);
	return setenv("XDG_CACHE_HOME", home, 1);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	nftw(home, workdir_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(home);
	return 0;
}

static void put(const char *path, const void *data, size_t len)
{
	auto_err e = ERR_INIT;
	if (io_replace_file(path, data, len, 0644, &e) < 0)
		fail_msg("%s", e.msg);
}

static char *get(const char *path, size_t *len)
{
	auto_str s = STR_INIT;
	auto_err e = ERR_INIT;
	if (io_read_file(path, 1u << 30, &s, &e) < 0)
		fail_msg("%s", e.msg);
	*len = s.len;
	return str_steal(&s);
}

static void shell(const char *const *argv)
{
	auto_err e = ERR_INIT;
	const struct run r = {.argv = argv};
	if (run(&r, &e) < 0)
		fail_msg("%s", e.msg);
}
#define RUN(...) shell((const char *const[]){__VA_ARGS__, NULL})

/* Numbers that do not compress to nothing, a hole of 1 MiB, and a boot sector's signature. */
static void make_image(const char *path)
{
	autofree unsigned char *data = xcalloc(1, IMAGE_SIZE);
	uint32_t x = 1;
	for (size_t i = 0; i < IMAGE_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		if (i < 1u << 20 || i >= 2u << 20)
			data[i] = (unsigned char)(x >> 28);
	}
	data[510] = 0x55;
	data[511] = 0xaa;
	put(path, data, IMAGE_SIZE);
}

static int get_base(const char *base, const char *sha256, struct source **ret, struct err *e)
{
	struct strv search = {0};
	strv_add(&search, ".");
	const struct source_spec spec = {
		.base = base, .sha256 = sha256, .dir = ".", .search = &search};
	int r = source_get(&spec, NULL, ret, e);
	strv_done(&search);
	return r;
}

static void assert_same_file(const char *a, const char *b)
{
	RUN("cmp", a, b);
}

static size_t count_in(const char *dir)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	const char *const argv[] = {"find", dir, "-type", "f", NULL};
	const struct run r = {.argv = argv, .output = &out, .ok_status = 1 << 1};
	assert_true(run(&r, &e) >= 0);
	size_t n = 0;
	for (const char *c = str_text(&out); *c; c++)
		n += *c == '\n';
	return n;
}

static void assert_unpacks_to_image(const char *base)
{
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	if (get_base(base, NULL, &s, &e) < 0)
		fail_msg("%s", e.msg);
	assert_same_file(s->path, "image");
	assert_int_equal(strncmp(s->path, home, strlen(home)), 0);
}

static void assert_fails(const char *base, const char *sha256, enum err_code code,
			 const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_base(base, sha256, &s, &e), -1);
	if (e.code != code || !strstr(e.msg, fragment))
		fail_msg("code %d, not %d, or '%s' has no '%s'", e.code, code, e.msg, fragment);
	assert_null(s);
	assert_int_equal(count_in("cardstock"), 0);
}

#endif
