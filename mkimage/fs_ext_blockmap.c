/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "blockmap.h"
#include "fs_ext.h"

errcode_t ext_add_used(const struct ext *x, uint64_t offset, struct blockmap *m)
{
	blk64_t at = x->e2->super->s_first_data_block;
	blk64_t last = ext2fs_blocks_count(x->e2->super) - 1;
	uint64_t bs = x->e2->blocksize;
	while (at <= last) {
		blk64_t first, end;
		errcode_t failure = ext2fs_find_first_set_block_bitmap2(x->e2->block_map, at, last,
									&first);
		if (failure)
			return failure == ENOENT ? 0 : failure;
		failure = ext2fs_find_first_zero_block_bitmap2(x->e2->block_map, first, last, &end);
		if (failure && failure != ENOENT)
			return failure;
		if (failure)
			end = last + 1;
		blockmap_add(m, offset + first * bs, (end - first) * bs);
		at = end;
	}
	return 0;
}

int fs_ext_blockmap(const struct fs_open *o, struct blockmap *m, struct err *e)
{
	struct ext *x;
	if (ext_open_library(o, o->accept_dirty, &x, e) < 0)
		return -1;
	errcode_t failure = ext2fs_read_block_bitmap(x->e2);
	if (!failure) {
		/* With blocks of 1 KiB the boot sector is before the first block that is counted.
		 */
		uint64_t before = (uint64_t)x->e2->super->s_first_data_block * x->e2->blocksize;
		if (before)
			blockmap_add(m, o->offset, before);
		failure = ext_add_used(x, o->offset, m);
	}
	int r = failure ? ext_error(x, NULL, failure, "cannot read the bitmaps", e) : 0;
	ext_free(x);
	return r;
}

struct file_blocks {
	uint64_t offset, block_size;
	e2_blkcnt_t first; /* block of the file */
	struct blockmap *map;
};

static int add_file_block(ext2_filsys e2, blk64_t *block, e2_blkcnt_t number, blk64_t ref_block,
			  int ref_offset, void *ctx)
{
	struct file_blocks *f = ctx;
	(void)e2;
	(void)ref_block;
	(void)ref_offset;
	if (number < f->first)
		return 0;
	struct extent x = {f->offset + *block * f->block_size, f->block_size};
	const struct blockmap one = {&x, 1, 1, x.len};
	const struct extent *last = f->map->n ? &f->map->extents[f->map->n - 1] : NULL;
	if (!last || x.start >= last->start)
		blockmap_add(f->map, x.start, x.len);
	else
		blockmap_merge(f->map, &one);
	return 0;
}

errcode_t ext_add_file(const struct ext *x, uint64_t offset, ext2_ino_t ino, uint64_t first,
		       struct blockmap *m)
{
	struct file_blocks f = {offset, x->e2->blocksize, (e2_blkcnt_t)first, m};
	return ext2fs_block_iterate3(x->e2, ino, BLOCK_FLAG_READ_ONLY | BLOCK_FLAG_DATA_ONLY, NULL,
				     add_file_block, &f);
}

int fs_ext_log(const struct fs_open *o, struct blockmap *m, struct err *e)
{
	struct ext *x;
	if (ext_open_library(o, true, &x, e) < 0)
		return -1;
	ext2_ino_t ino = x->e2->super->s_journal_inum;
	errcode_t failure = 0;
	if (ext2fs_has_feature_journal(x->e2->super) && ino)
		failure = ext_add_file(x, o->offset, ino, 1, m);
	int r = failure ? ext_error(x, NULL, failure, "cannot find the journal", e) : 0;
	ext_free(x);
	return r;
}

int fs_ext_replay_marks(const struct fs_open *o, struct blockmap *m, struct err *e)
{
	struct ext *x;
	blk64_t block = 0;
	if (ext_open_library(o, true, &x, e) < 0)
		return -1;
	ext2_ino_t ino = x->e2->super->s_journal_inum;
	errcode_t failure = 0;
	blockmap_add(m, o->offset + SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
	if (ext2fs_has_feature_journal(x->e2->super) && ino)
		failure = ext2fs_bmap2(x->e2, ino, NULL, NULL, 0, 0, NULL, &block);
	if (block)
		blockmap_add(m, o->offset + block * x->e2->blocksize, x->e2->blocksize);
	int r = failure ? ext_error(x, NULL, failure, "cannot find the journal", e) : 0;
	ext_free(x);
	return r;
}
