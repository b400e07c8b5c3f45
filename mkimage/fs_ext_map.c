/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fs_ext.h"

/* Which blocks an inode has: data, and those that hold the map itself. */

struct visit {
	const struct ext *x;
	/* Called with blocks in a row; false ends the walk. */
	bool (*found)(struct visit *visit, blk64_t first, uint64_t n);
	uint64_t blocks; /* so far */
};

static int visit_block(ext2_filsys e2, blk64_t *block, e2_blkcnt_t count, blk64_t ref, int offset,
		       void *ctx)
{
	(void)e2;
	(void)count;
	(void)ref;
	(void)offset;
	struct visit *visit = ctx;
	return visit->found(visit, *block, 1) ? 0 : BLOCK_ABORT;
}

static errcode_t walk_extents(struct visit *visit, ext2_ino_t ino, struct ext2_inode *inode)
{
	ext2_extent_handle_t handle;
	struct ext2fs_extent extent;
	errcode_t failure = ext2fs_extent_open2(visit->x->e2, ino, inode, &handle);
	if (failure)
		return failure;
	failure = ext2fs_extent_get(handle, EXT2_EXTENT_ROOT, &extent);
	while (!failure) {
		bool leaf = extent.e_flags & EXT2_EXTENT_FLAGS_LEAF;
		bool again = extent.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT;
		if (!again && !visit->found(visit, extent.e_pblk, leaf ? extent.e_len : 1))
			break;
		failure = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT, &extent);
	}
	ext2fs_extent_free(handle);
	/* No current node: there was none from the beginning. */
	return failure == EXT2_ET_EXTENT_NO_NEXT || failure == EXT2_ET_NO_CURRENT_NODE ? 0
										       : failure;
}

/* (ext2fs_block_iterate3 of 1.47.0 walks extents too, but says nothing when they are damaged.) */
static errcode_t walk_map(struct visit *visit, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	ext2_filsys e2 = visit->x->e2;
	if (!ext2fs_inode_has_valid_blocks2(e2, ext2fs_inode(inode)))
		return 0;
	if (inode->i_flags & EXT4_EXTENTS_FL)
		return walk_extents(visit, ino, ext2fs_inode(inode));
	return ext2fs_block_iterate3(e2, ino, BLOCK_FLAG_READ_ONLY, NULL, visit_block, visit);
}

static bool is_within(struct visit *visit, blk64_t first, uint64_t n)
{
	blk64_t end = ext2fs_blocks_count(visit->x->e2->super);
	visit->blocks += n ? n : 1;
	if (visit->blocks > end || first <= visit->x->e2->super->s_first_data_block)
		visit->x = NULL;
	else if (first >= end || n > end - first)
		visit->x = NULL;
	return visit->x != NULL;
}

int ext_check_map(const struct ext *x, const char *path, ext2_ino_t ino,
		  struct ext2_inode_large *inode, struct err *e)
{
	if (inode->i_flags & EXT4_INLINE_DATA_FL)
		return 0;
	struct visit visit = {.x = x, .found = is_within};
	errcode_t failure = walk_map(&visit, ino, inode);
	if (!visit.x)
		return ext_damaged(x, path, "the map of its blocks leads in a circle or outside",
				   e);
	return failure ? ext_error(x, path, failure, "cannot read the map of its blocks", e) : 0;
}

static bool free_found(struct visit *visit, blk64_t first, uint64_t n)
{
	visit->blocks += n;
	for (blk64_t block = first; block < first + n; block++) {
		if (ext2fs_test_block_bitmap2(visit->x->e2->block_map, block))
			ext2fs_block_alloc_stats2(visit->x->e2, block, -1);
	}
	return true;
}

/* (ext2fs_punch of 1.47.0 fails with "Illegal block number" on extent trees of three levels.) */
static errcode_t free_mapped(const struct ext *x, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	struct visit visit = {.x = x, .found = free_found};
	errcode_t failure = walk_map(&visit, ino, inode);
	if (failure || !visit.blocks)
		return failure;
	memset(inode->i_block, 0, sizeof(inode->i_block));
	return ext2fs_iblk_sub_blocks(x->e2, ext2fs_inode(inode), visit.blocks);
}

/* Content within the inode is an extended attribute. */
static errcode_t drop_inline(const struct ext *x, ext2_ino_t ino, struct ext2_inode_large *inode)
{
	struct ext2_xattr_handle *handle;
	errcode_t failure = ext2fs_xattrs_open(x->e2, ino, &handle);
	if (failure)
		return failure;
	failure = ext2fs_xattrs_read(handle);
	if (!failure)
		failure = ext2fs_xattr_remove(handle, "system.data");
	if (!failure)
		failure = ext2fs_xattrs_write(handle);
	ext2fs_xattrs_close(&handle);
	if (!failure)
		failure = ext2fs_read_inode_full(x->e2, ino, ext2fs_inode(inode), sizeof(*inode));
	if (!failure) {
		inode->i_flags &= ~(uint32_t)EXT4_INLINE_DATA_FL;
		memset(inode->i_block, 0, sizeof(inode->i_block));
	}
	return failure;
}

int ext_free_blocks(const struct ext *x, const char *path, ext2_ino_t ino,
		    struct ext2_inode_large *inode, struct err *e)
{
	errcode_t failure = inode->i_flags & EXT4_INLINE_DATA_FL ? drop_inline(x, ino, inode)
								 : free_mapped(x, ino, inode);
	return failure ? ext_error(x, path, failure, "cannot free its blocks", e) : 0;
}
