/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of a disk of which only the beginning is there: an image that is being unpacked.
 * libparted wants all of a disk, so this is read by hand; what a table is judged by once the whole
 * disk is there is not judged here.
 */
#include <string.h>
#include <unistd.h>

#include "disk_private.h"
#include "io.h"
#include "mem.h"

#define SECTOR 512
#define GPT_TYPE 0xee

static void add_part(struct disk *d, int number, uint64_t start, uint64_t size, bool extended)
{
	d->parts = xrealloc(d->parts, d->n_parts + 1, sizeof(*d->parts));
	d->parts[d->n_parts++] =
		(struct part){.number = number, .start = start, .size = size, .extended = extended};
	if (start + size > d->size)
		d->size = start + size;
}

/*
 * The signature is also that of a FAT's boot sector, which has code where a table has entries:
 * their first byte is a flag.
 */
static bool is_mbr(const uint8_t *mbr)
{
	bool any = false;
	for (int i = 0; i < 4; i++) {
		const uint8_t *entry = mbr + MBR_ENTRIES + i * MBR_ENTRY;
		if (entry[0] != 0 && entry[0] != 0x80)
			return false;
		any = any || (entry[4] && disk_get32(entry + 12));
	}
	return any && mbr[510] == 0x55 && mbr[511] == 0xaa;
}

static bool read_mbr(struct disk *d, const uint8_t *mbr)
{
	d->table = DISK_MBR;
	for (int i = 0; i < 4; i++) {
		const uint8_t *entry = mbr + MBR_ENTRIES + i * MBR_ENTRY;
		if (entry[4] == GPT_TYPE)
			return true;
		if (entry[4])
			add_part(d, i + 1, disk_get32(entry + 8) * (uint64_t)SECTOR,
				 disk_get32(entry + 12) * (uint64_t)SECTOR,
				 disk_is_extended(entry));
	}
	return false;
}

static int read_gpt(struct disk *d, int fd, struct err *e)
{
	struct disk_gpt g;
	d->table = DISK_GPT;
	d->n_parts = 0;
	d->size = 0;
	const char *fault = disk_gpt_read(d, fd, 1, &g) ? disk_gpt_fault(d, 1, &g)
							: "it has no header";
	if (fault)
		return err_set(e, ERR_IMAGE, "%s: the GPT is damaged: %s", d->name, fault);
	for (uint32_t i = 0; i < g.n; i++) {
		uint8_t entry[128];
		if (io_pread_fd(fd, d->name, entry, sizeof(entry), g.table * SECTOR + i * 128ull,
				e) < 0)
			return -1;
		uint64_t first = disk_get64(entry + 32), last = disk_get64(entry + 40);
		if (memcmp(entry, (uint8_t[16]){0}, 16) == 0)
			continue;
		if (first < g.first || last < first || last > g.last)
			return err_set(
				e, ERR_IMAGE,
				"%s: the GPT is damaged: partition %u lies outside the range "
				"for partitions",
				d->name, i + 1);
		add_part(d, (int)i + 1, first * SECTOR, (last - first + 1) * SECTOR, false);
	}
	/* The copy of the table is the disk's end. */
	if ((g.backup + 1) * SECTOR > d->size)
		d->size = (g.backup + 1) * SECTOR;
	return 0;
}

/* No table: a file system, which says what it is; not how large it is. */
static int read_whole(struct disk *d, int fd, struct err *e)
{
	off_t there = lseek(fd, 0, SEEK_END);
	d->table = DISK_WHOLE;
	add_part(d, 0, 0, there < 0 ? 0 : (uint64_t)there, false);
	if (disk_content_part(&d->parts[0], d->name, fd, e) < 0)
		return -1;
	return *d->parts[0].fstype ? 0 : disk_refuse(d, fd, NULL, e);
}

int disk_probe_head(int fd, const char *name, struct disk **ret, struct err *e)
{
	auto_disk *d = xcalloc(1, sizeof(*d));
	uint8_t mbr[SECTOR] = {0};
	d->path = xasprintf("/proc/self/fd/%d", fd);
	d->name = xstrdup(name);
	d->sector_size = SECTOR;
	if (pread(fd, mbr, sizeof(mbr), 0) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot read", name);
	int r = 0;
	if (!is_mbr(mbr))
		r = read_whole(d, fd, e);
	else if (read_mbr(d, mbr))
		r = read_gpt(d, fd, e);
	if (r < 0)
		return -1;
	*ret = steal(&d);
	return 0;
}
