/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FS_EXT_H
#define MKIMAGE_FS_EXT_H

/* Private to the ext2/3/4 backend: fs_ext*.c, the only files that include libext2fs. */

#include <ext2fs/ext2fs.h>

#include "fs.h"

/* Content is moved in pieces of this size. */
#define EXT_CHUNK (1u << 20)

struct ext_dir;

struct ext_dirs {
	struct ext_dir **table; /* open addressing by inode number */
	size_t n, cap, memory;
};

struct ext {
	struct fs fs; /* first: an ext is an fs */
	ext2_filsys e2;
	struct ext_dirs dirs;
	char *chunk; /* EXT_CHUNK bytes, made when the first file is written */
	/* Where the file after the one written last goes, so that a pile of them lies in order. */
	dgrp_t goal_group;
	blk64_t goal;
};

static inline struct ext *ext_of(struct fs *fs)
{
	return (struct ext *)fs;
}

/*
 * fs_ext_io.c: a channel to the bytes [offset, offset + size) of a descriptor and to no others,
 * whatever a hostile file system asks for, with a write-back cache: a block that is edited ten
 * times is written once, and a block that is written with the content it had is not.  cow is the
 * address of a struct cow, or 0: libext2fs passes nothing but text.
 */
extern struct struct_io_manager ext_io_manager; /* name: descriptor, taken over; options: below */
#define EXT_IO_OPTIONS "offset=%llu&size=%llu&cow=%llu"
/* Forget what is not written yet, and write nothing from here on. */
void ext_io_discard(io_channel io);
/* Write the content of whole blocks of a file past the cache. */
errcode_t ext_io_write_data(io_channel io, blk64_t block, size_t n, const void *data);

/* Known to libext2fs, but not what this backend keeps right when it writes. */
#define EXT_INCOMPAT_READ_ONLY EXT4_FEATURE_INCOMPAT_MMP
#define EXT_RO_COMPAT_READ_ONLY                                           \
	(EXT4_FEATURE_RO_COMPAT_QUOTA | EXT4_FEATURE_RO_COMPAT_BIGALLOC | \
	 EXT4_FEATURE_RO_COMPAT_READONLY | EXT4_FEATURE_RO_COMPAT_SHARED_BLOCKS)

/* fs_ext_super.c: what the superblock says, before libext2fs is allowed to believe it. */
struct ext_state {
	bool dirty; /* journal or orphans to be processed, or not cleanly unmounted */
};
/* The superblock as it is, in little-endian. */
int ext_super_read(const struct fs_open *o, struct ext2_super_block *ret, struct err *e);
int ext_super_check(const struct fs_open *o, int fd, struct ext_state *ret, struct err *e);
/* The first len bytes of the journal and the block that they are in; EXT2_ET_NO_JOURNAL: none. */
errcode_t ext_journal_head(const struct ext *x, void *head, int len, blk64_t *ret_block);

/* fs_ext.c */
/* "what: path: message", and what to do where the code tells; path may be NULL. */
int ext_error(const struct ext *x, const char *path, errcode_t code, const char *doing,
	      struct err *e);
int ext_damaged(const struct ext *x, const char *path, const char *how, struct err *e);
int ext_open_library(const struct fs_open *o, bool accept_dirty, struct ext **ret, struct err *e);
void ext_free(struct ext *x);
/* Of each inode, in use or not; what visit returns ends it. */
errcode_t ext_each_inode(const struct ext *x,
			 errcode_t (*visit)(void *ctx, ext2_ino_t ino,
					    const struct ext2_inode *inode),
			 void *ctx);
int ext_read_inode(const struct ext *x, const char *path, ext2_ino_t ino,
		   struct ext2_inode_large *ret, struct err *e);
int ext_write_inode(const struct ext *x, const char *path, ext2_ino_t ino,
		    struct ext2_inode_large *inode, struct err *e);
/* The inode at path, and its number; nothing there is an error. */
int ext_require(struct ext *x, const char *path, ext2_ino_t *ret_ino,
		struct ext2_inode_large *ret_inode, struct err *e);
int ext_refuse_read_only(const struct ext *x, const char *path, struct err *e);
/* Get ready for a change: writable, bitmaps in memory. */
int ext_begin(struct ext *x, const char *path, struct err *e);
/* Room for this many blocks (and one inode): checked before a change that must not stop half-way.
 */
int ext_need_blocks(const struct ext *x, const char *path, uint64_t blocks, struct err *e);
int ext_no_room(const struct ext *x, const char *path, uint64_t bytes, struct err *e);
/* Set atime, mtime or ctime with the bits beyond 2038 where the inode has room for them. */
enum ext_time { EXT_ATIME = 1, EXT_MTIME = 2, EXT_CTIME = 4, EXT_CRTIME = 8 };
void ext_set_times(struct ext2_inode_large *inode, unsigned which, int64_t seconds);

/* fs_ext_dir.c: names.  A directory that is looked into is kept as a hash table. */
/* ret is 0 when there is nothing, also when a component before the last is no directory. */
int ext_find(struct ext *x, const char *path, ext2_ino_t *ret, struct err *e);
/* The directory that holds path (borrowed, until the next ext_find), which must exist. */
int ext_parent(struct ext *x, const char *path, struct ext_dir **ret, struct err *e);
int ext_dir_open(struct ext *x, const char *path, ext2_ino_t ino, struct ext_dir **ret,
		 struct err *e);
ext2_ino_t ext_dir_inode(const struct ext_dir *d);
ext2_ino_t ext_dir_lookup(const struct ext_dir *d, const char *name, size_t len);
size_t ext_dir_count(const struct ext_dir *d);
/* Why no name can be added ("the directory is encrypted"), or NULL. */
const char *ext_dir_sealed(const struct ext_dir *d);
void ext_dir_names(const struct ext_dir *d, struct strv *ret);
/* path ends in the name; mode has the S_IFMT bits. */
int ext_dir_add(struct ext *x, struct ext_dir *d, const char *path, ext2_ino_t ino, mode_t mode,
		struct err *e);
int ext_dir_remove(struct ext *x, struct ext_dir *d, const char *path, struct err *e);
/* A directory that is removed; its number may be used again. */
void ext_dir_forget(struct ext *x, ext2_ino_t ino);
void ext_dirs_done(struct ext_dirs *dirs);

/* fs_ext_write.c */
int ext_write(struct fs *fs, const char *path, const struct fs_source *src, struct err *e);

/* fs_ext_map.c */
/* An error when the map is damaged, visits more blocks than there are (a circle), or others. */
int ext_check_map(const struct ext *x, const char *path, ext2_ino_t ino,
		  struct ext2_inode_large *inode, struct err *e);
/* Give back the blocks of an inode; inode is updated, not written. */
int ext_free_blocks(const struct ext *x, const char *path, ext2_ino_t ino,
		    struct ext2_inode_large *inode, struct err *e);

/* fs_ext_blockmap.c */
struct blockmap;
/* Add what is marked in the block bitmap, as bytes of the image. */
errcode_t ext_add_used(const struct ext *x, uint64_t offset, struct blockmap *m);
/* Bytes of the header, if data is the beginning of a swap file; 0: it is none, or is suspended to.
 */
size_t ext_swap_header(const char *data, size_t len);
/* Is it the name of a swap file, as systems and instructions have it? */
bool ext_swap_name(const char *path);
/* Add the content of a file, as bytes of the image, from its block `first` on. */
errcode_t ext_add_file(const struct ext *x, uint64_t offset, ext2_ino_t ino, uint64_t first,
		       struct blockmap *m);

/* fs_ext_node.c */
int ext_mkdir(struct fs *fs, const char *path, struct err *e);
int ext_symlink(struct fs *fs, const char *path, const char *target, struct err *e);
int ext_link(struct fs *fs, const char *path, const char *existing, struct err *e);
int ext_mknod(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e);
int ext_remove(struct fs *fs, const char *path, struct err *e);
int ext_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	     struct err *e);
int ext_utime(struct fs *fs, const char *path, int64_t mtime, struct err *e);
int ext_xattr_set(struct fs *fs, const char *path, const char *name, const void *value, size_t len,
		  struct err *e);
int ext_xattr_get(struct fs *fs, const char *path, const char *name, struct str *ret,
		  struct err *e);
/* A free inode near the directory; not marked as used yet. */
int ext_new_inode(struct ext *x, const struct ext_dir *parent, const char *path, mode_t mode,
		  ext2_ino_t *ret, struct err *e);
/* The name must be free, and the directory one that we can write to; its parent is returned. */
int ext_begin_new(struct ext *x, const char *path, struct ext_dir **ret, struct err *e);

#endif
