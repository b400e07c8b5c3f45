/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cow.h"
#include "image_parts.h"
#include "interrupt.h"
#include "io.h"
#include "mem.h"

#define PROBED (1u << 20) /* bytes of a partition that libblkid and libparted look at */
#define PIECE (1u << 20)

static bool is_absent(const struct cow *c, uint64_t block)
{
	return c->absent && c->absent[block / 8] & 1u << block % 8;
}

static void set_absent(struct cow *c, uint64_t block)
{
	c->absent[block / 8] |= (uint8_t)(1u << block % 8);
}

static void set_present(struct cow *c, uint64_t block)
{
	if (c->absent)
		c->absent[block / 8] &= (uint8_t) ~(1u << block % 8);
}

void cow_free(struct cow *c)
{
	if (!c)
		return;
	output_done(&c->file);
	cleanup_close(&c->below);
	free(c->absent);
	free(c->name);
	free(c);
}

const char *cow_path(const struct cow *c)
{
	return c->file.path;
}

static int read_all(int fd, void *data, size_t len, uint64_t at)
{
	size_t done;
	if (io_pread_all(fd, data, len, at, &done) < 0)
		return -1;
	if (done == len)
		return 0;
	errno = EIO; /* it became shorter */
	return -1;
}

static int write_all(int fd, const void *data, size_t len, uint64_t at)
{
	size_t done;
	return io_pwrite_all(fd, data, len, at, &done);
}

/* How many of the bytes from at on lie in one file, and whether it is the one below. */
static size_t run_at(const struct cow *c, uint64_t at, size_t len, bool *below)
{
	uint64_t block = at / COW_BLOCK, end = at + len;
	*below = is_absent(c, block);
	while (++block * COW_BLOCK < end && is_absent(c, block) == *below)
		continue;
	uint64_t stop = block * COW_BLOCK < end ? block * COW_BLOCK : end;
	return (size_t)(stop - at);
}

int cow_read(const struct cow *c, void *data, size_t len, uint64_t at)
{
	if (at > c->size || len > c->size - at) {
		errno = EINVAL;
		return -1;
	}
	for (char *p = data; len;) {
		bool below;
		size_t n = run_at(c, at, len, &below);
		if (read_all(below ? c->below : c->file.fd, p, n, at) < 0)
			return -1;
		p += n;
		at += n;
		len -= n;
	}
	return 0;
}

/* The last block of an image may be a part of one. */
static size_t block_len(const struct cow *c, uint64_t block)
{
	uint64_t left = c->size - block * COW_BLOCK;
	return left < COW_BLOCK ? (size_t)left : COW_BLOCK;
}

static int fetch(struct cow *c, uint64_t block)
{
	char data[COW_BLOCK];
	uint64_t at = block * COW_BLOCK;
	size_t len = block_len(c, block);
	if (!is_absent(c, block))
		return 0;
	if (read_all(c->below, data, len, at) < 0 || write_all(c->file.fd, data, len, at) < 0)
		return -1;
	set_present(c, block);
	return 0;
}

int cow_write(struct cow *c, const void *data, size_t len, uint64_t at)
{
	if (at > c->size || len > c->size - at) {
		errno = EINVAL;
		return -1;
	}
	if (!len)
		return 0;
	uint64_t first = at / COW_BLOCK, last = (at + len - 1) / COW_BLOCK;
	/* Blocks of which only a part is written. */
	if ((at % COW_BLOCK && fetch(c, first) < 0) ||
	    (at + len < last * COW_BLOCK + block_len(c, last) && fetch(c, last) < 0))
		return -1;
	if (write_all(c->file.fd, data, len, at) < 0)
		return -1;
	for (uint64_t block = first; block <= last; block++)
		set_present(c, block);
	return 0;
}

/* ---- what is in the file from the beginning ---- */

static int fill_extent(struct cow *c, const struct extent *x, char *buffer, struct err *e)
{
	uint64_t at = x->start - x->start % COW_BLOCK, end = x->start + x->len;
	end += (COW_BLOCK - end % COW_BLOCK) % COW_BLOCK;
	end = end < c->size ? end : c->size;
	for (size_t n; at < end; at += n) {
		n = end - at < PIECE ? (size_t)(end - at) : PIECE;
		if (interrupt_check(e) < 0)
			return -1;
		if (read_all(c->below, buffer, n, at) < 0 || cow_write(c, buffer, n, at) < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot copy byte %llu", c->name,
					 (unsigned long long)at);
	}
	return 0;
}

/* Of what is used within [start, end). */
static int fill(struct cow *c, const struct blockmap *used, uint64_t start, uint64_t end,
		struct err *e)
{
	auto_blockmap part = {0};
	autofree char *buffer = xmalloc(PIECE);
	size_t hint = 0;
	blockmap_clip(used, start, end, &hint, &part);
	for (size_t i = 0; i < part.n; i++) {
		if (fill_extent(c, &part.extents[i], buffer, e) < 0)
			return -1;
	}
	return 0;
}

static int fill_part(struct cow *c, const struct blockmap *used, const struct part *p,
		     struct err *e)
{
	uint64_t len = part_is_ext(p) && p->size > PROBED ? PROBED : p->size;
	return fill(c, used, p->start, p->start + len, e);
}

/* Tables stand before, between and behind the partitions. */
static int fill_tables(struct cow *c, const struct disk *d, const struct blockmap *used,
		       struct err *e)
{
	auto_blockmap parts = {0}, gaps = {0};
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		const struct extent x = {p->start, p->size};
		const struct blockmap one = {(struct extent *)&x, 1, 1, p->size};
		if (!p->extended)
			blockmap_merge(&parts, &one);
	}
	uint64_t at = 0;
	for (size_t i = 0; i < parts.n; i++) {
		if (parts.extents[i].start > at)
			blockmap_add(&gaps, at, parts.extents[i].start - at);
		at = parts.extents[i].start + parts.extents[i].len;
	}
	if (at < d->size)
		blockmap_add(&gaps, at, d->size - at);
	for (size_t i = 0; i < gaps.n; i++) {
		const struct extent *x = &gaps.extents[i];
		if (fill(c, used, x->start, x->start + x->len, e) < 0)
			return -1;
	}
	return 0;
}

static int fill_probed(struct cow *c, const struct disk *d, const struct blockmap *used,
		       struct err *e)
{
	if (fill_tables(c, d, used, e) < 0)
		return -1;
	for (size_t i = 0; i < d->n_parts; i++) {
		if (!d->parts[i].extended && fill_part(c, used, &d->parts[i], e) < 0)
			return -1;
	}
	return 0;
}

/* Free space is no one's: it is there, as holes. */
static int fill_some(struct cow *c, const struct disk *d, const struct blockmap *used,
		     struct err *e)
{
	c->absent = xcalloc(1, (size_t)(c->size / COW_BLOCK / 8 + 1));
	for (size_t i = 0; i < used->n; i++) {
		const struct extent *x = &used->extents[i];
		for (uint64_t at = x->start / COW_BLOCK; at * COW_BLOCK < x->start + x->len; at++)
			set_absent(c, at);
	}
	if (ftruncate(c->file.fd, (off_t)c->size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make room for its changes", c->name);
	return fill_probed(c, d, used, e);
}

int cow_new(const struct disk *d, const char *dir, bool whole, struct cow **ret, struct err *e)
{
	auto_cow *c = xcalloc(1, sizeof(*c));
	auto_blockmap used = {0};
	c->file.fd = -1;
	c->name = xstrdup(d->name);
	c->size = d->size;
	c->below = open(d->path, O_RDONLY | O_CLOEXEC);
	if (c->below < 0 || fstat(c->below, &c->st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", d->name);
	if (output_begin(dir, "changed-blocks", &c->file, e) < 0 || blockmap_build(d, &used, e) < 0)
		return -1;
	int r = whole ? blockmap_copy(c->below, c->file.fd, d->name, d->size, &used, NULL, NULL, e)
		      : fill_some(c, d, &used, e);
	if (r < 0)
		return -1;
	*ret = steal(&c);
	return 0;
}

int cow_look_again(struct cow *c, struct err *e)
{
	struct stat st;
	if (fstat(c->file.fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot find its size", c->name);
	c->size = (uint64_t)st.st_size;
	return 0;
}

int cow_check_below(const struct cow *c, struct err *e)
{
	return io_check_unchanged(c->below, &c->st, c->name, e);
}
