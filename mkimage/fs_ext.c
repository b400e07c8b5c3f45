/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_ext.h"
#include "mem.h"

/* A bitmap of bits is faster than a tree of runs as long as it is small. */
#define BITMAP_MAX_BLOCKS (64u << 20)

static enum err_code code_for(errcode_t failure)
{
	switch (failure) {
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_DIR_NO_SPACE:
	case EXT2_ET_EA_NO_SPACE:
	case EXT2_ET_NO_GDESC:
	case ENOSPC:
	case EDQUOT:
		return ERR_SPACE;
	case EXT2_ET_INVALID_ARGUMENT:
	case EXT2_ET_EA_BAD_NAME_LEN:
	case EXT2_ET_EA_KEY_NOT_FOUND:
	case EXT2_ET_MISSING_EA_FEATURE:
		return ERR_FAILED;
	default:
		/* Codes of errno are small, those of a library are not. */
		return failure < 4096 ? ERR_FAILED : ERR_IMAGE;
	}
}

int ext_error(const struct ext *x, const char *path, errcode_t code, const char *doing,
	      struct err *e)
{
	enum err_code kind = code_for(code);
	const char *advice = "";
	if (kind == ERR_IMAGE)
		advice = "; the file system is damaged, run e2fsck on it";
	else if (code == ENOSPC || code == EDQUOT) /* of the disk that the image is on */
		advice = "; make room on the disk of the image, or choose another with --output";
	return err_set(e, kind, "%s%s%s: %s: %s%s", x->fs.what, path ? ": " : "", path ? path : "",
		       doing, error_message(code), advice);
}

int ext_damaged(const struct ext *x, const char *path, const char *how, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: %s: %s; the file system is damaged, run e2fsck on it",
		       x->fs.what, path, how);
}

/* libext2fs reports damage on stderr, beside the code that it returns. */
static void be_silent(const char *who, errcode_t code, const char *fmt, va_list ap)
{
	(void)who;
	(void)code;
	(void)fmt;
	(void)ap;
}

void ext_free(struct ext *x)
{
	if (!x)
		return;
	ext_dirs_done(&x->dirs);
	if (x->e2)
		ext2fs_free(x->e2);
	free(x->chunk);
	free(x->fs.what);
	free(x);
}

/* The image, once its superblock is one that libext2fs can be trusted with. */
static int open_checked(const struct fs_open *o, bool accept_dirty, struct err *e)
{
	autoclose int fd = open(o->path, (o->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	struct ext_state state;
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open '%s'", o->what, o->path);
	if (ext_super_check(o, fd, &state, e) < 0)
		return -1;
	if (state.dirty && !accept_dirty)
		return err_set(e, ERR_IMAGE,
			       "%s: the journal has changes that are not in the file system yet; "
			       "replay it (e2fsck -p) on a copy of the image",
			       o->what);
	return steal_fd(&fd);
}

int ext_open_library(const struct fs_open *o, bool accept_dirty, struct ext **ret, struct err *e)
{
	int fd = open_checked(o, accept_dirty, e);
	if (fd < 0)
		return -1;
	set_com_err_hook(be_silent);
	initialize_ext2_error_table();
	struct ext *x = xcalloc(1, sizeof(*x));
	x->fs.what = xstrdup(o->what);
	x->fs.now = o->now;
	x->fs.writable = o->writable;
	x->goal_group = (dgrp_t)-1;
	autofree char *name = xasprintf("%d", fd);
	autofree char *options = xasprintf(EXT_IO_OPTIONS, (unsigned long long)o->offset,
					   (unsigned long long)o->size,
					   (unsigned long long)(uintptr_t)o->cow);
	int flags = EXT2_FLAG_64BITS | (o->writable ? EXT2_FLAG_RW : EXT2_FLAG_SKIP_MMP);
	errcode_t failure = ext2fs_open2(name, options, flags, 0, 0, &ext_io_manager, &x->e2);
	if (failure) {
		ext_error(x, NULL, failure, "cannot open the file system", e);
		ext_free(x);
		return -1;
	}
	/* 0 would make libext2fs take the time of day. */
	x->e2->now = o->now ? (time_t)o->now : 1;
	x->e2->default_bitmap_type = ext2fs_blocks_count(x->e2->super) <= BITMAP_MAX_BLOCKS
					     ? EXT2FS_BMAP64_BITARRAY
					     : EXT2FS_BMAP64_RBTREE;
	*ret = x;
	return 0;
}

errcode_t ext_each_inode(const struct ext *x,
			 errcode_t (*visit)(void *ctx, ext2_ino_t ino,
					    const struct ext2_inode *inode),
			 void *ctx)
{
	ext2_inode_scan scan;
	ext2_ino_t ino = 0;
	struct ext2_inode inode;
	errcode_t failure = ext2fs_open_inode_scan(x->e2, 0, &scan);
	if (failure)
		return failure;
	while (!failure && !(failure = ext2fs_get_next_inode(scan, &ino, &inode)) && ino)
		failure = visit(ctx, ino, &inode);
	ext2fs_close_inode_scan(scan);
	return failure;
}

int ext_read_inode(const struct ext *x, const char *path, ext2_ino_t ino,
		   struct ext2_inode_large *ret, struct err *e)
{
	*ret = (struct ext2_inode_large){0};
	errcode_t failure = ext2fs_read_inode_full(x->e2, ino, ext2fs_inode(ret), sizeof(*ret));
	if (failure)
		return ext_error(x, path, failure, "cannot read the inode", e);
	if (!ret->i_links_count || !ret->i_mode)
		return ext_damaged(x, path, "the name leads to an inode that is not in use", e);
	return 0;
}

int ext_write_inode(const struct ext *x, const char *path, ext2_ino_t ino,
		    struct ext2_inode_large *inode, struct err *e)
{
	errcode_t failure = ext2fs_write_inode_full(x->e2, ino, ext2fs_inode(inode),
						    sizeof(*inode));
	return failure ? ext_error(x, path, failure, "cannot write the inode", e) : 0;
}

int ext_require(struct ext *x, const char *path, ext2_ino_t *ret_ino,
		struct ext2_inode_large *ret_inode, struct err *e)
{
	ext2_ino_t ino;
	if (ext_find(x, path, &ino, e) < 0)
		return -1;
	if (!ino)
		return err_set(e, ERR_FAILED, "%s: %s: there is no such file", x->fs.what, path);
	if (ext_read_inode(x, path, ino, ret_inode, e) < 0)
		return -1;
	*ret_ino = ino;
	return 0;
}

int ext_refuse_read_only(const struct ext *x, const char *path, struct err *e)
{
	if (x->fs.writable)
		return 0;
	return err_set(e, ERR_FAILED, "%s: %s: the file system is open read-only", x->fs.what,
		       path);
}

int ext_begin(struct ext *x, const char *path, struct err *e)
{
	if (ext_refuse_read_only(x, path, e) < 0)
		return -1;
	if (x->e2->block_map && x->e2->inode_map)
		return 0;
	errcode_t failure = ext2fs_read_bitmaps(x->e2);
	if (!failure)
		failure = ext2fs_check_desc(x->e2);
	return failure ? ext_error(x, NULL, failure, "cannot read the bitmaps", e) : 0;
}

static uint64_t free_bytes(const struct ext *x)
{
	return ext2fs_free_blocks_count(x->e2->super) * x->e2->blocksize;
}

int ext_no_room(const struct ext *x, const char *path, uint64_t bytes, struct err *e)
{
	return err_set(e, ERR_SPACE,
		       "%s: %s: no room: %llu bytes are needed, %llu are free; make the image "
		       "larger (image-size)",
		       x->fs.what, path, (unsigned long long)bytes,
		       (unsigned long long)free_bytes(x));
}

int ext_need_blocks(const struct ext *x, const char *path, uint64_t blocks, struct err *e)
{
	if (ext2fs_free_blocks_count(x->e2->super) < blocks)
		return ext_no_room(x, path, blocks * x->e2->blocksize, e);
	if (!x->e2->super->s_free_inodes_count)
		return err_set(e, ERR_SPACE,
			       "%s: %s: no inode is free; make the file system with more of them",
			       x->fs.what, path);
	return 0;
}

void ext_set_times(struct ext2_inode_large *inode, unsigned which, int64_t seconds)
{
	uint32_t low = (uint32_t)seconds;
	uint32_t epoch = (uint32_t)((seconds - (int32_t)low) >> 32) & 3;
	size_t room = EXT2_GOOD_OLD_INODE_SIZE + inode->i_extra_isize;
	struct {
		unsigned bit;
		uint32_t *time, *extra;
	} fields[] = {
		{EXT_ATIME, &inode->i_atime, &inode->i_atime_extra},
		{EXT_MTIME, &inode->i_mtime, &inode->i_mtime_extra},
		{EXT_CTIME, &inode->i_ctime, &inode->i_ctime_extra},
		{EXT_CRTIME, &inode->i_crtime, &inode->i_crtime_extra},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		size_t end = (size_t)((char *)(fields[i].extra + 1) - (char *)inode);
		bool fits = end <= room;
		if (!(which & fields[i].bit) || (fields[i].bit == EXT_CRTIME && !fits))
			continue;
		*fields[i].time = low;
		if (fits)
			*fields[i].extra = epoch;
	}
}

static enum file_type type_of_mode(uint16_t mode)
{
	if (LINUX_S_ISREG(mode))
		return FILE_REGULAR;
	if (LINUX_S_ISDIR(mode))
		return FILE_DIR;
	return LINUX_S_ISLNK(mode) ? FILE_SYMLINK : FILE_OTHER;
}

static int ext_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_find(x, path, &ino, e) < 0)
		return -1;
	if (!ino) {
		*ret = (struct fs_stat){.type = FILE_NONE};
		return 0;
	}
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	*ret = (struct fs_stat){
		.type = type_of_mode(inode.i_mode),
		.mode = inode.i_mode & 07777,
		.uid = inode.i_uid | (uint32_t)inode.osd2.linux2.l_i_uid_high << 16,
		.gid = inode.i_gid | (uint32_t)inode.osd2.linux2.l_i_gid_high << 16,
		.size = EXT2_I_SIZE(&inode),
	};
	return 0;
}

/* At most max bytes. */
static int read_content(struct ext *x, const char *path, ext2_ino_t ino,
			struct ext2_inode_large *inode, uint64_t max, struct str *out,
			struct err *e)
{
	ext2_file_t file;
	uint64_t size = EXT2_I_SIZE(inode), left = size < max ? size : max;
	errcode_t failure = ext2fs_file_open2(x->e2, ino, ext2fs_inode(inode), 0, &file);
	if (failure)
		return ext_error(x, path, failure, "cannot open the file", e);
	char buffer[16384];
	while (left && !failure) {
		unsigned want = left < sizeof(buffer) ? (unsigned)left : sizeof(buffer), got = 0;
		failure = ext2fs_file_read(file, buffer, want, &got);
		if (!failure && !got)
			failure = EXT2_ET_SHORT_READ;
		str_add(out, buffer, got);
		left -= got;
	}
	ext2fs_file_close(file);
	return failure ? ext_error(x, path, failure, "cannot read the file", e) : 0;
}

static int read_file(struct fs *fs, const char *path, uint64_t max, bool whole, struct str *out,
		     struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_require(x, path, &ino, &inode, e) < 0)
		return -1;
	if (!LINUX_S_ISREG(inode.i_mode))
		return err_set(e, ERR_FAILED, "%s: %s: is not a regular file", fs->what, path);
	if (inode.i_flags & EXT4_ENCRYPT_FL)
		return err_set(e, ERR_FAILED, "%s: %s: is encrypted", fs->what, path);
	if (whole && EXT2_I_SIZE(&inode) > max)
		return err_set(e, ERR_FAILED, "%s: %s: has %llu bytes, more than %llu bytes",
			       fs->what, path, (unsigned long long)EXT2_I_SIZE(&inode),
			       (unsigned long long)max);
	size_t before = out->len;
	if (read_content(x, path, ino, &inode, max, out, e) < 0) {
		out->len = before;
		str_add(out, "", 0); /* ends there again */
		return -1;
	}
	return 0;
}

static int ext_read(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, true, out, e);
}

static int ext_head(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, false, out, e);
}

static int ext_readlink(struct fs *fs, const char *path, char **ret, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_require(x, path, &ino, &inode, e) < 0)
		return -1;
	if (!LINUX_S_ISLNK(inode.i_mode))
		return err_set(e, ERR_FAILED, "%s: %s: is not a symlink", fs->what, path);
	uint64_t size = EXT2_I_SIZE(&inode);
	auto_str target = STR_INIT;
	if (size >= x->e2->blocksize)
		return ext_damaged(x, path, "the target of the symlink is longer than a block", e);
	if (ext2fs_is_fast_symlink(ext2fs_inode(&inode))) {
		if (size >= sizeof(inode.i_block))
			return ext_damaged(x, path, "the symlink has no target", e);
		str_add(&target, inode.i_block, size);
	} else if (read_content(x, path, ino, &inode, size, &target, e) < 0) {
		return -1;
	}
	if (!size || memchr(str_text(&target), '\0', size))
		return ext_damaged(x, path, "the target of the symlink is cut off", e);
	*ret = str_steal(&target);
	return 0;
}

static int ext_list(struct fs *fs, const char *path, struct strv *ret, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *dir;
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_require(x, path, &ino, &inode, e) < 0 || ext_dir_open(x, path, ino, &dir, e) < 0)
		return -1;
	ext_dir_names(dir, ret);
	strv_sort(ret);
	return 0;
}

/* What is kept back for root counts as free: mkimage and dpkg are root. */
static int ext_room(struct fs *fs, uint64_t *ret, struct err *e)
{
	(void)e;
	*ret = free_bytes(ext_of(fs));
	return 0;
}

static int ext_sync(struct fs *fs, struct err *e)
{
	struct ext *x = ext_of(fs);
	errcode_t failure = 0;
	if (!fs->writable)
		return 0;
	if (x->e2->flags & (EXT2_FLAG_DIRTY | EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY))
		failure = ext2fs_flush2(x->e2, EXT2_FLAG_FLUSH_NO_SYNC);
	if (!failure)
		failure = io_channel_flush(x->e2->io);
	return failure ? ext_error(x, NULL, failure, "cannot write", e) : 0;
}

static int ext_close(struct fs *fs, struct err *e)
{
	struct ext *x = ext_of(fs);
	int r = ext_sync(fs, e);
	if (r < 0 || !fs->writable)
		ext_io_discard(x->e2->io);
	ext_free(x);
	return r;
}

static const struct fs_ops ext_ops = {
	.name = "ext4",
	.stat = ext_stat,
	.read = ext_read,
	.head = ext_head,
	.readlink = ext_readlink,
	.list = ext_list,
	.write = ext_write,
	.mkdir = ext_mkdir,
	.symlink = ext_symlink,
	.link = ext_link,
	.mknod = ext_mknod,
	.remove = ext_remove,
	.attr = ext_attr,
	.utime = ext_utime,
	.xattr_set = ext_xattr_set,
	.xattr_get = ext_xattr_get,
	.room = ext_room,
	.sync = ext_sync,
	.close = ext_close,
};

int fs_ext_open(const struct fs_open *o, struct fs **ret, struct err *e)
{
	struct ext *x;
	if (ext_open_library(o, false, &x, e) < 0)
		return -1;
	x->fs.ops = &ext_ops;
	*ret = &x->fs;
	return 0;
}
