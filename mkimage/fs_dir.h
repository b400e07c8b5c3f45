/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FS_DIR_H
#define MKIMAGE_FS_DIR_H

/* What fs_dir.c and fs_mount.c share: operations on files below a directory descriptor. */

#include "attrs.h"
#include "fs.h"

struct dir {
	struct fs fs; /* first: the two are one object */
	int root;     /* nothing outside is ever reached from here */
	bool records; /* owner, mode and nodes are written to attrs_path, not to the directory */
	char *attrs_path;
	struct attrs_entry *entries; /* records, sorted by path */
	size_t n, cap;
	bool dirty; /* entries differ from the file */
};

/* Take over root (a directory) with these operations; owner and mode are set for real. */
struct dir *dir_new(const struct fs_ops *ops, int root, const struct fs_open *o);
void dir_free(struct dir *d);

/* Check path and open its parent; *ret_name is the last component, borrowed, "." for the root. */
int dir_open_parent(struct dir *d, const char *path, const char **ret_name,
		    struct err *e) must_check;
int dir_need_writable(struct fs *fs, const char *path, struct err *e) must_check;

/* Operations of struct fs_ops. */
int dir_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e) must_check;
int dir_read(struct fs *fs, const char *path, uint64_t max, struct str *out,
	     struct err *e) must_check;
int dir_head(struct fs *fs, const char *path, uint64_t max, struct str *out,
	     struct err *e) must_check;
int dir_readlink(struct fs *fs, const char *path, char **ret, struct err *e) must_check;
int dir_list(struct fs *fs, const char *path, struct strv *ret, struct err *e) must_check;
int dir_write(struct fs *fs, const char *path, const struct fs_source *src,
	      struct err *e) must_check;
int dir_mkdir(struct fs *fs, const char *path, struct err *e) must_check;
int dir_symlink(struct fs *fs, const char *path, const char *target, struct err *e) must_check;
int dir_link(struct fs *fs, const char *path, const char *existing, struct err *e) must_check;
int dir_mknod(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e) must_check;
int dir_remove(struct fs *fs, const char *path, struct err *e) must_check;
int dir_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
	     struct err *e) must_check;
int dir_utime(struct fs *fs, const char *path, int64_t mtime, struct err *e) must_check;
int dir_room(struct fs *fs, uint64_t *ret, struct err *e) must_check;
int dir_sync(struct fs *fs, struct err *e) must_check;
int dir_close(struct fs *fs, struct err *e) must_check;

/* The records of an ordinary user's directory, fs_dir_attrs.c. */

int records_load(struct dir *d, struct err *e) must_check;
/* Write them if they changed: sorted, by rename. */
int records_save(struct dir *d, struct err *e) must_check;
/* The record of exactly this path, NULL when there is none. */
struct attrs_entry *records_find(struct dir *d, const char *path);
/* node (may be NULL) is copied; a record of that path is replaced. */
void records_set(struct dir *d, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
		 const char *node);
void records_drop(struct dir *d, const char *path);

#endif
