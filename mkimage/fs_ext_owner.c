/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which files lie in given blocks, as `debugfs icheck` and `ncheck` tell; and what of the file
 * system itself lies there, such as tables of inodes, and which names lead to those.
 */
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
	struct strv *found;   /* for people */
	struct blockmap gone; /* numbers of inodes in tables that are hit */
	/* Of the inode or directory that is looked at. */
	uint64_t hit;
	ext2_ino_t dir;
};

static void search_done(struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->owners[i].path);
	free(s->owners);
	blockmap_done(&s->gone);
}

/* How many bytes of n blocks are among those looked for. */
static uint64_t bytes_hit(const struct search *s, blk64_t block, uint64_t n)
{
	uint64_t size = s->x->e2->blocksize, start = s->offset + block * size;
	size_t hint = 0;
	auto_blockmap part = {0};
	blockmap_clip(s->bytes, start, start + n * size, &hint, &part);
	return part.used;
}

static int count_block(ext2_filsys e2, blk64_t *block, e2_blkcnt_t number, blk64_t ref_block,
		       int ref_offset, void *ctx)
{
	struct search *s = ctx;
	(void)number;
	(void)ref_block;
	(void)ref_offset;
	(void)e2;
	s->hit += bytes_hit(s, *block, 1);
	return 0;
}

static errcode_t find_owner(void *ctx, ext2_ino_t ino, const struct ext2_inode *inode)
{
	struct search *s = ctx;
	struct ext2_inode copy = *inode;
	if (!inode->i_links_count && ino >= EXT2_FIRST_INODE(s->x->e2->super))
		return 0;
	if (!ext2fs_inode_has_valid_blocks2(s->x->e2, &copy))
		return 0;
	s->hit = 0;
	/* Where it cannot be followed any further, what was found so far counts. */
	errcode_t failure = ext2fs_block_iterate3(s->x->e2, ino, BLOCK_FLAG_READ_ONLY, NULL,
						  count_block, s);
	if (failure == EXT2_ET_NO_MEMORY || !s->hit)
		return failure == EXT2_ET_NO_MEMORY ? failure : 0;
	s->owners = array_reserve(s->owners, s->n, &s->cap, sizeof(*s->owners));
	s->owners[s->n++] = (struct owner){.ino = ino};
	return 0;
}

static bool is_gone(const struct search *s, ext2_ino_t ino)
{
	size_t hint = 0;
	auto_blockmap one = {0};
	blockmap_clip(&s->gone, ino, (uint64_t)ino + 1, &hint, &one);
	return one.n != 0;
}

/* Of an entry of the directory that is looked at; owned, NULL when that has no name itself. */
static char *path_of(const struct search *s, const struct ext2_dir_entry *d)
{
	char *dir;
	if (ext2fs_get_pathname(s->x->e2, s->dir, 0, &dir))
		return NULL;
	char *path = xasprintf("%s%s%.*s", dir, strcmp(dir, "/") == 0 ? "" : "/",
			       ext2fs_dirent_name_len(d), d->name);
	ext2fs_free_mem(&dir);
	return path;
}

static int take_name(ext2_ino_t dir, int entry, struct ext2_dir_entry *d, int offset, int size,
		     char *buffer, void *ctx)
{
	struct search *s = ctx;
	(void)dir;
	(void)offset;
	(void)size;
	(void)buffer;
	for (size_t i = 0; i < s->n; i++) {
		struct owner *o = &s->owners[i];
		if (o->ino == d->inode && !o->path)
			o->path = path_of(s, d);
	}
	autofree char *gone = entry == DIRENT_OTHER_FILE && is_gone(s, d->inode) ? path_of(s, d)
										 : NULL;
	if (gone)
		strv_printf(s->found, "%s, which is lost: its inode was there", gone);
	return 0;
}

static errcode_t name_owners(void *ctx, ext2_ino_t ino, const struct ext2_inode *inode)
{
	struct search *s = ctx;
	s->dir = ino;
	/* A directory that is damaged itself has no names to tell. */
	if (inode->i_links_count && LINUX_S_ISDIR(inode->i_mode))
		(void)ext2fs_dir_iterate2(s->x->e2, ino, 0, NULL, take_name, s);
	return 0;
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

/* ---- what the file system has for itself ---- */

static void find_table(struct search *s, dgrp_t g)
{
	ext2_filsys e2 = s->x->e2;
	uint64_t per_block = e2->blocksize / EXT2_INODE_SIZE(e2->super);
	for (uint64_t i = 0; i < e2->inode_blocks_per_group; i++) {
		if (!bytes_hit(s, ext2fs_inode_table_loc(e2, g) + i, 1))
			continue;
		uint64_t first = (uint64_t)g * e2->super->s_inodes_per_group + i * per_block + 1;
		strv_printf(s->found, "group %u: the table of inodes, %llu to %llu", g,
			    (unsigned long long)first, (unsigned long long)(first + per_block - 1));
		blockmap_add(&s->gone, first, per_block);
	}
}

static void find_in_group(struct search *s, dgrp_t g)
{
	ext2_filsys e2 = s->x->e2;
	blk64_t super = 0, old = 0, new = 0;
	(void)ext2fs_super_and_bgd_loc2(e2, g, &super, &old, &new, NULL);
	/* Group 0 has its superblock in block 0 or 1; block 0 is not there in the others. */
	if (ext2fs_bg_has_super(e2, g) && bytes_hit(s, super, 1))
		strv_printf(s->found, "group %u: %s superblock", g, g ? "a copy of the" : "the");
	if ((old && bytes_hit(s, old, e2->desc_blocks)) || (new &&bytes_hit(s, new, 1)))
		strv_printf(s->found, "group %u: %s descriptors of groups", g,
			    g ? "a copy of the" : "the");
	if (bytes_hit(s, ext2fs_block_bitmap_loc(e2, g), 1))
		strv_printf(s->found, "group %u: the bitmap of blocks", g);
	if (bytes_hit(s, ext2fs_inode_bitmap_loc(e2, g), 1))
		strv_printf(s->found, "group %u: the bitmap of inodes", g);
	find_table(s, g);
}

static errcode_t find_all(struct search *s)
{
	for (dgrp_t g = 0; g < s->x->e2->group_desc_count; g++)
		find_in_group(s, g);
	errcode_t failure = ext_each_inode(s->x, find_owner, s);
	if (!failure && (s->n || s->gone.n))
		failure = ext_each_inode(s->x, name_owners, s);
	for (size_t i = 0; i < s->n; i++)
		add_owner(s->found, &s->owners[i]);
	return failure;
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
		.x = x, .offset = o->offset, .bytes = &own, .found = ret};
	/* What is zeros now has no right checksum. */
	x->e2->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
	if (ext2fs_check_desc(x->e2)) {
		ext_free(x);
		return 1;
	}
	errcode_t failure = find_all(&s);
	int r = failure ? ext_error(x, NULL, failure, "cannot find what files are hit", e) : 0;
	ext_free(x);
	return r;
}
