/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cow.h"
#include "fs_ext.h"
#include "io.h"
#include "mem.h"

#define CACHE_BYTES (8u << 20)
#define MAX_BLOCK_SIZE (64u << 10)
#define MAX_VECTOR 256
#define AHEAD_BYTES (64u << 10) /* read with one call when blocks are asked for in order */

struct slot {
	uint64_t block;
	bool dirty;
};

struct ext_io {
	int fd;
	bool writable;
	struct cow *cow; /* instead of fd; NULL: none */
	uint64_t offset, size;
	size_t block_size;
	/* Slots fill up in order; when there is none left, all are written and forgotten. */
	struct slot *slots;
	char *data;
	size_t n, max;
	uint32_t *table; /* slot + 1 by block, open addressing, 2 * max rounded up */
	size_t mask;
	uint64_t next; /* the block behind those that were read, or could not be read, last */
};

static struct ext_io *io_of(io_channel channel)
{
	return channel->private_data;
}

static char *slot_data(const struct ext_io *io, size_t slot)
{
	return io->data + slot * io->block_size;
}

static uint32_t *table_entry(const struct ext_io *io, uint64_t block)
{
	size_t i = (size_t)(block * 0x9e3779b97f4a7c15u >> 20) & io->mask;
	while (io->table[i] && io->slots[io->table[i] - 1].block != block)
		i = (i + 1) & io->mask;
	return &io->table[i];
}

static errcode_t read_at(const struct ext_io *io, uint64_t at, void *data, size_t len)
{
	if (at > io->size || len > io->size - at)
		return EXT2_ET_BAD_BLOCK_NUM;
	if (io->cow)
		return cow_read(io->cow, data, len, io->offset + at) < 0 ? errno : 0;
	size_t done;
	if (io_pread_all(io->fd, data, len, io->offset + at, &done) < 0)
		return errno;
	return done == len ? 0 : EXT2_ET_SHORT_READ;
}

static errcode_t write_at(const struct ext_io *io, uint64_t at, const void *data, size_t len)
{
	if (!io->writable)
		return EXT2_ET_RO_FILSYS;
	if (at > io->size || len > io->size - at)
		return EXT2_ET_BAD_BLOCK_NUM;
	if (io->cow)
		return cow_write(io->cow, data, len, io->offset + at) < 0 ? errno : 0;
	size_t done;
	return io_pwrite_all(io->fd, data, len, io->offset + at, &done) < 0 ? errno : 0;
}

/* Write neighbouring blocks with one call; what a short write leaves goes one by one. */
static errcode_t write_run(struct ext_io *io, const uint32_t *slots, size_t n)
{
	struct iovec vector[MAX_VECTOR];
	uint64_t at = io->slots[slots[0]].block * io->block_size;
	for (size_t i = 0; i < n; i++)
		vector[i] = (struct iovec){slot_data(io, slots[i]), io->block_size};
	if (!io->writable)
		return EXT2_ET_RO_FILSYS;
	if (at > io->size || n * io->block_size > io->size - at)
		return EXT2_ET_BAD_BLOCK_NUM;
	ssize_t written = io->cow ? 0 : pwritev(io->fd, vector, (int)n, (off_t)(io->offset + at));
	size_t whole = written > 0 ? (size_t)written / io->block_size : 0;
	for (size_t i = whole; i < n; i++) {
		errcode_t failure = write_at(io, at + i * io->block_size, vector[i].iov_base,
					     io->block_size);
		if (failure)
			return failure;
	}
	for (size_t i = 0; i < n; i++)
		io->slots[slots[i]].dirty = false;
	return 0;
}

static int compare_slots(const void *a, const void *b, void *ctx)
{
	const struct ext_io *io = ctx;
	uint64_t left = io->slots[*(const uint32_t *)a].block;
	uint64_t right = io->slots[*(const uint32_t *)b].block;
	return left < right ? -1 : left > right;
}

/* Write what is dirty, in the order of the disk. */
static errcode_t flush_cache(struct ext_io *io)
{
	autofree uint32_t *dirty = xcalloc(io->n, sizeof(*dirty));
	size_t n = 0;
	for (size_t i = 0; i < io->n; i++) {
		if (io->slots[i].dirty)
			dirty[n++] = (uint32_t)i;
	}
	qsort_r(dirty, n, sizeof(*dirty), compare_slots, io);
	for (size_t i = 0, run; i < n; i += run) {
		uint64_t first = io->slots[dirty[i]].block;
		for (run = 1; i + run < n && run < MAX_VECTOR; run++) {
			if (io->slots[dirty[i + run]].block != first + run)
				break;
		}
		errcode_t failure = write_run(io, dirty + i, run);
		if (failure)
			return failure;
	}
	return 0;
}

static void forget_cache(struct ext_io *io)
{
	if (io->n)
		memset(io->table, 0, (io->mask + 1) * sizeof(*io->table));
	io->n = 0;
}

static void free_cache(struct ext_io *io)
{
	free(io->slots);
	free(io->data);
	free(io->table);
	io->slots = NULL;
	io->data = NULL;
	io->table = NULL;
	io->n = io->max = 0;
}

static void make_cache(struct ext_io *io)
{
	size_t buckets = 2;
	io->max = CACHE_BYTES / io->block_size;
	while (buckets < 2 * io->max)
		buckets *= 2;
	io->slots = xcalloc(io->max, sizeof(*io->slots));
	io->data = xmalloc(CACHE_BYTES);
	io->table = xcalloc(buckets, sizeof(*io->table));
	io->mask = buckets - 1;
}

/* How many blocks, not yet in the cache, to read with this one, which is not in it either. */
static size_t ahead(const struct ext_io *io, uint64_t block)
{
	size_t most = AHEAD_BYTES / io->block_size, n = 1; /* NOLINT: open sets block_size */
	uint64_t end = io->size / io->block_size;
	if (block != io->next)
		return 1;
	while (n < most && io->n + n < io->max && block + n < end && !*table_entry(io, block + n))
		n++;
	return n;
}

/* Read the block, and what is likely to be wanted next, into slots of their own. */
static errcode_t fill_slots(struct ext_io *io, uint64_t block)
{
	size_t n = ahead(io, block);
	char *data = slot_data(io, io->n);
	errcode_t failure = read_at(io, block * io->block_size, data, n * io->block_size);
	io->next = block + n;
	/* One of them is bad: the others are read one by one, so that it is asked for once more. */
	if (failure && n > 1) {
		n = 1;
		failure = read_at(io, block * io->block_size, data, io->block_size);
	}
	for (size_t i = 0; !failure && i < n; i++) {
		io->slots[io->n] = (struct slot){block + i, false};
		*table_entry(io, block + i) = (uint32_t)++io->n;
	}
	return failure;
}

/* The slot of the block; it is read first unless all of it is about to be replaced. */
static errcode_t get_slot(struct ext_io *io, uint64_t block, bool replace, size_t *ret, bool *was)
{
	if (!io->max)
		make_cache(io);
	uint32_t *entry = table_entry(io, block);
	*was = *entry != 0;
	if (*was) {
		*ret = *entry - 1;
		return 0;
	}
	if (io->n == io->max) {
		errcode_t failure = flush_cache(io);
		if (failure)
			return failure;
		forget_cache(io);
		entry = table_entry(io, block);
	}
	*ret = io->n;
	if (!replace)
		return fill_slots(io, block);
	io->slots[io->n] = (struct slot){block, false};
	*entry = (uint32_t)++io->n;
	return 0;
}

/* False when the bytes are not within the file system. */
static bool position(const struct ext_io *io, uint64_t block, uint64_t *ret)
{
	return !__builtin_mul_overflow(block, (uint64_t)io->block_size, ret) && *ret <= io->size;
}

static errcode_t read_bytes(struct ext_io *io, uint64_t at, char *data, size_t len)
{
	while (len) {
		size_t in = at % io->block_size, slot; /* NOLINT: open sets block_size */
		size_t n = len < io->block_size - in ? len : io->block_size - in;
		bool was;
		errcode_t failure = get_slot(io, at / io->block_size, false, &slot, &was);
		if (failure)
			return failure;
		memcpy(data, slot_data(io, slot) + in, n);
		data += n;
		at += n;
		len -= n;
	}
	return 0;
}

static errcode_t write_bytes(struct ext_io *io, uint64_t at, const char *data, size_t len)
{
	if (!io->writable)
		return EXT2_ET_RO_FILSYS;
	if (at > io->size || len > io->size - at)
		return EXT2_ET_BAD_BLOCK_NUM;
	while (len) {
		size_t in = at % io->block_size, slot; /* NOLINT: open sets block_size */
		size_t n = len < io->block_size - in ? len : io->block_size - in;
		bool was;
		errcode_t failure = get_slot(io, at / io->block_size, n == io->block_size, &slot,
					     &was);
		if (failure)
			return failure;
		char *cached = slot_data(io, slot) + in;
		/* A block that was not read can only be compared when it was. */
		bool known = was || n != io->block_size;
		if (!known || memcmp(cached, data, n) != 0) {
			memcpy(cached, data, n);
			io->slots[slot].dirty = true;
		}
		data += n;
		at += n;
		len -= n;
	}
	return 0;
}

/* A negative count is a number of bytes. */
static size_t byte_count(const struct ext_io *io, int count)
{
	return count < 0 ? (size_t) - (long)count : (size_t)count * io->block_size;
}

static errcode_t channel_read64(io_channel channel, unsigned long long block, int count, void *data)
{
	struct ext_io *io = io_of(channel);
	uint64_t at;
	if (!position(io, block, &at))
		return EXT2_ET_BAD_BLOCK_NUM;
	return read_bytes(io, at, data, byte_count(io, count));
}

static errcode_t channel_write64(io_channel channel, unsigned long long block, int count,
				 const void *data)
{
	struct ext_io *io = io_of(channel);
	uint64_t at;
	if (!position(io, block, &at))
		return EXT2_ET_BAD_BLOCK_NUM;
	return write_bytes(io, at, data, byte_count(io, count));
}

static errcode_t channel_read(io_channel channel, unsigned long block, int count, void *data)
{
	return channel_read64(channel, block, count, data);
}

static errcode_t channel_write(io_channel channel, unsigned long block, int count, const void *data)
{
	return channel_write64(channel, block, count, data);
}

static errcode_t channel_write_byte(io_channel channel, unsigned long offset, int size,
				    const void *data)
{
	return write_bytes(io_of(channel), offset, data, (size_t)size);
}

static errcode_t channel_zeroout(io_channel channel, unsigned long long block,
				 unsigned long long count)
{
	struct ext_io *io = io_of(channel);
	autofree char *zeros = xcalloc(1, io->block_size);
	for (; count; count--, block++) {
		errcode_t failure = channel_write64(channel, block, 1, zeros);
		if (failure)
			return failure;
	}
	return 0;
}

static errcode_t channel_flush(io_channel channel)
{
	return flush_cache(io_of(channel));
}

static errcode_t channel_set_block_size(io_channel channel, int size)
{
	struct ext_io *io = io_of(channel);
	if (size < 1024 || (size_t)size > MAX_BLOCK_SIZE)
		return EXT2_ET_INVALID_ARGUMENT;
	if ((size_t)size == io->block_size)
		return 0;
	errcode_t failure = flush_cache(io);
	free_cache(io);
	io->block_size = (size_t)size;
	channel->block_size = size;
	return failure;
}

static errcode_t channel_set_option(io_channel channel, const char *option, const char *text)
{
	struct ext_io *io = io_of(channel);
	long long value;
	if (!text || !parse_number(text, 0, LLONG_MAX, &value))
		return EXT2_ET_INVALID_ARGUMENT;
	if (strcmp(option, "offset") == 0)
		io->offset = (uint64_t)value;
	else if (strcmp(option, "size") == 0)
		io->size = (uint64_t)value;
	else if (strcmp(option, "cow") == 0)
		io->cow = (struct cow *)(uintptr_t)value; /* NOLINT(performance-no-int-to-ptr) */
	else
		return EXT2_ET_INVALID_ARGUMENT;
	return 0;
}

static errcode_t channel_open(const char *name, int flags, io_channel *ret)
{
	long long fd;
	if (!parse_number(name, 0, INT_MAX, &fd))
		return EXT2_ET_BAD_DEVICE_NAME;
	struct ext_io *io = xcalloc(1, sizeof(*io));
	*io = (struct ext_io){
		.fd = (int)fd, .writable = (flags & IO_FLAG_RW) != 0, .block_size = 1024};
	io_channel channel = xcalloc(1, sizeof(*channel));
	channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->manager = &ext_io_manager;
	channel->name = xstrdup(name);
	channel->block_size = 1024;
	channel->refcount = 1;
	channel->private_data = io;
	*ret = channel;
	return 0;
}

static errcode_t channel_close(io_channel channel)
{
	if (--channel->refcount > 0)
		return 0;
	struct ext_io *io = io_of(channel);
	errcode_t failure = io->writable ? flush_cache(io) : 0;
	free_cache(io);
	if (close(io->fd) < 0 && !failure)
		failure = errno;
	free(io);
	free(channel->name);
	free(channel);
	return failure;
}

/* No statistics: libext2fs would count the bytes written in the superblock. */
struct struct_io_manager ext_io_manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "partition of an image",
	.open = channel_open,
	.close = channel_close,
	.set_blksize = channel_set_block_size,
	.read_blk = channel_read,
	.write_blk = channel_write,
	.flush = channel_flush,
	.write_byte = channel_write_byte,
	.set_option = channel_set_option,
	.read_blk64 = channel_read64,
	.write_blk64 = channel_write64,
	.zeroout = channel_zeroout,
};

void ext_io_discard(io_channel channel)
{
	struct ext_io *io = io_of(channel);
	forget_cache(io);
	io->writable = false;
}

errcode_t ext_io_write_data(io_channel channel, blk64_t block, size_t n, const void *data)
{
	struct ext_io *io = io_of(channel);
	uint64_t at;
	if (!position(io, block, &at))
		return EXT2_ET_BAD_BLOCK_NUM;
	/* Many small files are neighbours: the cache makes one write of them. */
	if (n * io->block_size <= 64u << 10)
		return write_bytes(io, at, data, n * io->block_size);
	for (size_t i = 0; io->n && i < n; i++) {
		uint32_t slot = *table_entry(io, block + i);
		if (!slot)
			continue;
		memcpy(slot_data(io, slot - 1), (const char *)data + i * io->block_size,
		       io->block_size);
		io->slots[slot - 1].dirty = false;
	}
	return write_at(io, at, data, n * io->block_size);
}
