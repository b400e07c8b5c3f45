/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files lie in given blocks, as `debugfs icheck` and `ncheck` tell. */
#include <string.h>

#include "blockmap.h"
#include "fs_ext.h"
#include "mem.h"

struct owner {
	ext2_ino_t ino;
	char *path; /* NULL: no name leads to it */
};

struct search {
	struct ext *x;
	uint64_t offset; /* of the file system in the image */
	const struct blockmap *bytes;
	struct owner *owners;
	size_t n, cap;
	uint64_t owned; /* bytes of `bytes` that belong to an owner */
	/* Of the inode or directory that is looked at. */
	uint64_t hit;
	ext2_ino_t dir;
};

static void search_done(struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->owners[i].path);
	free(s->owners);
}

static int count_block(ext2_filsys e2, blk64_t *block, e2_blkcnt_t number, blk64_t ref_block,
		       int ref_offset, void *ctx)
{
	struct search *s = ctx;
	(void)number;
	(void)ref_block;
	(void)ref_offset;
	uint64_t start = s->offset + *block * e2->blocksize;
	size_t hint = 0;
	auto_blockmap part = {0};
	blockmap_clip(s->bytes, start, start + e2->blocksize, &hint, &part);
	s->hit += part.used;
	return 0;
}

static errcode_t look_at_inode(struct search *s, ext2_ino_t ino, struct ext2_inode *inode)
{
	if (!inode->i_links_count && ino >= EXT2_FIRST_INODE(s->x->e2->super))
		return 0;
	if (!ext2fs_inode_has_valid_blocks2(s->x->e2, inode))
		return 0;
	s->hit = 0;
	errcode_t failure = ext2fs_block_iterate3(s->x->e2, ino, BLOCK_FLAG_READ_ONLY, NULL,
						  count_block, s);
	if (failure || !s->hit)
		return failure;
	s->owned += s->hit;
	s->owners = array_reserve(s->owners, s->n, &s->cap, sizeof(*s->owners));
	s->owners[s->n++] = (struct owner){.ino = ino};
	return 0;
}

static errcode_t find_owners(struct search *s)
{
	ext2_inode_scan scan;
	ext2_ino_t ino = 0;
	struct ext2_inode inode;
	errcode_t failure = ext2fs_open_inode_scan(s->x->e2, 0, &scan);
	if (failure)
		return failure;
	while (!failure && !(failure = ext2fs_get_next_inode(scan, &ino, &inode)) && ino)
		failure = look_at_inode(s, ino, &inode);
	ext2fs_close_inode_scan(scan);
	return failure;
}

static int take_name(ext2_ino_t dir, int entry, struct ext2_dir_entry *d, int offset, int size,
		     char *buffer, void *ctx)
{
	struct search *s = ctx;
	char *path;
	(void)dir;
	(void)entry;
	(void)offset;
	(void)size;
	(void)buffer;
	for (size_t i = 0; i < s->n; i++) {
		struct owner *o = &s->owners[i];
		if (o->ino != d->inode || o->path ||
		    ext2fs_get_pathname(s->x->e2, s->dir, 0, &path))
			continue;
		o->path = xasprintf("%s%s%.*s", path, strcmp(path, "/") == 0 ? "" : "/",
				    ext2fs_dirent_name_len(d), d->name);
		ext2fs_free_mem(&path);
	}
	return 0;
}

static errcode_t name_owners(struct search *s)
{
	ext2_inode_scan scan;
	ext2_ino_t ino = 0;
	struct ext2_inode inode;
	errcode_t failure = s->n ? ext2fs_open_inode_scan(s->x->e2, 0, &scan) : ENOENT;
	if (failure)
		return s->n ? failure : 0;
	while (!(failure = ext2fs_get_next_inode(scan, &ino, &inode)) && ino) {
		s->dir = ino;
		/* A directory that is damaged itself has no names to tell. */
		if (inode.i_links_count && LINUX_S_ISDIR(inode.i_mode))
			(void)ext2fs_dir_iterate2(s->x->e2, ino, 0, NULL, take_name, s);
	}
	ext2fs_close_inode_scan(scan);
	return failure;
}

static void add_owner(struct strv *ret, const struct owner *o)
{
	if (o->path)
		strv_add(ret, o->path);
	else if (o->ino == EXT2_JOURNAL_INO)
		strv_add(ret, "the journal");
	else
		strv_printf(ret, "inode %u, which has no name", o->ino);
}

int fs_ext_owners(const struct fs_open *o, const struct blockmap *bytes, struct strv *ret,
		  struct err *e)
{
	struct ext *x;
	auto_blockmap own = {0};
	size_t hint = 0;
	blockmap_clip(bytes, o->offset, o->offset + o->size, &hint, &own);
	if (!own.n)
		return 0;
	if (ext_open_library(o, true, &x, e) < 0)
		return -1;
	__attribute__((cleanup(search_done))) struct search s = {
		.x = x, .offset = o->offset, .bytes = &own};
	errcode_t failure = find_owners(&s);
	if (!failure)
		failure = name_owners(&s);
	for (size_t i = 0; i < s.n; i++)
		add_owner(ret, &s.owners[i]);
	if (s.owned < own.used)
		strv_add(ret, "what describes files (bitmaps, tables of inodes)");
	int r = failure ? ext_error(x, NULL, failure, "cannot find what files are hit", e) : 0;
	ext_free(x);
	return r;
}
