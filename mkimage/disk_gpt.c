/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "crc32.h"
#include "disk_gpt.h"
#include "io.h"
#include "mem.h"

#define ENTRIES_MAX 1024

void gpt_copy_done(struct gpt_copy *g)
{
	free(g->entries);
}

static uint32_t header_crc(struct gpt_copy *g)
{
	uint8_t kept[4];
	memcpy(kept, g->header + GPT_HEADER_CRC, sizeof(kept));
	memset(g->header + GPT_HEADER_CRC, 0, sizeof(kept));
	uint32_t crc = crc32_of(g->header, g->header_len);
	memcpy(g->header + GPT_HEADER_CRC, kept, sizeof(kept));
	return crc;
}

static bool header_is_sane(const struct disk *d, uint64_t lba, struct gpt_copy *g)
{
	const uint8_t *h = g->header;
	g->header_len = disk_get32(h + GPT_HEADER_LEN);
	return memcmp(h, "EFI PART", 8) == 0 && g->header_len >= GPT_HEADER_MIN &&
	       g->header_len <= d->sector_size && disk_get64(h + GPT_OWN) == lba &&
	       disk_get32(h + GPT_ENTRIES_COUNT) <= ENTRIES_MAX &&
	       disk_get32(h + GPT_ENTRIES_SIZE) == GPT_ENTRY_LEN &&
	       disk_get64(h + GPT_ENTRIES) < d->size / d->sector_size &&
	       header_crc(g) == disk_get32(h + GPT_HEADER_CRC);
}

int gpt_copy_read(const struct disk *d, int fd, uint64_t lba, struct gpt_copy *g, struct err *e)
{
	if (lba >= d->size / d->sector_size || d->sector_size > sizeof(g->header))
		return 0;
	g->at = lba * d->sector_size;
	if (io_pread_fd(fd, d->name, g->header, d->sector_size, g->at, e) < 0)
		return -1;
	if (!header_is_sane(d, lba, g))
		return 0;
	g->entries_at = disk_get64(g->header + GPT_ENTRIES) * d->sector_size;
	g->entries_len = (size_t)disk_get32(g->header + GPT_ENTRIES_COUNT) * GPT_ENTRY_LEN;
	if (g->entries_len > d->size - g->entries_at)
		return 0;
	g->entries = xmalloc(g->entries_len + 1);
	if (io_pread_fd(fd, d->name, g->entries, g->entries_len, g->entries_at, e) < 0)
		return -1;
	return crc32_of(g->entries, g->entries_len) == disk_get32(g->header + GPT_ENTRIES_CRC);
}

void gpt_copy_dup(const struct gpt_copy *from, struct gpt_copy *to)
{
	*to = *from;
	to->entries = xmemdup(from->entries, from->entries_len);
}

void gpt_copy_seal(struct gpt_copy *g)
{
	disk_put32(g->header + GPT_ENTRIES_CRC, crc32_of(g->entries, g->entries_len));
	disk_put32(g->header + GPT_HEADER_CRC, header_crc(g));
}

int gpt_copy_write_entries(const struct disk *d, int fd, const struct gpt_copy *g, struct err *e)
{
	return io_pwrite_fd(fd, d->name, g->entries, g->entries_len, g->entries_at, e);
}

int gpt_copy_write_header(const struct disk *d, int fd, const struct gpt_copy *g, struct err *e)
{
	return io_pwrite_fd(fd, d->name, g->header, d->sector_size, g->at, e);
}

size_t disk_backup(const struct disk *d, int fd, struct disk_range ret[DISK_BACKUP_RANGES])
{
	auto_gpt_copy first = {0}, backup = {0};
	auto_err ignored = ERR_INIT;
	if (d->table != DISK_GPT || gpt_copy_read(d, fd, 1, &first, &ignored) != 1 ||
	    gpt_copy_read(d, fd, disk_get64(first.header + GPT_BACKUP), &backup, &ignored) != 1)
		return 0;
	ret[0] = (struct disk_range){backup.entries_at, backup.entries_len};
	ret[1] = (struct disk_range){backup.at, d->sector_size};
	return DISK_BACKUP_RANGES;
}
