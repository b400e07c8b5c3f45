/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fs_ext.h"
#include "mem.h"

/* Blocks of one file that follow each other, in the file and on the disk. */
struct run_of_blocks {
	blk64_t first;
	uint32_t n;
	uint64_t logical; /* of the first, in the file */
};

/* New content: on the disk already, in blocks that belong to nobody but us. */
struct content {
	struct run_of_blocks *runs;
	size_t n, cap;
	uint64_t blocks, size;
	uint64_t logical; /* the next block of the file; those that no run has are zeros */
	blk64_t goal;
	bool whole; /* no holes */
};

/* Bytes of zeros that are not stored; for fewer the map would grow as much as the data shrink. */
#define HOLE_MIN (32u << 10)

#define RUN_MAX EXT_INIT_MAX_LEN

static void add_run(struct content *c, blk64_t first, uint32_t n)
{
	struct run_of_blocks *last = c->n ? &c->runs[c->n - 1] : NULL;
	if (last && last->first + last->n == first && last->logical + last->n == c->logical &&
	    last->n + n <= RUN_MAX) {
		last->n += n;
	} else {
		c->runs = array_reserve(c->runs, c->n, &c->cap, sizeof(*c->runs));
		c->runs[c->n++] = (struct run_of_blocks){first, n, c->logical};
	}
	c->logical += n;
	c->blocks += n;
	c->goal = first + n;
}

static void give_back(const struct ext *x, struct content *c)
{
	for (size_t i = 0; i < c->n; i++)
		ext2fs_block_alloc_stats_range(x->e2, c->runs[i].first, c->runs[i].n, -1);
	free(c->runs);
	*c = (struct content){0};
}

/* Look for `want` free blocks in a row within [at, end); the longest run so far is kept in best. */
static errcode_t look_for_run(const struct ext *x, blk64_t at, blk64_t end, uint32_t want,
			      struct run_of_blocks *best)
{
	while (at < end && best->n < want) {
		blk64_t first, after, limit;
		errcode_t failure = ext2fs_find_first_zero_block_bitmap2(x->e2->block_map, at,
									 end - 1, &first);
		if (failure)
			return failure == ENOENT ? 0 : failure;
		limit = end - first < want ? end : first + want;
		failure = ext2fs_find_first_set_block_bitmap2(x->e2->block_map, first, limit - 1,
							      &after);
		if (failure && failure != ENOENT)
			return failure;
		if (failure)
			after = limit;
		if (after - first > best->n)
			*best = (struct run_of_blocks){.first = first,
						       .n = (uint32_t)(after - first)};
		at = after;
	}
	return 0;
}

/*
 * Take up to `want` free blocks in a row, from the goal on, else before it.  (ext2fs_new_range of
 * libext2fs 1.47.0 never returns when there is no run of the length it is asked for.)
 */
static errcode_t take_blocks(const struct ext *x, struct content *c, uint32_t want, blk64_t *ret,
			     uint32_t *ret_n)
{
	struct run_of_blocks best = {0};
	blk64_t first = x->e2->super->s_first_data_block;
	errcode_t failure = look_for_run(x, c->goal, ext2fs_blocks_count(x->e2->super), want,
					 &best);
	if (!failure)
		failure = look_for_run(x, first, c->goal, want, &best);
	if (failure)
		return failure;
	if (!best.n)
		return EXT2_ET_BLOCK_ALLOC_FAIL;
	ext2fs_block_alloc_stats_range(x->e2, best.first, best.n, +1);
	add_run(c, best.first, best.n);
	*ret = best.first;
	*ret_n = best.n;
	return 0;
}

static errcode_t write_blocks(const struct ext *x, struct content *c, const char *data,
			      size_t blocks)
{
	if (ext2fs_free_blocks_count(x->e2->super) < blocks)
		return EXT2_ET_BLOCK_ALLOC_FAIL;
	for (size_t done = 0; done < blocks;) {
		blk64_t first;
		uint32_t n;
		errcode_t failure = take_blocks(x, c, (uint32_t)(blocks - done), &first, &n);
		if (!failure)
			failure = ext_io_write_data(x->e2->io, first, n,
						    data + done * x->e2->blocksize);
		if (failure)
			return failure;
		done += n;
	}
	return 0;
}

static size_t zeros_at(const char *data, size_t bs, size_t blocks)
{
	size_t n = 0;
	while (n < blocks && mem_is_zero(data + n * bs, bs))
		n++;
	return n;
}

/* How many of the blocks are data; *holes: how many behind them are to be a hole. */
static size_t data_at(const char *data, size_t bs, size_t blocks, size_t *holes)
{
	for (size_t n = 0; n < blocks; n++) {
		*holes = zeros_at(data + n * bs, bs, blocks - n);
		if (*holes * bs >= HOLE_MIN)
			return n;
		n += *holes;
	}
	*holes = 0;
	return blocks;
}

/* x->chunk, as whole blocks. */
struct chunk_walk {
	size_t at, blocks;
	size_t data, holes; /* the blocks from at on, and how many follow that are no data */
};

static struct chunk_walk chunk_begin(const struct ext *x, size_t len)
{
	size_t bs = x->e2->blocksize, blocks = (len + bs - 1) / bs;
	memset(x->chunk + len, 0, blocks * bs - len);
	return (struct chunk_walk){.blocks = blocks};
}

static bool chunk_next(const struct ext *x, const struct content *c, struct chunk_walk *w)
{
	size_t bs = x->e2->blocksize;
	w->at += w->data + w->holes;
	w->data = w->blocks - w->at;
	w->holes = 0;
	if (w->data && !c->whole)
		w->data = data_at(x->chunk + w->at * bs, bs, w->data, &w->holes);
	return w->at < w->blocks;
}

/* Write x->chunk, whose first len bytes are content. */
static errcode_t write_chunk(const struct ext *x, struct content *c, size_t len)
{
	if (c->size == 0 && ext_swap_header(x->chunk, len))
		c->whole = true;
	for (struct chunk_walk w = chunk_begin(x, len); chunk_next(x, c, &w);) {
		errcode_t failure = write_blocks(x, c, x->chunk + w.at * x->e2->blocksize, w.data);
		if (failure)
			return failure;
		c->logical += w.holes;
	}
	c->size += len;
	return 0;
}

/* How many blocks that would have taken. */
static uint64_t count_chunk(const struct ext *x, const struct content *c, size_t len)
{
	uint64_t n = 0;
	for (struct chunk_walk w = chunk_begin(x, len); chunk_next(x, c, &w);)
		n += w.data;
	return n;
}

/* Fill x->chunk; 0 at the end. */
static ssize_t read_chunk(const struct ext *x, const struct fs_source *src, struct err *e)
{
	size_t len = 0;
	while (len < EXT_CHUNK) {
		ssize_t n = src->read(src->ctx, x->chunk + len, EXT_CHUNK - len, e);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/*
 * The piece of len bytes did not fit, behind so many blocks that did: find out how much would have
 * been needed, and say so.
 */
static int report_no_room(const struct ext *x, const char *path, const struct fs_source *src,
			  struct content *c, uint64_t blocks, size_t len, struct err *e)
{
	auto_err ignored = ERR_INIT;
	const struct content how = {.whole = c->whole};
	uint64_t seen = 0;
	give_back(x, c);
	for (ssize_t n = (ssize_t)len; n > 0 && seen < (uint64_t)1 << 44;
	     n = read_chunk(x, src, &ignored)) {
		blocks += count_chunk(x, &how, (size_t)n);
		seen += (uint64_t)n;
	}
	return ext_no_room(x, path, blocks * x->e2->blocksize, e);
}

/* A bound for the blocks that hold the map of the file, not its data. */
static uint64_t map_blocks(const struct ext *x, const struct content *c)
{
	uint64_t bs = x->e2->blocksize;
	if (ext2fs_has_feature_extents(x->e2->super))
		/* Leaves are half full when the library splits them, and so are their parents. */
		return c->n <= 4 ? 0 : 4 * c->n / ((bs - 16) / 12) + 6;
	return c->blocks <= EXT2_NDIR_BLOCKS ? 0 : c->blocks / (bs / 4) * 2 + 6;
}

/* Room for the map of the content and so many blocks more; else the content is given back. */
static int need_room_for_map(const struct ext *x, const char *path, struct content *c,
			     uint64_t more, struct err *e)
{
	uint64_t need = map_blocks(x, c) + more;
	if (ext2fs_free_blocks_count(x->e2->super) >= need)
		return 0;
	uint64_t bytes = (c->blocks + need) * x->e2->blocksize;
	give_back(x, c);
	return ext_no_room(x, path, bytes, e);
}

static int take_content(const struct ext *x, const char *path, const struct fs_source *src,
			struct content *c, struct err *e)
{
	ssize_t len;
	while ((len = read_chunk(x, src, e)) > 0) {
		uint64_t before = c->blocks;
		errcode_t failure = write_chunk(x, c, (size_t)len);
		if (failure == EXT2_ET_BLOCK_ALLOC_FAIL)
			return report_no_room(x, path, src, c, before, (size_t)len, e);
		if (failure) {
			give_back(x, c);
			return ext_error(x, path, failure, "cannot write", e);
		}
	}
	if (len < 0) {
		give_back(x, c);
		return -1;
	}
	/* From here on nothing can stop half-way: the old content may go. */
	return need_room_for_map(x, path, c, 0, e);
}

static errcode_t map_extents(const struct ext *x, ext2_ino_t ino, struct ext2_inode_large *inode,
			     const struct content *c)
{
	ext2_extent_handle_t handle;
	errcode_t failure = ext2fs_extent_open2(x->e2, ino, ext2fs_inode(inode), &handle);
	if (failure)
		return failure;
	for (size_t i = 0; i < c->n && !failure; i++) {
		struct ext2fs_extent extent = {.e_pblk = c->runs[i].first,
					       .e_lblk = c->runs[i].logical,
					       .e_len = c->runs[i].n};
		failure = ext2fs_extent_insert(handle, EXT2_EXTENT_INSERT_AFTER, &extent);
	}
	ext2fs_extent_free(handle);
	return failure;
}

static errcode_t map_blocks_one_by_one(const struct ext *x, ext2_ino_t ino,
				       struct ext2_inode_large *inode, const struct content *c)
{
	for (size_t i = 0; i < c->n; i++) {
		for (uint32_t k = 0; k < c->runs[i].n; k++) {
			blk64_t block = c->runs[i].first + k;
			errcode_t failure = ext2fs_bmap2(x->e2, ino, ext2fs_inode(inode), NULL,
							 BMAP_ALLOC | BMAP_SET,
							 c->runs[i].logical + k, NULL, &block);
			if (failure)
				return failure;
		}
	}
	return 0;
}

/* Make the content that of the inode, which has none. */
static int map_content(const struct ext *x, const char *path, ext2_ino_t ino,
		       struct ext2_inode_large *inode, const struct content *c, struct err *e)
{
	bool extents = ext2fs_has_feature_extents(x->e2->super);
	memset(inode->i_block, 0, sizeof(inode->i_block));
	inode->i_flags &= ~(uint32_t)EXT4_EXTENTS_FL;
	if (extents)
		inode->i_flags |= EXT4_EXTENTS_FL;
	errcode_t failure = ext2fs_inode_size_set(x->e2, ext2fs_inode(inode),
						  (ext2_off64_t)c->size);
	if (!failure)
		failure = ext2fs_iblk_add_blocks(x->e2, ext2fs_inode(inode), c->blocks);
	/* The map's own blocks are counted, and the inode is written, on the way. */
	if (!failure)
		failure = extents ? map_extents(x, ino, inode, c)
				  : map_blocks_one_by_one(x, ino, inode, c);
	if (failure)
		return ext_error(x, path, failure, "cannot map the content", e);
	return ext_write_inode(x, path, ino, inode, e);
}

/* Where content of this inode should lie: in the first group of its flex group. */
static blk64_t content_goal(const struct ext *x, ext2_ino_t ino, dgrp_t *ret_group)
{
	dgrp_t group = ext2fs_group_of_ino(x->e2, ino);
	unsigned log = x->e2->super->s_log_groups_per_flex;
	if (ext2fs_has_feature_flex_bg(x->e2->super) && log && log < 32)
		group &= ~(((dgrp_t)1 << log) - 1);
	*ret_group = group;
	return group == x->goal_group ? x->goal : ext2fs_group_first_block2(x->e2, group);
}

static int stream(struct ext *x, const char *path, ext2_ino_t ino, const struct fs_source *src,
		  struct content *c, struct err *e)
{
	dgrp_t group;
	if (!x->chunk)
		x->chunk = xmalloc(EXT_CHUNK);
	c->goal = content_goal(x, ino, &group);
	/* The kernel does not swap to a file with holes.  A map without extents grows with them. */
	c->whole = ext_swap_name(path) || !ext2fs_has_feature_extents(x->e2->super);
	if (take_content(x, path, src, c, e) < 0)
		return -1;
	if (c->n) {
		x->goal_group = group;
		x->goal = c->goal;
	}
	return 0;
}

static int replace(struct ext *x, const char *path, ext2_ino_t ino, const struct fs_source *src,
		   struct err *e)
{
	struct ext2_inode_large inode;
	struct content c = {0};
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	if (!LINUX_S_ISREG(inode.i_mode))
		return err_set(e, ERR_FAILED, "%s: %s: is a %s, not a regular file", x->fs.what,
			       path,
			       LINUX_S_ISDIR(inode.i_mode)   ? "directory"
			       : LINUX_S_ISLNK(inode.i_mode) ? "symlink"
							     : "special file");
	if (inode.i_flags & (EXT4_ENCRYPT_FL | EXT4_VERITY_FL))
		return err_set(e, ERR_FAILED, "%s: %s: is encrypted or sealed (fs-verity)",
			       x->fs.what, path);
	if (ext_check_map(x, path, ino, &inode, e) < 0 || stream(x, path, ino, src, &c, e) < 0)
		return -1;
	int r = ext_free_blocks(x, path, ino, &inode, e);
	if (r == 0) {
		ext_set_times(&inode, EXT_MTIME | EXT_CTIME, x->fs.now);
		r = map_content(x, path, ino, &inode, &c, e);
	}
	free(c.runs);
	return r;
}

static int create(struct ext *x, struct ext_dir *parent, const char *path,
		  const struct fs_source *src, struct err *e)
{
	struct ext2_inode_large inode = {.i_mode = LINUX_S_IFREG | 0644, .i_links_count = 1};
	struct content c = {0};
	ext2_ino_t ino;
	if (ext_new_inode(x, parent, path, S_IFREG, &ino, e) < 0 ||
	    stream(x, path, ino, src, &c, e) < 0)
		return -1;
	/* The directory may have to grow, by two blocks when it leaves its inode. */
	if (need_room_for_map(x, path, &c, 4, e) < 0)
		return -1;
	errcode_t failure = ext2fs_write_new_inode(x->e2, ino, ext2fs_inode(&inode));
	int r = failure ? ext_error(x, path, failure, "cannot write the inode", e)
			: ext_read_inode(x, path, ino, &inode, e);
	if (r == 0) {
		ext2fs_inode_alloc_stats2(x->e2, ino, +1, 0);
		ext_set_times(&inode, EXT_ATIME | EXT_MTIME | EXT_CTIME | EXT_CRTIME, x->fs.now);
		r = map_content(x, path, ino, &inode, &c, e);
	}
	free(c.runs);
	return r < 0 ? -1 : ext_dir_add(x, parent, path, ino, S_IFREG, e);
}

int ext_write(struct fs *fs, const char *path, const struct fs_source *src, struct err *e)
{
	struct ext *x = ext_of(fs);
	struct ext_dir *parent;
	ext2_ino_t ino;
	if (ext_begin(x, path, e) < 0 || ext_find(x, path, &ino, e) < 0)
		return -1;
	if (ino)
		return replace(x, path, ino, src, e);
	if (ext_begin_new(x, path, &parent, e) < 0)
		return -1;
	return create(x, parent, path, src, e);
}
