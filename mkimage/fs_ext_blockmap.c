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
	if (ext_open_library(o, false, &x, e) < 0)
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
