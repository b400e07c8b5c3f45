/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was deleted and is still there in blocks that are in use: names in directories, whose entry
 * the one before has swallowed, and inodes, which have the targets of symlinks and small files in
 * them.  And the UUID that the file system had.
 */
#include <endian.h>
#include <string.h>

#include "blockmap.h"
#include "fs_ext.h"
#include "mem.h"
#include "uuid.h"

#define ENTRY_HEAD 8u /* bytes of a directory's entry before its name */

/* ---- names ---- */

struct scrub {
	struct ext *x;
	bool indexed; /* of the directory that is looked at: some of its entries hide an index */
};

/*
 * "." and ".." of an index have its head behind them, and its nodes are one empty entry without a
 * name; a leaf that was emptied has the name of what was in it.
 */
static bool hides_index(const struct scrub *s, int entry, const struct ext2_dir_entry *d,
			unsigned len)
{
	if (!s->indexed)
		return false;
	return entry == DIRENT_DOT_DOT_FILE ||
	       (!d->inode && !ext2fs_dirent_name_len(d) && len == s->x->e2->blocksize);
}

static int scrub_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *d, int offset,
		       int block_size, char *block, void *ctx)
{
	const struct scrub *s = ctx;
	unsigned len, used = ENTRY_HEAD;
	(void)dir;
	(void)block;
	if (ext2fs_get_rec_len(s->x->e2, d, &len) || len < ENTRY_HEAD ||
	    offset + (int)len > block_size || hides_index(s, entry, d, len))
		return 0;
	if (d->inode)
		used += (unsigned)ext2fs_dirent_name_len(d);
	if (used >= len || mem_is_zero((char *)d + used, len - used))
		return 0;
	memset((char *)d + used, 0, len - used);
	if (!d->inode)
		ext2fs_dirent_set_name_len(d, 0);
	return DIRENT_CHANGED;
}

/* In an inode they are the inode's; what is encrypted may have more behind a name. */
static bool has_plain_names(const struct ext2_inode *inode)
{
	return inode->i_links_count && LINUX_S_ISDIR(inode->i_mode) &&
	       !(inode->i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL));
}

static errcode_t scrub_names(void *ctx, ext2_ino_t ino, const struct ext2_inode *inode)
{
	struct scrub *s = ctx;
	s->indexed = inode->i_flags & EXT2_INDEX_FL;
	/* One that is damaged is scrubbed as far as it can be read. */
	if (has_plain_names(inode))
		(void)ext2fs_dir_iterate2(s->x->e2, ino, DIRENT_FLAG_INCLUDE_EMPTY, NULL,
					  scrub_entry, s);
	return 0;
}

/* ---- inodes ---- */

/* first: the inode at the beginning of the block. */
static bool clear_free(const struct ext *x, ext2_ino_t first, char *block)
{
	bool changed = false;
	size_t size = EXT2_INODE_SIZE(x->e2->super);
	for (size_t i = 0; i < x->e2->blocksize / size; i++) {
		char *inode = block + i * size;
		ext2_ino_t ino = first + (ext2_ino_t)i;
		if (ino < EXT2_FIRST_INODE(x->e2->super) ||
		    ext2fs_test_inode_bitmap2(x->e2->inode_map, ino) || mem_is_zero(inode, size))
			continue;
		memset(inode, 0, size);
		changed = true;
	}
	return changed;
}

/* Blocks of the group's table that have ever been in use. */
static uint64_t blocks_in_use(const struct ext *x, dgrp_t g)
{
	ext2_filsys e2 = x->e2;
	uint64_t inodes = e2->super->s_inodes_per_group;
	uint64_t per_block = e2->blocksize / EXT2_INODE_SIZE(e2->super);
	if (ext2fs_has_group_desc_csum(e2))
		inodes = ext2fs_bg_flags_test(e2, g, EXT2_BG_INODE_UNINIT)
				 ? 0
				 : inodes - ext2fs_bg_itable_unused(e2, g);
	return (inodes + per_block - 1) / per_block;
}

static errcode_t scrub_table(const struct ext *x, dgrp_t g, char *block)
{
	ext2_filsys e2 = x->e2;
	uint64_t per_block = e2->blocksize / EXT2_INODE_SIZE(e2->super), n = blocks_in_use(x, g);
	errcode_t failure = 0;
	for (uint64_t i = 0; i < n && i < e2->inode_blocks_per_group && !failure; i++) {
		blk64_t at = ext2fs_inode_table_loc(e2, g) + i;
		ext2_ino_t first = g * e2->super->s_inodes_per_group + (ext2_ino_t)(i * per_block) +
				   1;
		failure = io_channel_read_blk64(e2->io, at, 1, block);
		if (!failure && clear_free(x, first, block))
			failure = io_channel_write_blk64(e2->io, at, 1, block);
	}
	return failure;
}

static errcode_t scrub_inodes(const struct ext *x)
{
	autofree char *block = xmalloc(x->e2->blocksize);
	errcode_t failure = 0;
	for (dgrp_t g = 0; g < x->e2->group_desc_count && !failure; g++)
		failure = scrub_table(x, g, block);
	return failure;
}

/* ---- the journal ---- */

/* Of the journal's superblock, jbd2; its numbers are big-endian. */
#define JOURNAL_SIZE 1024
#define JOURNAL_INCOMPAT 40
#define JOURNAL_UUID 48
#define JOURNAL_CHECKSUM 252
#define JOURNAL_HAS_CHECKSUM 0x18u /* versions 2 and 3 */

static void put_checksum(uint8_t *journal)
{
	uint32_t features, sum = 0;
	memcpy(&features, journal + JOURNAL_INCOMPAT, sizeof(features));
	if (!(be32toh(features) & JOURNAL_HAS_CHECKSUM))
		return;
	memcpy(journal + JOURNAL_CHECKSUM, &sum, sizeof(sum));
	sum = htobe32(ext2fs_crc32c_le(~0u, journal, JOURNAL_SIZE));
	memcpy(journal + JOURNAL_CHECKSUM, &sum, sizeof(sum));
}

/*
 * mke2fs has put the UUID of the file system there, too.  It is the seed of the checksums in the
 * log, which is empty, and nobody else reads it of a journal that is inside of the file system.
 */
static errcode_t scrub_journal(const struct ext *x)
{
	uint8_t journal[JOURNAL_SIZE];
	blk64_t block;
	if (!ext2fs_has_feature_journal(x->e2->super) || !x->e2->super->s_journal_inum)
		return 0;
	errcode_t failure = ext_journal_head(x, journal, JOURNAL_SIZE, &block);
	if (failure == EXT2_ET_NO_JOURNAL)
		return 0; /* what is there is none */
	if (failure || mem_is_zero((char *)journal + JOURNAL_UUID, UUID_LEN))
		return failure;
	memset(journal + JOURNAL_UUID, 0, UUID_LEN);
	put_checksum(journal);
	return io_channel_write_blk64(x->e2->io, block, -JOURNAL_SIZE, journal);
}

int fs_ext_scrub(const struct fs_open *o, struct err *e)
{
	struct ext *x;
	if (ext_open_library(o, false, &x, e) < 0)
		return -1;
	struct scrub s = {.x = x};
	int r = ext_begin(x, NULL, e);
	errcode_t failure = r < 0 ? 0 : ext_each_inode(x, scrub_names, &s);
	if (!failure && r == 0)
		failure = scrub_inodes(x);
	if (!failure && r == 0)
		failure = scrub_journal(x);
	if (!failure && r == 0)
		failure = io_channel_flush(x->e2->io);
	if (failure)
		r = ext_error(x, NULL, failure, "cannot clear what was deleted", e);
	ext_free(x);
	return r;
}
