/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blockmap.h"
#include "direct.h"
#include "io.h"
#include "interrupt.h"
#include "log.h"
#include "mem.h"
#include "str.h"

/*
 * The source is mapped and given to pwrite with O_DIRECT, so its bytes go from the page cache to
 * the disk without being copied; a page that cannot be read is EFAULT from pwrite, not a signal.
 * Measured against pread and pwrite of 4 MiB, copy_file_range and cp --sparse=always: see
 * tests/bench.  The mapping is a window, because mapped pages count as memory of this process.
 */
#define WINDOW (8ull << 20)

struct copy {
	int from, to;
	const char *what;
	uint64_t size;	 /* of the image */
	uint64_t needed; /* bytes that will be written */
	uint64_t done;
	struct direct direct;
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;
};

static uint64_t block_down(uint64_t offset)
{
	return offset - offset % DIRECT_BLOCK;
}

/* The extent, enlarged to whole blocks: neighbours that are copied too do no harm. */
static struct extent in_blocks(const struct copy *c, const struct extent *x)
{
	uint64_t start = block_down(x->start);
	uint64_t end = block_down(x->start + x->len + DIRECT_BLOCK - 1);
	return (struct extent){start, (end < c->size ? end : c->size) - start};
}

#define ADVICE "make room there, or choose another disk"

static int refuse_space(const struct copy *c, struct err *e)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", c->to);
	return io_refuse_space(path, c->what, c->needed, ADVICE, e);
}

static int check_space(const struct copy *c, struct err *e)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", c->to);
	return io_check_space(path, c->what, c->needed, ADVICE, e);
}

/* Ask for the blocks before the first is written, so that two copies cannot share the last ones. */
static int reserve(const struct copy *c, const struct blockmap *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		struct extent x = in_blocks(c, &m->extents[i]);
		if (fallocate(c->to, 0, (off_t)x.start, (off_t)x.len) == 0)
			continue;
		if (errno == ENOSPC || errno == EDQUOT)
			return refuse_space(c, e);
		log_debug("%s: blocks cannot be reserved here", c->what);
		return 0;
	}
	return 0;
}

static int write_window(struct copy *c, const char *data, uint64_t offset, size_t len,
			struct err *e)
{
	while (len) {
		ssize_t n = direct_pwrite(&c->direct, data, len, offset);
		if (n < 0 && errno == EFAULT)
			return err_set(e, ERR_FAILED, "%s: cannot read the base at byte %llu",
				       c->what, (unsigned long long)offset);
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT))
			return refuse_space(c, e);
		if (n < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot write at byte %llu", c->what,
					 (unsigned long long)offset);
		data += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
		c->done += (uint64_t)n;
	}
	return 0;
}

static int copy_window(struct copy *c, uint64_t offset, size_t len, struct err *e)
{
	void *data = mmap(NULL, len, PROT_READ, MAP_SHARED, c->from, (off_t)offset);
	if (data == MAP_FAILED)
		return err_errno(e, ERR_FAILED, "%s: cannot map the base", c->what);
	madvise(data, len, MADV_WILLNEED);
	posix_fadvise(c->from, (off_t)(offset + len), (off_t)len, POSIX_FADV_WILLNEED);
	int r = write_window(c, data, offset, len, e);
	munmap(data, len);
	if (r == 0 && c->progress)
		c->progress(c->ctx, c->done);
	return r;
}

static int copy_extents(struct copy *c, const struct blockmap *m, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		struct extent x = in_blocks(c, &m->extents[i]);
		while (x.len) {
			size_t len = (size_t)(x.len < WINDOW ? x.len : WINDOW);
			if (interrupt_check(e) < 0 || copy_window(c, x.start, len, e) < 0)
				return -1;
			x.start += len;
			x.len -= len;
		}
	}
	return 0;
}

static int punch(const struct copy *c, uint64_t start, uint64_t end)
{
	if (start >= end)
		return 0;
	return fallocate(c->to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
			 (off_t)(end - start));
}

/*
 * xfs sets 128 KiB aside for each place of a clone that is written to, and gives it back minutes
 * later; a node's places are few and far apart.  Other file systems do not know the hint.
 */
static void set_aside_blocks(int fd)
{
	struct fsxattr x;
	struct stat st;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0 || fstat(fd, &st) < 0)
		return;
	x.fsx_xflags |= FS_XFLAG_COWEXTSIZE;
	x.fsx_cowextsize = (uint32_t)st.st_blksize;
	(void)!ioctl(fd, FS_IOC_FSSETXATTR, &x);
}

/*
 * A reflink shares the free blocks of the source too.  Whatever was deleted there must not reach
 * the copy, nor may its bytes depend on the file system that holds it.
 */
static int clone_extents(const struct copy *c, const struct blockmap *m)
{
	uint64_t at = 0;
	if (ioctl(c->to, FICLONE, c->from) < 0)
		return -1;
	set_aside_blocks(c->to);
	for (size_t i = 0; i < m->n; i++) {
		struct extent x = in_blocks(c, &m->extents[i]);
		if (punch(c, at, x.start) < 0)
			return -1;
		at = x.start + x.len;
	}
	return punch(c, at, c->size);
}

int blockmap_copy(int from, int to, const char *what, uint64_t size, const struct blockmap *m,
		  void (*progress)(void *ctx, uint64_t done), void *ctx, struct err *e)
{
	struct copy c = {.from = from,
			 .to = to,
			 .what = what,
			 .size = size,
			 .needed = m->used,
			 .progress = progress,
			 .ctx = ctx};
	if (clone_extents(&c, m) == 0) {
		if (progress)
			progress(ctx, m->used);
		return 0;
	}
	if (ftruncate(to, 0) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot empty", what);
	if (check_space(&c, e) < 0)
		return -1;
	if (ftruncate(to, (off_t)size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make it %llu bytes long", what,
				 (unsigned long long)size);
	if (reserve(&c, m, e) < 0)
		return -1;
	direct_init(&c.direct, to);
	int r = copy_extents(&c, m, e);
	direct_done(&c.direct);
	return r;
}
