/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs_ext.h"
#include "mem.h"

/* A new name: blocks that its directory may need, twice, and one of its own. */
#define BLOCKS_FOR_A_NAME 5

int ext_begin_new(struct ext *x, const char *path, struct ext_dir **ret, struct err *e)
{
	struct ext_dir *parent;
	const char *name = path_base(path);
	size_t len = strlen(name);
	if (ext_begin(x, path, e) < 0)
		return -1;
	if (!len)
		return err_set(e, ERR_FAILED, "%s: %s: exists already", x->fs.what, path);
	if (len > EXT2_NAME_LEN || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_FAILED, "%s: %s: is not a name, or one of more than %d bytes",
			       x->fs.what, path, EXT2_NAME_LEN);
	if (ext_parent(x, path, &parent, e) < 0)
		return -1;
	if (ext_dir_sealed(parent))
		return err_set(e, ERR_FAILED, "%s: %s: %s; nothing can be added", x->fs.what, path,
			       ext_dir_sealed(parent));
	if (ext_dir_lookup(parent, name, len))
		return err_set(e, ERR_FAILED, "%s: %s: exists already", x->fs.what, path);
	if (ext_need_blocks(x, path, BLOCKS_FOR_A_NAME, e) < 0)
		return -1;
	*ret = parent;
	return 0;
}

int ext_new_inode(struct ext *x, const struct ext_dir *parent, const char *path, mode_t mode,
		  ext2_ino_t *ret, struct err *e)
{
	errcode_t failure = ext2fs_new_inode(x->e2, ext_dir_inode(parent), (int)mode, NULL, ret);
	return failure ? ext_error(x, path, failure, "cannot make an inode", e) : 0;
}

/* Change the inode that was just made, and give all of its times. */
static int finish_new(struct ext *x, struct ext_dir *parent, const char *path, ext2_ino_t ino,
		      mode_t mode, struct err *e)
{
	struct ext2_inode_large inode;
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	inode.i_mode = (uint16_t)mode;
	ext_set_times(&inode, EXT_ATIME | EXT_MTIME | EXT_CTIME | EXT_CRTIME, x->fs.now);
	if (ext_write_inode(x, path, ino, &inode, e) < 0)
		return -1;
	return ext_dir_add(x, parent, path, ino, mode, e);
}

/* One more or less directory in this one; beyond the largest number the count is 1 for good. */
static int count_subdirectory(struct ext *x, const char *path, ext2_ino_t ino, int by,
			      struct err *e)
{
	struct ext2_inode_large inode;
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	if (inode.i_links_count == 1)
		return 0;
	inode.i_links_count = (uint16_t)(inode.i_links_count + by);
	if (inode.i_links_count >= EXT2_LINK_MAX)
		inode.i_links_count = 1;
	return ext_write_inode(x, path, ino, &inode, e);
}

static int check_link_count(struct ext *x, const char *path, ext2_ino_t ino, bool directory,
			    struct err *e)
{
	struct ext2_inode_large inode;
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	if (inode.i_links_count < EXT2_LINK_MAX - 1)
		return 0;
	if (directory && ext2fs_has_feature_dir_nlink(x->e2->super))
		return 0;
	return err_set(e, ERR_FAILED, "%s: %s: no more than %d links are possible", x->fs.what,
		       path, EXT2_LINK_MAX);
}

int ext_mkdir(struct fs *fs, const char *path, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	ext2_ino_t ino;
	if (ext_begin_new(x, path, &parent, e) < 0)
		return -1;
	ext2_ino_t up = ext_dir_inode(parent);
	if (check_link_count(x, path, up, true, e) < 0 ||
	    ext_new_inode(x, parent, path, S_IFDIR, &ino, e) < 0)
		return -1;
	struct ext2_inode_large before;
	if (ext_read_inode(x, path, up, &before, e) < 0)
		return -1;
	errcode_t failure = ext2fs_mkdir(x->e2, up, ino, NULL);
	if (failure)
		return ext_error(x, path, failure, "cannot make the directory", e);
	/* libext2fs has counted it without a thought of the largest number. */
	if (ext_write_inode(x, path, up, &before, e) < 0 ||
	    finish_new(x, parent, path, ino, S_IFDIR | 0755, e) < 0)
		return -1;
	return count_subdirectory(x, path, up, 1, e);
}

int ext_symlink(struct fs *fs, const char *path, const char *target, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	ext2_ino_t ino;
	size_t len = strlen(target);
	if (ext_begin_new(x, path, &parent, e) < 0)
		return -1;
	if (!len || len >= x->e2->blocksize)
		return err_set(e, ERR_FAILED,
			       "%s: %s: the target of a symlink has between 1 and %u bytes",
			       x->fs.what, path, x->e2->blocksize - 1);
	if (ext_new_inode(x, parent, path, S_IFLNK, &ino, e) < 0)
		return -1;
	errcode_t failure = ext2fs_symlink(x->e2, ext_dir_inode(parent), ino, NULL, target);
	if (failure)
		return ext_error(x, path, failure, "cannot make the symlink", e);
	return finish_new(x, parent, path, ino, S_IFLNK | 0777, e);
}

int ext_link(struct fs *fs, const char *path, const char *existing, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_begin(x, path, e) < 0 || ext_require(x, existing, &ino, &inode, e) < 0)
		return -1;
	if (!LINUX_S_ISREG(inode.i_mode))
		return err_set(e, ERR_FAILED, "%s: %s: is not a regular file", x->fs.what,
			       existing);
	if (check_link_count(x, existing, ino, false, e) < 0 ||
	    ext_begin_new(x, path, &parent, e) < 0 ||
	    ext_dir_add(x, parent, path, ino, S_IFREG, e) < 0)
		return -1;
	inode.i_links_count++;
	ext_set_times(&inode, EXT_CTIME, x->fs.now);
	return ext_write_inode(x, existing, ino, &inode, e);
}

int ext_mknod(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	struct ext2_inode_large inode = {.i_mode = (uint16_t)mode, .i_links_count = 1};
	ext2_ino_t ino;
	unsigned maj = major(dev), min = minor(dev);
	if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return err_set(e, ERR_FAILED, "%s: %s: mode %o is not that of a special file",
			       x->fs.what, path, (unsigned)mode);
	if (ext_begin_new(x, path, &parent, e) < 0 ||
	    ext_new_inode(x, parent, path, mode, &ino, e) < 0)
		return -1;
	/* As the kernel: small numbers the old way, in the first word, others in the second. */
	if (maj < 256 && min < 256)
		inode.i_block[0] = maj << 8 | min;
	else
		inode.i_block[1] = (min & 0xff) | maj << 8 | (min & ~0xffu) << 12;
	errcode_t failure = ext2fs_write_new_inode(x->e2, ino, ext2fs_inode(&inode));
	if (failure)
		return ext_error(x, path, failure, "cannot write the inode", e);
	ext2fs_inode_alloc_stats2(x->e2, ino, +1, 0);
	return finish_new(x, parent, path, ino, mode, e);
}

/* The last name is gone: give back what the inode has. */
static int free_inode(struct ext *x, const char *path, ext2_ino_t ino,
		      struct ext2_inode_large *inode, struct err *e)
{
	bool directory = LINUX_S_ISDIR(inode->i_mode);
	if (ext_free_blocks(x, path, ino, inode, e) < 0)
		return -1;
	errcode_t failure = ext2fs_free_ext_attr(x->e2, ino, inode);
	if (failure)
		return ext_error(x, path, failure, "cannot free its extended attributes", e);
	inode->i_links_count = 0;
	ext_set_times(inode, EXT_CTIME, x->fs.now);
	/* e2fsck takes a small number for the next of a list of orphans. */
	inode->i_dtime = (uint32_t)x->e2->now;
	if (ext_write_inode(x, path, ino, inode, e) < 0)
		return -1;
	ext2fs_inode_alloc_stats2(x->e2, ino, -1, directory);
	if (directory)
		ext_dir_forget(x, ino);
	return 0;
}

static int check_removable(struct ext *x, const char *path, ext2_ino_t ino,
			   struct ext2_inode_large *inode, struct err *e)
{
	struct ext_dir *dir;
	if (ino == EXT2_ROOT_INO)
		return err_set(e, ERR_FAILED, "%s: %s: the root directory cannot be removed",
			       x->fs.what, path);
	if (LINUX_S_ISDIR(inode->i_mode)) {
		if (ext_dir_open(x, path, ino, &dir, e) < 0)
			return -1;
		if (ext_dir_count(dir))
			return err_set(e, ERR_FAILED, "%s: %s: the directory is not empty",
				       x->fs.what, path);
	}
	return ext_check_map(x, path, ino, inode, e);
}

int ext_remove(struct fs *fs, const char *path, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_begin(x, path, e) < 0 || ext_require(x, path, &ino, &inode, e) < 0 ||
	    check_removable(x, path, ino, &inode, e) < 0 || ext_parent(x, path, &parent, e) < 0 ||
	    ext_dir_remove(x, parent, path, e) < 0)
		return -1;
	if (LINUX_S_ISDIR(inode.i_mode)) {
		ext2_ino_t up = ext_dir_inode(parent);
		if (free_inode(x, path, ino, &inode, e) < 0)
			return -1;
		return count_subdirectory(x, path, up, -1, e);
	}
	if (inode.i_links_count == 1)
		return free_inode(x, path, ino, &inode, e);
	inode.i_links_count--;
	ext_set_times(&inode, EXT_CTIME, x->fs.now);
	return ext_write_inode(x, path, ino, &inode, e);
}

int ext_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	     struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_refuse_read_only(x, path, e) < 0 || ext_require(x, path, &ino, &inode, e) < 0)
		return -1;
	inode.i_mode = (uint16_t)((inode.i_mode & LINUX_S_IFMT) | (mode & 07777));
	inode.i_uid = (uint16_t)uid;
	inode.osd2.linux2.l_i_uid_high = (uint16_t)(uid >> 16);
	inode.i_gid = (uint16_t)gid;
	inode.osd2.linux2.l_i_gid_high = (uint16_t)(gid >> 16);
	ext_set_times(&inode, EXT_CTIME, x->fs.now);
	return ext_write_inode(x, path, ino, &inode, e);
}

int ext_utime(struct fs *fs, const char *path, int64_t mtime, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	ext2_ino_t ino;
	if (ext_refuse_read_only(x, path, e) < 0 || ext_require(x, path, &ino, &inode, e) < 0)
		return -1;
	ext_set_times(&inode, EXT_MTIME, mtime);
	ext_set_times(&inode, EXT_CTIME, x->fs.now);
	return ext_write_inode(x, path, ino, &inode, e);
}

int ext_xattr_set(struct fs *fs, const char *path, const char *name, const void *value, size_t len,
		  struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	struct ext2_xattr_handle *handle;
	ext2_ino_t ino;
	if (ext_begin(x, path, e) < 0 || ext_require(x, path, &ino, &inode, e) < 0 ||
	    ext_need_blocks(x, path, 2, e) < 0)
		return -1;
	errcode_t failure = ext2fs_xattrs_open(x->e2, ino, &handle);
	if (failure)
		return ext_error(x, path, failure, "cannot open its extended attributes", e);
	failure = ext2fs_xattrs_read(handle);
	if (!failure)
		failure = ext2fs_xattr_set(handle, name, value, len);
	if (!failure)
		failure = ext2fs_xattrs_write(handle);
	ext2fs_xattrs_close(&handle);
	if (failure)
		return ext_error(x, path, failure, "cannot set an extended attribute", e);
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	ext_set_times(&inode, EXT_CTIME, x->fs.now);
	return ext_write_inode(x, path, ino, &inode, e);
}

int ext_xattr_get(struct fs *fs, const char *path, const char *name, struct str *ret, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext2_inode_large inode;
	struct ext2_xattr_handle *handle;
	ext2_ino_t ino;
	void *value = NULL;
	size_t len = 0;
	if (ext_require(x, path, &ino, &inode, e) < 0)
		return -1;
	errcode_t failure = ext2fs_xattrs_open(x->e2, ino, &handle);
	if (failure)
		return ext_error(x, path, failure, "cannot open its extended attributes", e);
	failure = ext2fs_xattrs_read(handle);
	if (!failure)
		failure = ext2fs_xattr_get(handle, name, &value, &len);
	ext2fs_xattrs_close(&handle);
	if (failure && failure != EXT2_ET_EA_KEY_NOT_FOUND)
		return ext_error(x, path, failure, "cannot read an extended attribute", e);
	if (value)
		str_add(ret, value, len);
	ext2fs_free_mem(&value);
	return 0;
}
