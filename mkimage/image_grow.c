/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "image_parts.h"
#include "image_resize.h"
#include "mem.h"
#include "output.h"

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

static int resize(const struct grow *g, int fd, uint64_t offset, struct err *e)
{
	const struct resize r = {g->fd, g->name, g->now};
	autofree char *path = resize_path(fd, offset);
	autofree char *size = xasprintf("%lluK", (unsigned long long)g->fs_size / 1024);
	return resize_check(&r, path, e) < 0 ? -1 : resize_run(&r, NULL, path, size, e);
}

static int resize_aside(const struct grow *g, struct err *e)
{
	uint64_t start = g->part->start, old = g->part->size;
	auto_output aside = OUTPUT_INIT;
	const struct resize r = {g->fd, g->name, g->now};
	if (resize_open_aside(&r, &aside, e) < 0)
		return -1;
	if (ftruncate(aside.fd, (off_t)old) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make room for growing", g->name);
	if (resize_copy(&r, g->fd, start, aside.fd, 0, old, e) < 0 || resize(g, aside.fd, 0, e) < 0)
		return -1;
	if (fallocate(g->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)old) <
	    0)
		return err_errno(e, ERR_FAILED, "%s: cannot clear partition %d", g->name,
				 g->part->number);
	return resize_copy(&r, aside.fd, 0, g->fd, start, g->fs_size, e);
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
