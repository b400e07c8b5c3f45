/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A new UUID for an ext file system.  With metadata_csum every checksum in it is seeded by the
 * UUID, unless the superblock holds the seed (metadata_csum_seed, Linux 4.4 and e2fsprogs 1.43):
 * then a new UUID is a matter of the superblocks.  uninit_bg alone seeds those of the group
 * descriptors.  The journal has no copy of the UUID that anybody reads.
 */
#include <string.h>

#include "fs_ext.h"
#include "uuid.h"

const char *fs_ext_uuid_obstacle(struct fs *fs)
{
	const struct ext2_super_block *sb = ext_of(fs)->e2->super;
	if (sb->s_feature_compat & EXT4_FEATURE_COMPAT_STABLE_INODES)
		return "encrypted files in it depend on its UUID (stable_inodes)";
	if (sb->s_feature_incompat & EXT_INCOMPAT_READ_ONLY ||
	    sb->s_feature_ro_compat & EXT_RO_COMPAT_READ_ONLY)
		return "it has features that mkimage does not write";
	if (sb->s_rev_level == EXT2_GOOD_OLD_REV)
		return "it is of revision 0, which has no UUID";
	return NULL;
}

bool fs_ext_needs_seed(struct fs *fs)
{
	struct ext2_super_block *sb = ext_of(fs)->e2->super;
	return ext2fs_has_feature_metadata_csum(sb) && !ext2fs_has_feature_csum_seed(sb);
}

/* At the next sync the copies of the superblock are written too, not only the first one. */
static void mark_all_copies(ext2_filsys e2)
{
	e2->flags &= ~EXT2_FLAG_MASTER_SB_ONLY;
	ext2fs_mark_super_dirty(e2);
}

int fs_ext_store_seed(struct fs *fs, struct err *e)
{
	struct ext *x = ext_of(fs);
	if (ext_refuse_read_only(x, "/", e) < 0)
		return -1;
	x->e2->super->s_checksum_seed = x->e2->csum_seed;
	ext2fs_set_feature_csum_seed(x->e2->super);
	mark_all_copies(x->e2);
	return 0;
}

int fs_ext_set_uuid(struct fs *fs, const uint8_t uuid[UUID_LEN], struct err *e)
{
	struct ext *x = ext_of(fs);
	if (fs_ext_needs_seed(fs) && fs_ext_store_seed(fs, e) < 0)
		return -1;
	if (ext_refuse_read_only(x, "/", e) < 0)
		return -1;
	memcpy(x->e2->super->s_uuid, uuid, UUID_LEN);
	if (ext2fs_has_group_desc_csum(x->e2)) {
		for (dgrp_t g = 0; g < x->e2->group_desc_count; g++)
			ext2fs_group_desc_csum_set(x->e2, g);
	}
	mark_all_copies(x->e2);
	return 0;
}
