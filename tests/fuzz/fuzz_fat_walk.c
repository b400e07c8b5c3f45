/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile FAT: the input says which bytes are others in a good one of 12 or 32 bits.  Its
 * directories are walked, its use is mapped, and what was deleted is made zeros: all within its
 * partition.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "fat.h"
#include "io.h"
#include "mem.h"

#define BEFORE 512u /* bytes of somebody else */
#define SECTOR 512u
#define ROOT_ENTRIES 16u
#define SECTORS 64u
#define SIZE (SECTORS * SECTOR)
#define ALL (BEFORE + SIZE + BEFORE)
#define OTHERS 0x5a

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put_slot(uint8_t *slot, const char *name, uint8_t attr, unsigned cluster, unsigned size)
{
	memcpy(slot, name, 11);
	slot[11] = attr;
	put16(slot + 26, cluster);
	put16(slot + 28, size);
}

/* Clusters of a sector: 2 is a directory (or the root of 32 bits), 3 one below it, 4 a file. */
static void make_fat(uint8_t *fat, bool is_32)
{
	uint8_t *table = fat + SECTOR, *root = table + 8u * SECTOR, *dir = root + SECTOR;
	put16(fat + 11, SECTOR);
	fat[13] = 1;
	put16(fat + 14, 1); /* reserved */
	fat[16] = 1;	    /* table */
	put16(fat + 17, is_32 ? 0 : ROOT_ENTRIES);
	put16(fat + 19, SECTORS);
	put16(fat + (is_32 ? 36 : 22), 8);
	fat[44] = is_32 ? 2 : 0;
	memset(table, 0xff, 24);
	if (is_32)
		dir = root; /* which is cluster 2, and its entries those of the root */
	else
		put_slot(root, "DIR        ", FAT_ATTR_DIR, 2, 0);
	put_slot(dir, "BELOW      ", FAT_ATTR_DIR, 3, 0);
	put_slot(dir + FAT_SLOT, "FILE    TXT", 0, 4, 100);
	put_slot(dir + 2u * FAT_SLOT,
		 "\xe5"
		 "ONE    TXT",
		 0, 5, 100);
	memset(dir + 2u * SECTOR, 'x', SECTOR);
}

static struct str image_of(int fd)
{
	struct str s = STR_INIT;
	autofree char *all = xmalloc(ALL);
	auto_err e = ERR_INIT;
	expect(io_pread_fd(fd, "fat", all, ALL, 0, &e) == 0);
	str_add(&s, all, ALL);
	return s;
}

static void expect_within(const struct blockmap *m)
{
	for (size_t i = 0; i < m->n; i++)
		expect(m->extents[i].start >= BEFORE &&
		       m->extents[i].start + m->extents[i].len <= BEFORE + SIZE);
}

static void map_all(const struct fs_open *o)
{
	auto_err e = ERR_INIT, another = ERR_INIT;
	auto_blockmap used = {0}, metadata = {0};
	bool mapped = fs_fat_blockmap(o, &used, &e) == 0;
	expect(mapped == (fs_fat_metadata(o, &metadata, &another) == 0));
	if (!mapped)
		return;
	expect_within(&used);
	expect_within(&metadata);
}

/* Only zeros are written, and none into the boot sector and the tables. */
static void scrub(const struct fs_open *o, int fd)
{
	auto_err e = ERR_INIT;
	auto_fat_volume v = {.fd = -1};
	auto_str before = image_of(fd);
	if (fs_fat_scrub(o, &e) < 0)
		return;
	auto_str after = image_of(fd);
	expect(fat_volume_open(fd, o->what, o->offset, o->size, &v, &e) == 0);
	size_t from = BEFORE + (size_t)v.root, to = BEFORE + SIZE;
	expect(memcmp(after.data, before.data, from) == 0);
	expect(memcmp(after.data + to, before.data + to, BEFORE) == 0);
	for (size_t i = from; i < to; i++)
		expect(after.data[i] == before.data[i] || !after.data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_err e = ERR_INIT;
	autofree uint8_t *all = xcalloc(ALL, 1);
	memset(all, OTHERS, BEFORE);
	memset(all + BEFORE + SIZE, OTHERS, BEFORE);
	make_fat(all + BEFORE, size && data[0] & 1);
	for (size_t i = 1; i + 3 <= size; i += 3) /* where, and what */
		all[BEFORE + (data[i] | data[i + 1] << 8) % SIZE] = data[i + 2];
	autoclose int fd = io_memfd("fat", all, ALL, &e);
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	expect(fd >= 0);
	const struct fs_open open = {
		.path = path, .offset = BEFORE, .size = SIZE, .what = "fat", .writable = true};
	map_all(&open);
	scrub(&open, fd);
	return 0;
}
