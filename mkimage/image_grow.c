/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image_parts.h"
#include "io.h"
#include "mem.h"
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

/* By /proc, because a path may have a '?' in it, and a temporary file has none. */
static int run_tool(const struct grow *g, int fd, uint64_t offset, const char *const *command,
		    const char *size, struct err *e)
{
	autofree char *path = xasprintf("/proc/%ld/fd/%d?offset=%llu", (long)getpid(), fd,
					(unsigned long long)offset);
	autofree char *fake = xasprintf("E2FSPROGS_FAKE_TIME=%lld", (long long)g->now);
	autofree char *check = xasprintf("E2FSCK_TIME=%lld", (long long)g->now);
	const char *const env[] = {fake, check, NULL};
	const char *argv[8];
	size_t n = 0;
	while (command[n]) {
		argv[n] = command[n];
		n++;
	}
	argv[n] = path;
	argv[n + 1] = size;
	argv[n + 2] = NULL;
	auto_str said = STR_INIT;
	/* e2fsck: 1 is "errors were corrected", such as a counter. */
	struct run r = {.argv = argv, .env = env, .output = &said, .ok_status = 1 << 1};
	int status = run(&r, e);
	if (status == 1 && size)
		return err_set(e, ERR_IMAGE, "resize2fs failed");
	return status < 0 ? -1 : 0;
}

static int resize(const struct grow *g, int fd, uint64_t offset, struct err *e)
{
	static const char *const e2fsck[] = {"e2fsck", "-f", "-p", NULL};
	static const char *const resize2fs[] = {"resize2fs", NULL};
	autofree char *size = xasprintf("%lluK", (unsigned long long)g->fs_size / 1024);
	if (run_tool(g, fd, offset, e2fsck, NULL, e) < 0)
		return err_wrap(e, "the file system must be free of errors before it can grow");
	return run_tool(g, fd, offset, resize2fs, size, e);
}

/* Copy what the file has data for in [from_at, from_at+len) to the same distance from to_at. */
static int copy_data(const struct grow *g, int from, uint64_t from_at, int to, uint64_t to_at,
		     uint64_t len, struct err *e)
{
	uint64_t at = from_at, end = from_at + len;
	while (at < end) {
		off_t data = lseek(from, (off_t)at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0;
		off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot find its data", g->name);
		uint64_t stop = (uint64_t)hole < end ? (uint64_t)hole : end;
		off_t in = data, out = (off_t)(to_at + ((uint64_t)data - from_at));
		while ((uint64_t)in < stop) {
			ssize_t n = copy_file_range(from, &in, to, &out, stop - (uint64_t)in, 0);
			if (n <= 0)
				return err_errno(e, ERR_FAILED, "%s: cannot copy its data",
						 g->name);
		}
		at = stop;
	}
	return 0;
}

/* A nameless file beside the image. */
static int open_aside(const struct grow *g, struct err *e)
{
	char path[4096];
	autofree char *link = xasprintf("/proc/self/fd/%d", g->fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	autofree char *dir = path_dir(path);
	int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		err_errno(e, ERR_FAILED, "%s: cannot make a temporary file", dir);
	return fd;
}

static int resize_aside(const struct grow *g, struct err *e)
{
	uint64_t start = g->part->start, old = g->part->size;
	autoclose int aside = open_aside(g, e);
	if (aside < 0)
		return -1;
	if (ftruncate(aside, (off_t)old) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make room for growing", g->name);
	if (copy_data(g, g->fd, start, aside, 0, old, e) < 0 || resize(g, aside, 0, e) < 0)
		return -1;
	if (fallocate(g->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)old) <
	    0)
		return err_errno(e, ERR_FAILED, "%s: cannot clear partition %d", g->name,
				 g->part->number);
	return copy_data(g, aside, 0, g->fd, start, g->fs_size, e);
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

int image_grow(const char *path, const char *name, int root_partition, uint64_t new_size,
	       struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, &d, e) < 0)
		return err_wrap(e, "%s", name);
	new_size -= new_size % d->sector_size;
	if (disk_grow_check(d, root_partition, new_size, e) < 0)
		return err_wrap(e, "%s", name);
	const struct part *part = disk_part(d, root_partition);
	if (!part_is_ext(part))
		return err_set(e, ERR_IMAGE,
			       "%s: partition %d (%s) cannot grow: only ext2, ext3 and ext4 can; "
			       "leave image-size out",
			       name, root_partition, *part->fstype ? part->fstype : "unknown");
	if (grow_part(d, part, name, new_size, e) < 0 ||
	    disk_grow(path, root_partition, new_size, e) < 0)
		return err_wrap(e, "%s: partition %d", name, root_partition);
	return 0;
}
