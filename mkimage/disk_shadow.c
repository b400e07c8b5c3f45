/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libparted opens what it looks at for writing, and a card's partitions too, which wakes udev and
 * whoever it tells.  So for reading it gets a file in memory with the table's sectors alone.
 */
#include <string.h>
#include <unistd.h>

#include "disk_private.h"
#include "io.h"
#include "mem.h"

#define TABLE 512	  /* bytes of a table of four partitions, whatever the sectors have */
#define EDGE (1ull << 20) /* before it lies the first partition, behind it the GPT's copy */
#define BLOCK 65536	  /* copied at once */
#define LOGICAL_MAX 256	  /* partitions of an extended one; more is a loop */

struct shadow {
	const struct disk *disk;
	int from, to;
};

/*
 * Copy [start, end) as far as the disk has it; what is zero is a hole of the copy already.  Most of
 * it is no table: who copies the disk is the one to be told of what cannot be read.
 */
static int copy(const struct shadow *s, uint64_t start, uint64_t end, struct err *e)
{
	autofree char *buffer = xmalloc(BLOCK);
	end = end < s->disk->size ? end : s->disk->size;
	for (size_t n; start < end; start += n) {
		n = end - start < BLOCK ? (size_t)(end - start) : BLOCK;
		io_pread_rest(s->from, buffer, n, start);
		if (!mem_is_zero(buffer, n) &&
		    io_pwrite_fd(s->to, s->disk->name, buffer, n, start, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * Each logical partition has a table sector of its own; its second entry leads to the next, counted
 * from the extended partition's begin.
 */
static int copy_logical(const struct shadow *s, uint64_t begin, struct err *e)
{
	uint64_t at = begin;
	for (int i = 0; i < LOGICAL_MAX && at + TABLE <= s->disk->size; i++) {
		uint8_t table[TABLE];
		if (io_pread_fd(s->from, s->disk->name, table, sizeof(table), at, e) < 0 ||
		    io_pwrite_fd(s->to, s->disk->name, table, sizeof(table), at, e) < 0)
			return -1;
		const uint8_t *next = table + MBR_ENTRIES + MBR_ENTRY;
		if (!disk_is_extended(next))
			return 0;
		at = begin + (uint64_t)disk_get32(next + 8) * s->disk->sector_size;
	}
	return 0;
}

static int copy_mbr(const struct shadow *s, const uint8_t *head, struct err *e)
{
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *entry = head + MBR_ENTRIES + i * MBR_ENTRY;
		uint64_t begin = (uint64_t)disk_get32(entry + 8) * s->disk->sector_size;
		if (disk_is_extended(entry) && copy_logical(s, begin, e) < 0)
			return -1;
	}
	return 0;
}

/* The copy of a GPT lies at the end of the disk it was made on, which may have been smaller. */
static int copy_backup(const struct shadow *s, const uint8_t *header, struct err *e)
{
	uint64_t sector = s->disk->sector_size, at = disk_get64(header + 32);
	if (memcmp(header, "EFI PART", 8) != 0 || at >= s->disk->size / sector)
		return 0;
	at *= sector;
	return copy(s, at < EDGE ? 0 : at - EDGE, at + sector, e);
}

int disk_shadow(const struct disk *d, int fd, struct err *e)
{
	uint8_t head[TABLE] = {0}, header[TABLE] = {0};
	autoclose int to = io_memfd("partition table", "", 0, e);
	const struct shadow s = {d, fd, to};
	if (to < 0)
		return -1;
	if (ftruncate(to, (off_t)d->size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot copy its partition table", d->name);
	if (copy(&s, 0, EDGE, e) < 0 ||
	    copy(&s, d->size < EDGE ? 0 : d->size - EDGE, d->size, e) < 0)
		return -1;
	if (d->size >= d->sector_size + sizeof(header) &&
	    (io_pread_fd(fd, d->name, head, sizeof(head), 0, e) < 0 ||
	     io_pread_fd(fd, d->name, header, sizeof(header), d->sector_size, e) < 0 ||
	     copy_mbr(&s, head, e) < 0 || copy_backup(&s, header, e) < 0))
		return -1;
	return steal_fd(&to);
}
