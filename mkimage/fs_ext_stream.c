/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "fs_ext.h"
#include "mem.h"
#include "stream_map.h"

struct fs_ext_stream {
	struct ext *x;
	uint64_t offset; /* of the file system in the image, bytes */
	uint64_t block_size;
	uint32_t *got;	       /* by group: bytes of its bitmap that have come */
	struct blockmap fixed; /* superblocks, descriptors, bitmaps, inode tables of all groups */
	char *bitmap;	       /* of a group, one block */
};

static int not_in_a_stream(const struct fs_open *o, const char *why, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: %s, so its free space is not known in time", o->what,
		       why);
}

int fs_ext_stream_head(const struct fs_open *o, uint64_t *ret, struct err *e)
{
	struct ext2_super_block sb;
	if (ext_super_read(o, &sb, e) < 0)
		return -1;
	uint32_t incompat = ext2fs_le32_to_cpu(sb.s_feature_incompat);
	uint32_t ro_compat = ext2fs_le32_to_cpu(sb.s_feature_ro_compat);
	if (incompat & EXT2_FEATURE_INCOMPAT_META_BG)
		return not_in_a_stream(o, "its descriptors are scattered", e);
	if (ro_compat & EXT4_FEATURE_RO_COMPAT_BIGALLOC)
		return not_in_a_stream(o, "it counts in clusters", e);
	uint32_t log = ext2fs_le32_to_cpu(sb.s_log_block_size);
	uint64_t first = ext2fs_le32_to_cpu(sb.s_first_data_block);
	uint64_t per_group = ext2fs_le32_to_cpu(sb.s_blocks_per_group);
	uint64_t size = incompat & EXT4_FEATURE_INCOMPAT_64BIT ? ext2fs_le16_to_cpu(sb.s_desc_size)
							       : EXT2_MIN_DESC_SIZE;
	if (log > EXT2_MAX_BLOCK_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE || !per_group || !size)
		return not_in_a_stream(o, "its superblock is damaged", e);
	uint64_t bs = 1024ull << log;
	uint64_t blocks = o->size / bs; /* at most so many, which ext_super_check looks at later */
	uint64_t descriptors = ((blocks + per_group - 1) / per_group * size + bs - 1) / bs;
	uint64_t end = (first + 1 + descriptors) * bs;
	*ret = end < o->size ? end : o->size;
	return 0;
}

/* What a group has even when its bitmap was never written. */
static errcode_t mark_fixed(ext2_filsys e2, ext2fs_block_bitmap map)
{
	for (dgrp_t g = 0; g < e2->group_desc_count; g++) {
		blk64_t table = ext2fs_inode_table_loc(e2, g);
		const blk64_t single[] = {ext2fs_block_bitmap_loc(e2, g),
					  ext2fs_inode_bitmap_loc(e2, g)};
		ext2fs_reserve_super_and_bgd(e2, g, map);
		for (size_t i = 0; i < 2; i++) {
			if (single[i] >= ext2fs_blocks_count(e2->super))
				return EXT2_ET_BAD_BLOCK_NUM;
			ext2fs_mark_block_bitmap2(map, single[i]);
		}
		if (table + e2->inode_blocks_per_group > ext2fs_blocks_count(e2->super))
			return EXT2_ET_BAD_BLOCK_NUM;
		ext2fs_mark_block_bitmap_range2(map, table, e2->inode_blocks_per_group);
	}
	return 0;
}

static int find_fixed(struct fs_ext_stream *s, struct err *e)
{
	ext2_filsys e2 = s->x->e2;
	errcode_t failure = ext2fs_allocate_block_bitmap(e2, "metadata", &e2->block_map);
	if (!failure)
		failure = mark_fixed(e2, e2->block_map);
	if (!failure)
		failure = ext_add_used(s->x, s->offset, &s->fixed);
	return failure ? ext_error(s->x, NULL, failure, "cannot tell its metadata", e) : 0;
}

static uint64_t bitmap_start(const struct fs_ext_stream *s, dgrp_t g)
{
	return s->offset + ext2fs_block_bitmap_loc(s->x->e2, g) * s->block_size;
}

int fs_ext_stream_open(const struct fs_open *o, uint64_t head, struct fs_ext_stream **ret,
		       struct err *e)
{
	struct fs_ext_stream *s = xcalloc(1, sizeof(*s));
	s->offset = o->offset;
	if (ext_open_library(o, false, &s->x, e) < 0) {
		free(s);
		return -1;
	}
	s->block_size = s->x->e2->blocksize;
	s->got = xcalloc(s->x->e2->group_desc_count, sizeof(*s->got));
	s->bitmap = xmalloc(s->block_size);
	if (find_fixed(s, e) < 0) {
		fs_ext_stream_free(s);
		return -1;
	}
	for (dgrp_t g = 0; g < s->x->e2->group_desc_count; g++) {
		if (bitmap_start(s, g) + s->block_size <= s->offset + head)
			s->got[g] = (uint32_t)s->block_size;
	}
	*ret = s;
	return 0;
}

void fs_ext_stream_free(struct fs_ext_stream *s)
{
	if (!s)
		return;
	if (s->x)
		ext_free(s->x);
	blockmap_done(&s->fixed);
	free(s->got);
	free(s->bitmap);
	free(s);
}

int fs_ext_stream_add(struct fs_ext_stream *s, uint64_t offset, size_t len,
		      int (*keep)(void *ctx, uint64_t start, uint64_t end, struct err *e),
		      void *ctx, struct err *e)
{
	for (dgrp_t g = 0; g < s->x->e2->group_desc_count; g++) {
		uint64_t start = bitmap_start(s, g), end = start + s->block_size;
		if (end <= offset || start >= offset + len || s->got[g] == s->block_size)
			continue;
		start = start > offset ? start : offset;
		end = end < offset + len ? end : offset + len;
		if (keep(ctx, start, end, e) < 0)
			return -1;
		s->got[g] += (uint32_t)(end - start);
	}
	return 0;
}

/* Is the group's bitmap there, and what it should be? */
static bool get_bitmap(struct fs_ext_stream *s, dgrp_t g)
{
	ext2_filsys e2 = s->x->e2;
	if (s->got[g] != s->block_size ||
	    io_channel_read_blk64(e2->io, ext2fs_block_bitmap_loc(e2, g), 1, s->bitmap))
		return false;
	return ext2fs_block_bitmap_csum_verify(e2, g, s->bitmap,
					       (int)EXT2_CLUSTERS_PER_GROUP(e2->super) / 8);
}

static bool is_used(const struct fs_ext_stream *s, uint64_t bit)
{
	return s->bitmap[bit / 8] & 1 << bit % 8;
}

/* The blocks of group g, [first, end), that lie in [from, to). */
static void add_bits(const struct fs_ext_stream *s, uint64_t first, uint64_t from, uint64_t to,
		     struct blockmap *ret)
{
	for (uint64_t block = from; block < to;) {
		uint64_t begin = block;
		while (block < to && is_used(s, block - first))
			block++;
		blockmap_add(ret, s->offset + begin * s->block_size,
			     (block - begin) * s->block_size);
		while (block < to && !is_used(s, block - first))
			block++;
	}
}

static void add_group(struct fs_ext_stream *s, dgrp_t g, uint64_t from, uint64_t to,
		      bool known_only, struct blockmap *ret)
{
	ext2_filsys e2 = s->x->e2;
	uint64_t first = ext2fs_group_first_block2(e2, g);
	uint64_t end = first + (uint64_t)ext2fs_group_blocks_count(e2, g);
	from = from > first ? from : first;
	to = to < end ? to : end;
	if (from >= to)
		return;
	if (ext2fs_has_group_desc_csum(e2) && ext2fs_bg_flags_test(e2, g, EXT2_BG_BLOCK_UNINIT)) {
		size_t hint = 0;
		blockmap_clip(&s->fixed, s->offset + from * s->block_size,
			      s->offset + to * s->block_size, &hint, ret);
	} else if (get_bitmap(s, g)) {
		add_bits(s, first, from, to, ret);
	} else if (!known_only) {
		blockmap_add(ret, s->offset + from * s->block_size, (to - from) * s->block_size);
	}
}

void fs_ext_stream_wanted(struct fs_ext_stream *s, uint64_t start, uint64_t end, bool known_only,
			  struct blockmap *ret)
{
	ext2_filsys e2 = s->x->e2;
	auto_blockmap own = {0};
	size_t hint = 0;
	uint64_t bs = s->block_size, from = (start - s->offset) / bs;
	uint64_t to = (end - s->offset + bs - 1) / bs, first = e2->super->s_first_data_block;
	/* With blocks of 1 KiB the boot sector is before the first block that is counted. */
	if (from < first)
		blockmap_add(&own, s->offset, first * bs);
	for (dgrp_t g = 0; g < e2->group_desc_count; g++)
		add_group(s, g, from, to, known_only, &own);
	blockmap_clip(&own, start, end, &hint, ret);
}
