/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "disk_private.h"
#include "io.h"
#include "mem.h"

#define BACKUP_TABLE (-1) /* as a "partition" that reaches beyond the end */
#define SECTOR_MAX 4096
#define LBA_MAX (UINT64_MAX / SECTOR_MAX - 1) /* anything larger is nonsense and would overflow */

static bool read_at(int fd, uint64_t offset, uint8_t *to, size_t len)
{
	auto_err ignored = ERR_INIT;
	return io_pread_fd(fd, "", to, len, offset, &ignored) == 0;
}

bool disk_gpt_read(const struct disk *d, int fd, uint64_t lba, struct disk_gpt *ret)
{
	uint8_t h[92];
	if (lba > LBA_MAX || !read_at(fd, lba * d->sector_size, h, sizeof(h)) ||
	    memcmp(h, "EFI PART", 8) != 0)
		return false;
	*ret = (struct disk_gpt){
		.header_size = disk_get32(h + 12),
		.own = disk_get64(h + 24),
		.backup = disk_get64(h + 32),
		.first = disk_get64(h + 40),
		.last = disk_get64(h + 48),
		.table = disk_get64(h + 72),
		.n = disk_get32(h + 80),
		.entry_size = disk_get32(h + 84),
	};
	return true;
}

const char *disk_gpt_fault(const struct disk *d, uint64_t lba, const struct disk_gpt *g)
{
	if (g->header_size < 92 || g->header_size > d->sector_size || g->own != lba)
		return "its header is not where it says";
	if (g->entry_size != 128 || g->n < 1 || g->n > 1024)
		return "it has an impossible number or size of entries";
	if (g->backup > LBA_MAX || g->table > LBA_MAX || g->table < 2 || g->last > LBA_MAX ||
	    g->first > g->last || g->first < 3)
		return "its header has impossible sector numbers";
	return NULL;
}

/* Judge each entry; *ret_worst is the one that ends furthest beyond the image, at *ret_end. */
static const char *gpt_entries_fault(const struct disk *d, int fd, const struct disk_gpt *g,
				     int *ret_worst, uint64_t *ret_end)
{
	static const uint8_t unused[16];
	for (uint32_t i = 0; i < g->n; i++) {
		uint8_t entry[128];
		if (!read_at(fd, g->table * d->sector_size + i * sizeof(entry), entry,
			     sizeof(entry)))
			return "its list of partitions cannot be read";
		uint64_t first = disk_get64(entry + 32), last = disk_get64(entry + 40);
		if (memcmp(entry, unused, sizeof(unused)) == 0)
			continue;
		if (first > last || first < g->first || last > g->last)
			return "a partition lies outside the range for partitions";
		if ((last + 1) * d->sector_size > *ret_end) {
			*ret_end = (last + 1) * d->sector_size;
			*ret_worst = (int)i + 1;
		}
	}
	return NULL;
}

static int mbr_beyond(const struct disk *d, int fd, uint64_t *ret_end)
{
	uint8_t mbr[512];
	int worst = 0;
	if (!read_at(fd, 0, mbr, sizeof(mbr)))
		return 0;
	for (int i = 0; i < 4; i++) {
		const uint8_t *entry = mbr + MBR_ENTRIES + MBR_ENTRY * i;
		uint64_t end = ((uint64_t)disk_get32(entry + 8) + disk_get32(entry + 12)) *
			       d->sector_size;
		if (entry[4] && end > *ret_end) {
			*ret_end = end;
			worst = i + 1;
		}
	}
	return worst;
}

static int refuse_gpt(const struct disk *d, const char *fault, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: the GPT is damaged: %s; repair it by `gdisk`", d->name,
		       fault);
}

static int gpt_check(const struct disk *d, int fd, int *ret_worst, uint64_t *ret_end, struct err *e)
{
	struct disk_gpt g;
	const char *fault = "it has no header";
	if (disk_gpt_read(d, fd, 1, &g))
		fault = disk_gpt_fault(d, 1, &g);
	if (fault)
		return refuse_gpt(d, fault, e);
	if ((g.backup + 1) * d->sector_size > *ret_end) {
		*ret_end = (g.backup + 1) * d->sector_size;
		*ret_worst = BACKUP_TABLE;
	}
	fault = gpt_entries_fault(d, fd, &g, ret_worst, ret_end);
	if (fault)
		return refuse_gpt(d, fault, e);
	const uint64_t places[] = {g.backup, d->size / d->sector_size - 1};
	for (size_t i = 0; i < 2; i++) {
		struct disk_gpt other;
		int worst;
		uint64_t end = UINT64_MAX;
		if (!disk_gpt_read(d, fd, places[i], &other))
			continue;
		fault = disk_gpt_fault(d, places[i], &other);
		if (!fault)
			fault = gpt_entries_fault(d, fd, &other, &worst, &end);
		if (fault)
			return refuse_gpt(d, fault, e);
	}
	return 0;
}

int disk_raw_check(const struct disk *d, int fd, struct err *e)
{
	uint64_t end = d->size;
	int worst = 0;
	if (d->table == DISK_MBR)
		worst = mbr_beyond(d, fd, &end);
	else if (gpt_check(d, fd, &worst, &end, e) < 0)
		return -1;
	if (!worst)
		return 0;
	autofree char *what = worst == BACKUP_TABLE ? xstrdup("the backup partition table")
						    : xasprintf("partition %d", worst);
	return err_set(e, ERR_IMAGE,
		       "%s: the image is truncated: %s ends at byte %llu, the image at %llu, so "
		       "%llu bytes are missing; download or copy it again",
		       d->name, what, (unsigned long long)end, (unsigned long long)d->size,
		       (unsigned long long)(end - d->size));
}

bool disk_raw_is_hybrid(int fd)
{
	uint8_t mbr[512];
	if (!read_at(fd, 0, mbr, sizeof(mbr)))
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t type = mbr[MBR_ENTRIES + MBR_ENTRY * i + 4];
		if (type && type != 0xee)
			return true;
	}
	return false;
}

uint32_t disk_raw_hybrid_id(int fd)
{
	uint8_t id[4];
	return disk_raw_is_hybrid(fd) && read_at(fd, MBR_ID, id, sizeof(id)) ? disk_get32(id) : 0;
}
