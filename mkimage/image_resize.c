/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image_resize.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "interrupt.h"
#include "mem.h"
#include "run.h"
#include "str.h"

/* The first line that says something, after the banner, with the file system for its /proc path. */
static char *find_reason(const char *program, const char *text, const char *path)
{
	auto_strv lines = {0};
	autofree char *banner = xasprintf("%s 1.", program);
	autofree char *self = xasprintf("%s: ", program);
	autofree char *prefix = xasprintf("%s: ", path);
	strv_split(&lines, text, "\n");
	strv_foreach (item, &lines) {
		for (size_t n = strlen(*item); n && (*item)[n - 1] == ' ';)
			(*item)[--n] = '\0';
		const char *line = *item;
		if (str_starts(line, self))
			line += strlen(self);
		if (str_starts(line, prefix))
			line += strlen(prefix);
		if (!*line || str_starts(line, banner))
			continue;
		const char *at = strstr(line, path);
		return at ? xasprintf("%.*sthe file system%s", (int)(at - line), line,
				      at + strlen(path))
			  : xstrdup(line);
	}
	return NULL;
}

/* By what the program said; e has what run() could tell. */
static int refuse(const char *program, const char *text, const char *path, struct err *e)
{
	enum err_code kind = ERR_IMAGE;
	autofree char *reason = find_reason(program, text, path);
	if (e->code != ERR_FAILED || !reason)
		return -1;
	const char *advice = err_advice_said(reason, &kind);
	return err_set(e, kind, "%s: %s%s", program, reason, advice);
}

char *resize_path(int fd, uint64_t offset)
{
	return xasprintf("/proc/%ld/fd/%d?offset=%llu", (long)getpid(), fd,
			 (unsigned long long)offset);
}

/* e2fsck's 1 is "errors were corrected", such as a counter; it tells its reasons on stdout. */
int resize_check(const struct resize *r, const char *path, struct err *e)
{
	autofree char *now = xasprintf("E2FSCK_TIME=%lld", (long long)r->now);
	const char *const argv[] = {"e2fsck", "-f", "-p", path, NULL};
	const char *const env[] = {now, NULL};
	auto_str said = STR_INIT;
	struct run job = {.argv = argv, .env = env, .output = &said, .ok_status = 1 << 1};
	if (run(&job, e) >= 0)
		return 0;
	refuse(argv[0], str_text(&said), path, e);
	return err_wrap(e, "the file system must be free of errors before its size can change");
}

/* resize2fs tells its reasons on stderr, and after them how to go on, as e2fsck's caller. */
int resize_run(const struct resize *r, const char *option, const char *path, const char *size,
	       struct err *e)
{
	autofree char *now = xasprintf("E2FSPROGS_FAKE_TIME=%lld", (long long)r->now);
	const char *argv[5] = {"resize2fs"};
	const char *const env[] = {now, NULL};
	const char *const words[] = {option, path, size};
	auto_str said = STR_INIT;
	for (size_t i = 0, n = 1; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i])
			argv[n++] = words[i];
	}
	struct run job = {.argv = argv, .env = env, .messages = &said};
	return run(&job, e) < 0 ? refuse(argv[0], str_text(&said), path, e) : 0;
}

static int copy_extent(const struct resize *r, int from, const struct extent *x, int to,
		       uint64_t to_at, struct err *e)
{
	off_t in = (off_t)x->start, out = (off_t)to_at;
	off_t end = in + (off_t)x->len;
	while (in < end) {
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot copy its data", r->name);
		if (n == 0)
			return err_set(e, ERR_FAILED, "%s: ends at byte %lld, before its data does",
				       r->name, (long long)in);
	}
	return 0;
}

/* Copy what the file has data for in [from_at, from_at+len) to the same distance from to_at. */
int resize_copy(const struct resize *r, int from, uint64_t from_at, int to, uint64_t to_at,
		uint64_t len, struct err *e)
{
	auto_blockmap map = {0};
	if (blockmap_add_data(&map, from, from_at, from_at + len, r->name, e) < 0)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		const struct extent *x = &map.extents[i];
		if (interrupt_check(e) < 0 ||
		    copy_extent(r, from, x, to, to_at + (x->start - from_at), e) < 0)
			return -1;
	}
	return 0;
}

/* Beside the image, where there is room for images, and named after it where it needs a name. */
int resize_open_aside(const struct resize *r, struct output *ret, struct err *e)
{
	char path[PATH_MAX];
	autofree char *link = xasprintf("/proc/self/fd/%d", r->fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot find its directory", r->name);
	path[n] = '\0';
	autofree char *dir = path_dir(path);
	autofree char *name = xasprintf("%s.grown", path_base(path));
	return output_begin(dir, name, ret, e);
}
