/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile partition table: the input says which bytes are others in a good one, an MBR or a GPT,
 * whose sums then fit again.  What grows is where it is to be afterwards, and nothing else moved.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk_extend.h"
#include "disk_gpt.h"
#include "io.h"
#include "mem.h"

#define SIZE (8u << 20)
#define SECTOR 512
#define HEAD (34 * SECTOR)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_mbr(uint8_t *entry, uint8_t type, uint32_t first, uint32_t sectors)
{
	entry[4] = type;
	disk_put32(entry + 8, first);
	disk_put32(entry + 12, sectors);
}

static void put_gpt(uint8_t *entry, uint64_t first, uint64_t last)
{
	memset(entry, 0x5a, 2 * (size_t)GPT_ENTRY_GUID);
	disk_put64(entry + GPT_ENTRY_FIRST, first);
	disk_put64(entry + GPT_ENTRY_LAST, last);
}

/* Two partitions on a disk of 6 MiB. */
static void make_table(uint8_t *head, bool gpt)
{
	uint8_t *header = head + SECTOR;
	memcpy(head + 510, "\x55\xaa", 2);
	put_mbr(head + MBR_ENTRIES, gpt ? 0xee : 0x0c, gpt ? 1 : 2048, gpt ? 12287 : 2048);
	if (!gpt) {
		put_mbr(head + MBR_ENTRIES + MBR_ENTRY, 0x83, 4096, 2048);
		return;
	}
	memcpy(header, "EFI PART\0\0\1\0", 12);
	disk_put32(header + GPT_HEADER_LEN, GPT_HEADER_MIN);
	disk_put64(header + GPT_OWN, 1);
	disk_put64(header + GPT_BACKUP, 12287);
	disk_put64(header + GPT_LAST_USABLE - 8, 34);
	disk_put64(header + GPT_LAST_USABLE, 12254);
	disk_put64(header + GPT_ENTRIES, 2);
	disk_put32(header + GPT_ENTRIES_COUNT, 128);
	disk_put32(header + GPT_ENTRIES_SIZE, GPT_ENTRY_LEN);
	put_gpt(header + SECTOR, 2048, 4095);
	put_gpt(header + SECTOR + GPT_ENTRY_LEN, 4096, 6143);
}

/* As whoever forges a table would. */
static void seal(uint8_t *head)
{
	struct gpt_copy g = {.header_len = disk_get32(head + SECTOR + GPT_HEADER_LEN),
			     .entries = head + 2 * SECTOR};
	uint64_t count = disk_get32(head + SECTOR + GPT_ENTRIES_COUNT);
	if (memcmp(head + SECTOR, "EFI PART", 8) != 0 || g.header_len > SECTOR ||
	    count > (HEAD - 2 * SECTOR) / GPT_ENTRY_LEN)
		return;
	g.entries_len = count * GPT_ENTRY_LEN;
	memcpy(g.header, head + SECTOR, SECTOR);
	gpt_copy_seal(&g);
	memcpy(head + SECTOR, g.header, SECTOR);
}

static struct disk *read_disk(int fd)
{
	auto_err e = ERR_INIT;
	autofree char *other = NULL;
	auto_disk *d = xcalloc(1, sizeof(*d));
	d->name = xstrdup("disk");
	d->size = SIZE;
	return disk_table_read(d, fd, &other, &e) > 0 ? steal(&d) : NULL;
}

static void check(const struct disk *before, const struct part *grown, uint64_t end, int fd)
{
	auto_disk *after = read_disk(fd);
	if (!after || after->n_parts != before->n_parts)
		abort();
	for (size_t i = 0; i < before->n_parts; i++) {
		const struct part *was = &before->parts[i], *is = &after->parts[i];
		uint64_t size = was == grown ? end - was->start : was->size;
		if (is->number != was->number || is->start != was->start || is->size != size)
			abort();
	}
}

/* True when it has grown. */
static bool grow(const struct disk *d, const struct part *part, int fd)
{
	auto_err e = ERR_INIT;
	uint64_t end;
	if (disk_extend_obstacle(d, part, fd) || disk_extend_limit(d, fd, &end, &e) < 0 ||
	    end <= part->start + part->size || disk_extend(d, part, end, true, fd, &e) < 0)
		return false;
	check(d, part, end, fd);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_err e = ERR_INIT;
	uint8_t head[HEAD] = {0};
	make_table(head, size && data[0] & 1);
	for (size_t i = 1; i + 3 <= size; i += 3) /* where, and what */
		head[(data[i] | data[i + 1] << 8) % HEAD] = data[i + 2];
	seal(head);
	autoclose int fd = io_memfd("disk", head, HEAD, &e);
	if (fd < 0 || ftruncate(fd, SIZE) < 0)
		abort();
	auto_disk *d = read_disk(fd);
	for (size_t i = 0; d && i < d->n_parts && !grow(d, &d->parts[i], fd);)
		i++;
	return 0;
}
