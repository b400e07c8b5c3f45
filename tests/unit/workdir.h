/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_WORKDIR_H
#define TESTS_UNIT_WORKDIR_H

/*
 * A temporary directory that a test works in.  As cmocka's setup and teardown; a failed test's
 * directory stays (cmocka ends the test before its last line, workdir_passed).
 */

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

struct workdir {
	char *path, *before;
	bool passed;
};

static inline int workdir_enter(void **state)
{
	struct workdir *w = xcalloc(1, sizeof(*w));
	const char *tmp = getenv("TMPDIR");
	w->path = xasprintf("%s/cardstock-test.XXXXXX", tmp ? tmp : "/tmp");
	w->before = getcwd(NULL, 0);
	*state = w;
	return mkdtemp(w->path) && chdir(w->path) == 0 ? 0 : -1;
}

static inline int workdir_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int workdir_leave(void **state)
{
	struct workdir *w = *state;
	int r = chdir(w->before);
	if (w->passed)
		nftw(w->path, workdir_remove, 16, FTW_DEPTH | FTW_PHYS);
	else
		fprintf(stderr, "files of the failed test: %s\n", w->path);
	free(w->path);
	free(w->before);
	free(w);
	return r;
}

/* The last line of a test. */
static inline void workdir_passed(void **state)
{
	((struct workdir *)*state)->passed = true;
}

static inline void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

#endif
