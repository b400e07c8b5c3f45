/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "image_parts.h"
#include "interrupt.h"
#include "mem.h"
#include "output.h"
#include "run.h"

#define MIB (1ull << 20)

/*
 * resize2fs 1.47 works at IMAGE?offset=N, but at its end it cuts a file that was longer than the
 * new file system down to the file system's size, as if it began at byte 0, and so cuts off its
 * last N bytes.  A file that was not longer when it began is left alone.  So: when the growth is
 * at least N, resize in place before the file is made longer; otherwise resize a copy of the
 * partition's data in a file of its own, and put the data back.
 */
struct grow {
	int fd;
	const char *name;
	const struct part *part;
	uint64_t size;	  /* of the image, now */
	uint64_t fs_size; /* wanted, a multiple of 4096 */
	int64_t now;
};

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

/* By /proc, because a path may have a '?' in it, and a temporary file has none. */
static char *proc_path(int fd, uint64_t offset)
{
	return xasprintf("/proc/%ld/fd/%d?offset=%llu", (long)getpid(), fd,
			 (unsigned long long)offset);
}

/* e2fsck's 1 is "errors were corrected", such as a counter; it tells its reasons on stdout. */
static int run_e2fsck(const struct grow *g, const char *path, struct err *e)
{
	autofree char *now = xasprintf("E2FSCK_TIME=%lld", (long long)g->now);
	const char *const argv[] = {"e2fsck", "-f", "-p", path, NULL};
	const char *const env[] = {now, NULL};
	auto_str said = STR_INIT;
	struct run r = {.argv = argv, .env = env, .output = &said, .ok_status = 1 << 1};
	if (run(&r, e) >= 0)
		return 0;
	refuse(argv[0], str_text(&said), path, e);
	return err_wrap(e, "the file system must be free of errors before it can grow");
}

/* resize2fs tells its reasons on stderr, and after them how to go on, as e2fsck's caller. */
static int run_resize2fs(const struct grow *g, const char *path, struct err *e)
{
	autofree char *size = xasprintf("%lluK", (unsigned long long)g->fs_size / 1024);
	autofree char *now = xasprintf("E2FSPROGS_FAKE_TIME=%lld", (long long)g->now);
	const char *const argv[] = {"resize2fs", path, size, NULL};
	const char *const env[] = {now, NULL};
	auto_str said = STR_INIT;
	struct run r = {.argv = argv, .env = env, .messages = &said};
	return run(&r, e) < 0 ? refuse(argv[0], str_text(&said), path, e) : 0;
}

static int resize(const struct grow *g, int fd, uint64_t offset, struct err *e)
{
	autofree char *path = proc_path(fd, offset);
	return run_e2fsck(g, path, e) < 0 ? -1 : run_resize2fs(g, path, e);
}

static int copy_extent(const struct grow *g, int from, const struct extent *x, int to,
		       uint64_t to_at, struct err *e)
{
	off_t in = (off_t)x->start, out = (off_t)to_at;
	off_t end = in + (off_t)x->len;
	while (in < end) {
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot copy its data", g->name);
		if (n == 0)
			return err_set(e, ERR_FAILED, "%s: ends at byte %lld, before its data does",
				       g->name, (long long)in);
	}
	return 0;
}

/* Copy what the file has data for in [from_at, from_at+len) to the same distance from to_at. */
static int copy_data(const struct grow *g, int from, uint64_t from_at, int to, uint64_t to_at,
		     uint64_t len, struct err *e)
{
	auto_blockmap map = {0};
	if (blockmap_add_data(&map, from, from_at, from_at + len, g->name, e) < 0)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		const struct extent *x = &map.extents[i];
		if (interrupt_check(e) < 0 ||
		    copy_extent(g, from, x, to, to_at + (x->start - from_at), e) < 0)
			return -1;
	}
	return 0;
}

/* Beside the image, where there is room for images, and named after it where it needs a name. */
static int open_aside(const struct grow *g, struct output *ret, struct err *e)
{
	char path[PATH_MAX];
	autofree char *link = xasprintf("/proc/self/fd/%d", g->fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot find its directory", g->name);
	path[n] = '\0';
	autofree char *dir = path_dir(path);
	autofree char *name = xasprintf("%s.grown", path_base(path));
	return output_begin(dir, name, ret, e);
}

static int resize_aside(const struct grow *g, struct err *e)
{
	uint64_t start = g->part->start, old = g->part->size;
	auto_output aside = OUTPUT_INIT;
	if (open_aside(g, &aside, e) < 0)
		return -1;
	if (ftruncate(aside.fd, (off_t)old) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make room for growing", g->name);
	if (copy_data(g, g->fd, start, aside.fd, 0, old, e) < 0 || resize(g, aside.fd, 0, e) < 0)
		return -1;
	if (fallocate(g->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)old) <
	    0)
		return err_errno(e, ERR_FAILED, "%s: cannot clear partition %d", g->name,
				 g->part->number);
	return copy_data(g, aside.fd, 0, g->fd, start, g->fs_size, e);
}

/* A GPT needs some room at the end; a file system is whole blocks of 4 KiB. */
static uint64_t fs_size(const struct disk *d, const struct part *part, uint64_t new_size)
{
	uint64_t room = new_size - part->start - (d->table == DISK_GPT ? MIB : 0);
	return room - room % 4096;
}

/* e2fsck forgets the offset after a replay, which fs_ext_replay knows how to handle. */
static int replay(const struct disk *d, const struct grow *g, struct err *e)
{
	const struct fs_open how = {.path = d->path,
				    .offset = g->part->start,
				    .size = g->part->size,
				    .what = g->name,
				    .writable = true,
				    .now = g->now};
	bool dirty;
	if (fs_ext_is_dirty(&how, &dirty, e) < 0)
		return -1;
	return dirty ? fs_ext_replay(&how, e) : 0;
}

static int grow_part(const struct disk *d, const struct part *part, const char *name,
		     uint64_t new_size, struct err *e)
{
	autoclose int fd = open(d->path, O_RDWR | O_CLOEXEC);
	struct grow g = {fd, name, part, d->size, fs_size(d, part, new_size), 0};
	struct image i = {.path = d->path,
			  .name = (char *)name,
			  .disk = (struct disk *)d,
			  .root = part->number};
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", name);
	if (image_timestamp(&i, &g.now, e) < 0 || replay(d, &g, e) < 0)
		return -1;
	if (g.fs_size <= part->size)
		return 0;
	return g.size <= g.fs_size ? resize(&g, fd, part->start, e) : resize_aside(&g, e);
}

static int check(const struct disk *d, const char *name, int root_partition, uint64_t new_size,
		 struct err *e)
{
	if (disk_grow_check(d, root_partition, new_size - new_size % d->sector_size, e) < 0)
		return -1;
	const struct part *part = disk_part(d, root_partition);
	if (part_is_ext(part))
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: partition %d (%s) cannot grow: only ext2, ext3 and ext4 can; leave "
		       "image-size out",
		       name, root_partition, *part->fstype ? part->fstype : "unknown");
}

int image_grow_check(const struct image *i, uint64_t new_size, struct err *e)
{
	return check(i->disk, i->name, i->root, new_size, e);
}

int image_grow(const char *path, const char *name, int root_partition, uint64_t new_size,
	       struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, name, &d, e) < 0 || check(d, name, root_partition, new_size, e) < 0)
		return -1;
	const struct part *part = disk_part(d, root_partition);
	new_size -= new_size % d->sector_size;
	if (grow_part(d, part, name, new_size, e) < 0)
		return err_wrap(e, "%s: partition %d", name, root_partition);
	return disk_grow(path, name, root_partition, new_size, e);
}
