/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The root file system as small as it can be, its partition and the image cut to it.
 *
 * resize2fs -M leaves a third of the result free: it cannot use the blocks of inode tables that it
 * drops.  After it has dropped them, a second run can be told the size that is computed here.  Of a
 * small file system without a journal it leaves nothing free, and then that size is larger.
 *
 * At its end resize2fs cuts the file as if the file system began at byte 0 (see image_grow.c).  So
 * it is made to: what is before the partition is put aside, and the range is taken out of the file,
 * which costs ext4 and xfs nothing.  On other file systems the partition is copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "disk_extend.h"
#include "fs_ext.h"
#include "image_parts.h"
#include "image_resize.h"
#include "log.h"
#include "mem.h"

#define MIB (1ull << 20)
#define SLACK_PERCENT 1	 /* for what is changed in the image, and by the board before it grows */
#define SLACK_BLOCKS 512 /* at least */

struct shrink {
	struct resize r;
	const struct disk *d;
	const struct part *part;
	uint64_t fs_size; /* bytes, of the result */
};

static int read_super(const struct shrink *s, int fd, uint64_t offset, struct ext2_super_block *sb,
		      struct err *e)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	const struct fs_open open = {
		.path = path, .offset = offset, .size = s->part->size, .what = s->r.name};
	return ext_super_read(&open, sb, e);
}

static uint64_t block_size(const struct ext2_super_block *sb)
{
	return 1024ull << ext2fs_le32_to_cpu(sb->s_log_block_size);
}

/* Blocks of groups that files cannot have: bitmaps, inode tables, copies of superblock and table.
 */
static uint64_t overhead(const struct ext2_super_block *sb, uint64_t groups)
{
	uint64_t bs = block_size(sb), size = ext2fs_le16_to_cpu(sb->s_inode_size);
	uint64_t table = ext2fs_le32_to_cpu(sb->s_inodes_per_group) * size / bs;
	uint64_t copies = groups; /* at most: sparse_super has fewer */
	if (ext2fs_le32_to_cpu(sb->s_feature_ro_compat) & EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER) {
		copies = groups > 1 ? 2 : 1;
		for (uint64_t base = 3; base <= 7; base += 2) {
			for (uint64_t n = base; n < groups; n *= base)
				copies++;
		}
	}
	return groups * (table + 2) +
	       copies * (2 + groups * 64 / bs + ext2fs_le16_to_cpu(sb->s_reserved_gdt_blocks));
}

/* As many blocks as what is used needs when there are only so many groups as that takes. */
static uint64_t smallest(const struct ext2_super_block *sb)
{
	uint64_t per_group = ext2fs_le32_to_cpu(sb->s_blocks_per_group);
	uint64_t blocks = ext2fs_le32_to_cpu(sb->s_blocks_count);
	uint64_t used = blocks - ext2fs_le32_to_cpu(sb->s_free_blocks_count);
	uint64_t now = overhead(sb, (blocks + per_group - 1) / per_group);
	uint64_t data = used > now ? used - now : used;
	uint64_t slack = data * SLACK_PERCENT / 100 + SLACK_BLOCKS, groups = 1;
	while (groups * per_group < data + slack + overhead(sb, groups))
		groups++;
	uint64_t wanted = data + slack + overhead(sb, groups);
	uint64_t in_last = wanted - (groups - 1) * per_group, least = overhead(sb, 1) + 64;
	return groups > 1 && in_last < least ? (groups - 1) * per_group + least : wanted;
}

/* The file system begins at byte 0 of fd. */
static int resize(struct shrink *s, int fd, struct err *e)
{
	autofree char *path = resize_path(fd, 0);
	struct ext2_super_block sb;
	if (resize_check(&s->r, path, e) < 0 || resize_run(&s->r, "-M", path, NULL, e) < 0 ||
	    read_super(s, fd, 0, &sb, e) < 0)
		return -1;
	uint64_t bs = block_size(&sb), wanted = smallest(&sb), most = s->part->size / bs;
	wanted = wanted < most ? wanted : most; /* there may be no room for slack */
	autofree char *size = xasprintf("%lluK", (unsigned long long)(wanted * bs / 1024));
	auto_err ignored = ERR_INIT;
	if (wanted != ext2fs_le32_to_cpu(sb.s_blocks_count) &&
	    resize_run(&s->r, "-f", path, size, &ignored) < 0) {
		if (ignored.code == ERR_INTERRUPT)
			return err_set(e, ignored.code, "%s", ignored.msg);
		log_debug("%s: as small as resize2fs -M makes it: %s", s->r.name, ignored.msg);
	}
	if (resize_check(&s->r, path, e) < 0 || read_super(s, fd, 0, &sb, e) < 0)
		return -1;
	s->fs_size = ext2fs_le32_to_cpu(sb.s_blocks_count) * bs;
	return 0;
}

static int cut_file(const struct shrink *s, uint64_t size, struct err *e)
{
	if (ftruncate(s->r.fd, (off_t)size) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot cut it", s->r.name);
}

/* The range before the partition is out of the file. */
static int resize_taken_out(struct shrink *s, int head, struct err *e)
{
	uint64_t start = s->part->start;
	if (resize(s, s->r.fd, e) < 0)
		return -1;
	if (fallocate(s->r.fd, FALLOC_FL_INSERT_RANGE, 0, (off_t)start) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot put its beginning back", s->r.name);
	return resize_copy(&s->r, head, 0, s->r.fd, 0, start, e);
}

static int resize_copied(struct shrink *s, int aside, struct err *e)
{
	uint64_t start = s->part->start;
	if (ftruncate(aside, 0) < 0 || ftruncate(aside, (off_t)s->part->size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make room for shrinking", s->r.name);
	if (resize_copy(&s->r, s->r.fd, start, aside, 0, s->part->size, e) < 0 ||
	    resize(s, aside, e) < 0 || cut_file(s, start, e) < 0)
		return -1;
	return resize_copy(&s->r, aside, 0, s->r.fd, start, s->fs_size, e);
}

static int resize_in_image(struct shrink *s, struct err *e)
{
	uint64_t start = s->part->start;
	auto_output aside = OUTPUT_INIT;
	if (!start)
		return resize(s, s->r.fd, e);
	if (resize_open_aside(&s->r, &aside, e) < 0 ||
	    resize_copy(&s->r, s->r.fd, 0, aside.fd, 0, start, e) < 0 ||
	    cut_file(s, start + s->part->size, e) < 0)
		return -1;
	if (fallocate(s->r.fd, FALLOC_FL_COLLAPSE_RANGE, 0, (off_t)start) == 0)
		return resize_taken_out(s, aside.fd, e);
	return resize_copied(s, aside.fd, e);
}

static int cut_table(const struct shrink *s, struct err *e)
{
	auto_disk *d = disk_copy(s->d);
	uint64_t end = s->part->start + s->fs_size;
	end += (s->d->sector_size - end % s->d->sector_size) % s->d->sector_size;
	d->size = end + (d->table == DISK_GPT ? MIB : 0);
	/* As long as it was, for the backup of a GPT is looked for where it was. */
	if (cut_file(s, s->d->size, e) < 0 ||
	    (d->table != DISK_WHOLE && disk_extend(d, s->part, end, false, s->r.fd, e) < 0))
		return -1;
	return cut_file(s, d->size, e);
}

int image_shrink_check(const struct image *i, struct err *e)
{
	const struct part *part = disk_part(i->disk, i->root);
	autoclose int fd = open(i->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", i->name);
	const char *obstacle = disk_extend_obstacle(i->disk, part, fd);
	if (!obstacle && !part_is_ext(part))
		obstacle = "only ext2, ext3 and ext4 can";
	if (!obstacle)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: the root, partition %d, cannot shrink: %s; leave --shrink out", i->name,
		       i->root, obstacle);
}

int image_shrink(int fd, const char *path, const char *name, int root_partition, int64_t now,
		 struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, name, &d, e) < 0)
		return -1;
	struct shrink s = {{fd, name, now}, d, disk_part(d, root_partition), 0};
	if (resize_in_image(&s, e) < 0 || cut_table(&s, e) < 0)
		return err_wrap(e, "%s: partition %d", name, root_partition);
	return 0;
}
