/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FS_H
#define MKIMAGE_FS_H

/*
 * A file system in user space: one struct of operations per backend, one contract for all of them
 * (tests/fs/test_contract.c).  A backend never sees a profile key and never follows a symlink.
 *
 * Paths are absolute within the file system, "/" is its root, without ".", ".." or trailing slash;
 * every component but the last must be a directory (the tree layer above resolves symlinks).
 * Times: every write sets mtime and ctime to fs->now, so that equal input gives equal bytes.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "str.h"

enum file_type { FILE_NONE, FILE_REGULAR, FILE_DIR, FILE_SYMLINK, FILE_OTHER };

struct fs_stat {
	enum file_type type; /* FILE_NONE: there is nothing at this path */
	uint32_t mode;	     /* permission bits, 07777; FAT: 0755 */
	uint32_t uid, gid;   /* FAT: 0 */
	uint64_t size;	     /* bytes; symlink: length of the target */
};

/* Where the bytes of a file come from; read returns 0 at the end, -1 with *e on failure. */
struct fs_source {
	ssize_t (*read)(void *ctx, void *buffer, size_t len, struct err *e);
	void *ctx;
};

struct fs;

struct fs_ops {
	const char *name; /* "ext4", "fat", "directory", "mount" */

	/* lstat.  Absent is success with type FILE_NONE, also when a parent is absent. */
	int (*stat)(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e);
	/* Add the content of a regular file to out; more than max bytes is an error. */
	int (*read)(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e);
	/* Add the first bytes of a regular file, at most max, to out. */
	int (*head)(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e);
	/* The target of a symlink, owned. FAT: always an error. */
	int (*readlink)(struct fs *fs, const char *path, char **ret, struct err *e);
	/* The names in a directory without "." and "..", sorted by byte value. */
	int (*list)(struct fs *fs, const char *path, struct strv *ret, struct err *e);

	/*
	 * Make the regular file, 0644 root:root, or replace the content of the one that is there,
	 * keeping mode, owner and xattrs.  The parent must exist; a non-file at path is an error.
	 */
	int (*write)(struct fs *fs, const char *path, const struct fs_source *src, struct err *e);
	/* Make a directory, 0755 root:root.  One that exists is an error. */
	int (*mkdir)(struct fs *fs, const char *path, struct err *e);
	/* Make a symlink, root:root.  One that exists is an error. */
	int (*symlink)(struct fs *fs, const char *path, const char *target, struct err *e);
	/* Hard link: another name `path` for the regular file at `existing`. */
	int (*link)(struct fs *fs, const char *path, const char *existing, struct err *e);
	/* Device node, fifo or socket; mode has the S_IFMT bits. */
	int (*mknod)(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e);
	/* Remove a file, a symlink, a special file or an empty directory; absent is an error. */
	int (*remove)(struct fs *fs, const char *path, struct err *e);
	/* Set permission bits and owner (of the symlink itself). FAT accepts and forgets. */
	int (*attr)(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
		    struct err *e);
	/* Set the modification time, seconds since 1970. FAT accepts and forgets. */
	int (*utime)(struct fs *fs, const char *path, int64_t mtime, struct err *e);
	/*
	 * Set one extended attribute ("security.capability"); get: absent adds nothing.  FAT and
	 * directories have none: setting is an error.
	 */
	int (*xattr_set)(struct fs *fs, const char *path, const char *name, const void *value,
			 size_t len, struct err *e);
	int (*xattr_get)(struct fs *fs, const char *path, const char *name, struct str *ret,
			 struct err *e);

	/*
	 * Why it cannot hold a file of this name, as one line for people; NULL: it can.  The
	 * operation itself is NULL where any name can be.
	 */
	const char *(*refuse_name)(const char *name);

	/* Bytes that are free for files; NULL: it does not tell. */
	int (*room)(struct fs *fs, uint64_t *ret, struct err *e);

	/* Write everything to the image. */
	int (*sync)(struct fs *fs, struct err *e);
	/*
	 * Release; whatever was not synced is synced first, errors are reported.  A file system
	 * that is not writable (fs_discard makes it so) is only released.
	 */
	int (*close)(struct fs *fs, struct err *e);
};

struct fs {
	const struct fs_ops *ops;
	char *what;  /* how messages call it: "worker001.img: partition 2 (ext4)"; owned */
	int64_t now; /* seconds since 1970 for every timestamp that is written */
	bool writable;
};

struct cow; /* cow.h */

/* Options shared by the open functions. */
struct fs_open {
	const char *path; /* image, device or directory */
	uint64_t offset;  /* of the file system in it, bytes */
	uint64_t size;	  /* of the partition, bytes */
	const char *what; /* for messages */
	bool writable;
	int64_t now;
	bool accept_dirty; /* fs_ext_blockmap: whether a journal has to be replayed or not */
	struct cow *cow; /* ext only: has what the file at path has not; NULL: nothing is missing */
};

/*
 * ext2, ext3, ext4 by libext2fs.  Refuses, naming them, features that libext2fs does not know; a
 * dirty journal is refused with ERR_IMAGE and the advice to replay it (see fs_ext_replay); an
 * image marked as having errors is refused with the advice to run e2fsck and the partition named.
 */
int fs_ext_open(const struct fs_open *o, struct fs **ret, struct err *e) must_check;
/* Names of the features in its superblock, as in mke2fs(8): "extent", "64bit". */
int fs_ext_features(const struct fs_open *o, struct strv *ret, struct err *e) must_check;
/* True when the journal has to be replayed before fs_ext_open will accept it. */
int fs_ext_is_dirty(const struct fs_open *o, bool *ret, struct err *e) must_check;
/* Replay the journal of the file system in the (private copy of the) image by e2fsck -p. */
int fs_ext_replay(const struct fs_open *o, struct err *e) must_check;
/* The same without a look at what the file system is then. */
int fs_ext_replay_log(const struct fs_open *o, struct err *e) must_check;
/*
 * Repair whatever can be repaired by e2fsck -y, whose losses are files without a name, in
 * /lost+found, and files that are gone.  fs_ext_restore_super is for what has lost its superblock:
 * 1 when a copy of it was found and put there, 0 when there is none.
 */
int fs_ext_mend(const struct fs_open *o, struct err *e) must_check;
int fs_ext_restore_super(const struct fs_open *o, struct err *e) must_check;
/* Why the file system, open as ext, must keep its UUID, as one line for people; NULL: it need not.
 */
const char *fs_ext_uuid_obstacle(struct fs *fs);
/* True when all checksums in it depend on its UUID, as long as it does not store their seed. */
bool fs_ext_needs_seed(struct fs *fs);
/*
 * Store the seed of the checksums in the superblock (metadata_csum_seed).  Give it a new UUID, and
 * store the seed if that is needed.  Written by the next sync, to all copies of the superblock.
 */
int fs_ext_store_seed(struct fs *fs, struct err *e) must_check;
int fs_ext_set_uuid(struct fs *fs, const uint8_t uuid[16], struct err *e) must_check;
/* FAT12, FAT16, FAT32 by mtools.  Names compare without case. */
int fs_fat_open(const struct fs_open *o, struct fs **ret, struct err *e) must_check;
/* Why the FAT must keep its serial number; NULL: it need not.  -1 when it cannot be read. */
int fs_fat_serial_obstacle(struct fs *fs, const char **ret, struct err *e) must_check;
/* Written at once, to the backup of the boot sector too. */
int fs_fat_set_serial(struct fs *fs, uint32_t serial, struct err *e) must_check;
/*
 * A directory of the host.  Owner and mode that an ordinary user cannot set, and device nodes, are
 * kept in the file `path`.attrs, which has the format of an overlay's attrs (attrs.h).
 */
int fs_dir_open(const struct fs_open *o, struct fs **ret, struct err *e) must_check;
/* The kernel's own driver (btrfs, xfs, f2fs) through a loop device; root only, else a clear error.
 */
int fs_mount_open(const struct fs_open *o, const char *type, struct fs **ret,
		  struct err *e) must_check;

/* Close and set *fs to NULL; NULL is allowed. */
int fs_close(struct fs **fs, struct err *e) must_check;
/* Close without caring for the result: for error paths (nothing more is written). */
void fs_discard(struct fs **fs);
#define auto_fs __attribute__((cleanup(fs_discard))) struct fs

/* write() from memory. */
int fs_write_data(struct fs *fs, const char *path, const void *data, size_t len,
		  struct err *e) must_check;

#endif
