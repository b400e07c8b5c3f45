/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Neither libparted nor libfdisk can be trusted with the table of the disk that a board boots from.
 * libparted 3.5 gives an MBR without boot code, such as Raspberry Pi's, a new id, and so takes
 * root=PARTUUID= away from the kernel.  Both write the two parts of the first GPT, header and list,
 * one after the other, and in between the sums do not fit and Linux sees no partition at all.
 *
 * An MBR is one sector.  In a GPT the header is one sector as well, and it says where its list is.
 * So the old list is parked where the disk is free, the header points there while the list in its
 * place is written, and then the header alone makes all that is new valid at once.
 */
#include <string.h>
#include <unistd.h>

#include "disk_extend.h"
#include "disk_gpt.h"
#include "io.h"
#include "mem.h"

#define MBR_SECTORS (1ull << 32) /* more cannot be counted in its 32 bits */
#define GPT_LIST_MIN 16384	 /* bytes that are kept for a list, UEFI 2.10, chapter 5.3.1 */
#define GPT_LIST_SECTOR 2

/* Of the oldest way to count sectors: 255 heads, 63 sectors, and no more than 1023 cylinders. */
#define CHS_HEADS 255
#define CHS_SECTORS 63
#define CHS_CYLINDERS 1023

struct extend {
	const struct disk *d;
	const struct part *part;
	uint64_t end;
	bool safe;
	int fd;
};

const struct part *disk_extend_next(const struct disk *d, const struct part *part)
{
	const struct part *next = NULL;
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		if (p->start > part->start && (!next || p->start < next->start))
			next = p;
	}
	return next;
}

const char *disk_extend_obstacle(const struct disk *d, const struct part *part, int fd)
{
	if (part->extended || (d->table == DISK_MBR && part->number > 4))
		return "it is an extended or logical partition; only primary ones can grow";
	if (disk_extend_next(d, part))
		return "another partition follows it; only the last one can grow";
	if (d->table == DISK_GPT && disk_raw_is_hybrid(fd))
		return "the GPT is a hybrid one, whose MBR part would be lost";
	return NULL;
}

/* Sectors that are kept for a list of so many bytes at the end of the disk. */
static uint64_t list_sectors(const struct disk *d, uint64_t len)
{
	uint64_t bytes = len > GPT_LIST_MIN ? len : GPT_LIST_MIN;
	return (bytes + d->sector_size - 1) / d->sector_size;
}

int disk_extend_limit(const struct disk *d, int fd, uint64_t *ret, struct err *e)
{
	uint64_t sectors = d->size / d->sector_size;
	uint8_t header[GPT_HEADER_MIN];
	if (d->table == DISK_GPT) {
		if (io_pread_fd(fd, d->name, header, sizeof(header), d->sector_size, e) < 0)
			return -1;
		uint64_t count = disk_get32(header + GPT_ENTRIES_COUNT);
		sectors -= 1 + list_sectors(d, count * GPT_ENTRY_LEN);
	} else if (d->table == DISK_MBR && sectors > MBR_SECTORS) {
		sectors = MBR_SECTORS;
	}
	*ret = sectors * d->sector_size;
	return 0;
}

/* What was written is on the disk before what is written next. */
static int barrier(const struct extend *x, struct err *e)
{
	if (x->safe && fsync(x->fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", x->d->name);
	return 0;
}

static int refuse(const struct extend *x, const char *why, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: partition %d cannot grow: %s", x->d->name,
		       x->part->number, why);
}

/* Nobody but old systems reads it; what it cannot count is the largest that it can. */
static void put_chs(uint8_t *to, uint64_t lba)
{
	uint64_t cylinder = lba / (CHS_HEADS * CHS_SECTORS);
	uint64_t head = lba / CHS_SECTORS % CHS_HEADS, sector = lba % CHS_SECTORS + 1;
	if (cylinder > CHS_CYLINDERS) {
		cylinder = CHS_CYLINDERS;
		head = CHS_HEADS - 1;
		sector = CHS_SECTORS;
	}
	to[0] = (uint8_t)head;
	to[1] = (uint8_t)(sector | (cylinder >> 8) << 6);
	to[2] = (uint8_t)cylinder;
}

static int extend_mbr(const struct extend *x, struct err *e)
{
	uint8_t mbr[512];
	uint64_t first = x->part->start / x->d->sector_size, end = x->end / x->d->sector_size;
	if (io_pread_fd(x->fd, x->d->name, mbr, sizeof(mbr), 0, e) < 0)
		return -1;
	uint8_t *entry = mbr + MBR_ENTRIES + MBR_ENTRY * (x->part->number - 1);
	if (disk_get32(entry + 8) != first)
		return refuse(x, "the table has changed", e);
	put_chs(entry + 5, end - 1);
	disk_put32(entry + 12, (uint32_t)(end - first));
	if (io_pwrite_fd(x->fd, x->d->name, mbr, sizeof(mbr), 0, e) < 0)
		return -1;
	return barrier(x, e);
}

/* The old table with its list parked, the new one, and the new one's backup. */
struct new_gpt {
	struct gpt_copy parked, first, backup;
};

static void new_gpt_done(struct new_gpt *g)
{
	gpt_copy_done(&g->parked);
	gpt_copy_done(&g->first);
	gpt_copy_done(&g->backup);
}
#define auto_new_gpt __attribute__((cleanup(new_gpt_done))) struct new_gpt

static void set_list(const struct disk *d, struct gpt_copy *g, uint64_t lba)
{
	g->entries_at = lba * d->sector_size;
	disk_put64(g->header + GPT_ENTRIES, lba);
	gpt_copy_seal(g);
}

static void make_first(const struct extend *x, struct gpt_copy *g, uint64_t last, uint64_t sectors)
{
	uint8_t *entry = g->entries + (size_t)(x->part->number - 1) * GPT_ENTRY_LEN;
	disk_put64(entry + GPT_ENTRY_LAST, x->end / x->d->sector_size - 1);
	disk_put64(g->header + GPT_BACKUP, last);
	disk_put64(g->header + GPT_LAST_USABLE, last - sectors - 1);
	set_list(x->d, g, GPT_LIST_SECTOR);
}

static void make_backup(const struct extend *x, struct gpt_copy *g, uint64_t last, uint64_t sectors)
{
	g->at = last * x->d->sector_size;
	disk_put64(g->header + GPT_OWN, last);
	disk_put64(g->header + GPT_BACKUP, 1);
	set_list(x->d, g, last - sectors);
}

/* Why the GPT as it is, in g->parked, cannot be extended; NULL when it can. */
static const char *gpt_obstacle(const struct extend *x, const struct gpt_copy *g, uint64_t parking)
{
	uint64_t list = disk_get64(g->header + GPT_ENTRIES), sector = x->d->sector_size;
	size_t at = (size_t)(x->part->number - 1) * GPT_ENTRY_LEN;
	if (at >= g->entries_len ||
	    disk_get64(g->entries + at + GPT_ENTRY_FIRST) != x->part->start / sector)
		return "the table has changed";
	/* Where the parking is, a run that lost its power has left it. */
	if (list != GPT_LIST_SECTOR && list != parking)
		return "the GPT's list of partitions is not behind its header";
	if (x->safe && parking * sector < x->part->start + x->part->size)
		return "there is too little room behind it";
	return NULL;
}

static int make_gpt(const struct extend *x, struct new_gpt *g, struct err *e)
{
	int whole = gpt_copy_read(x->d, x->fd, 1, &g->parked, e);
	if (whole < 0)
		return -1;
	if (!whole)
		return refuse(x, "the first copy of the GPT is damaged; repair it by `gdisk`", e);
	uint64_t last = x->d->size / x->d->sector_size - 1;
	uint64_t sectors = list_sectors(x->d, g->parked.entries_len);
	uint64_t parking = last - 2 * sectors;
	const char *obstacle = gpt_obstacle(x, &g->parked, parking);
	if (obstacle)
		return refuse(x, obstacle, e);
	gpt_copy_dup(&g->parked, &g->first);
	make_first(x, &g->first, last, sectors);
	gpt_copy_dup(&g->first, &g->backup);
	make_backup(x, &g->backup, last, sectors);
	set_list(x->d, &g->parked, parking);
	return 0;
}

/* The MBR's entry that keeps others off says how large the disk is. */
static int write_protective(const struct extend *x, struct err *e)
{
	uint8_t mbr[512];
	uint64_t sectors = x->d->size / x->d->sector_size - 1;
	if (io_pread_fd(x->fd, x->d->name, mbr, sizeof(mbr), 0, e) < 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		uint8_t *entry = mbr + MBR_ENTRIES + MBR_ENTRY * i;
		if (entry[4] == 0xee)
			disk_put32(entry + 12,
				   sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
	}
	return io_pwrite_fd(x->fd, x->d->name, mbr, sizeof(mbr), 0, e);
}

static int write_list(const struct extend *x, const struct gpt_copy *g, struct err *e)
{
	return gpt_copy_write_entries(x->d, x->fd, g, e);
}

static int write_header(const struct extend *x, const struct gpt_copy *g, struct err *e)
{
	if (gpt_copy_write_header(x->d, x->fd, g, e) < 0)
		return -1;
	return barrier(x, e);
}

/* The backup of the smaller disk is in the partition now: nobody shall find it there. */
static int wipe_old_backup(const struct extend *x, uint64_t lba, struct err *e)
{
	auto_gpt_copy old = {0};
	int found = gpt_copy_read(x->d, x->fd, lba, &old, e);
	if (found <= 0 || old.at < x->part->start + x->part->size || old.at >= x->end)
		return found < 0 ? -1 : 0;
	memset(old.header, 0, sizeof(old.header));
	return write_header(x, &old, e);
}

static int extend_gpt(const struct extend *x, struct err *e)
{
	auto_new_gpt g = {0};
	if (make_gpt(x, &g, e) < 0)
		return -1;
	/* Where nobody looks so far. */
	if (write_list(x, &g.backup, e) < 0 || write_header(x, &g.backup, e) < 0)
		return -1;
	if (x->safe && (write_list(x, &g.parked, e) < 0 || barrier(x, e) < 0 ||
			write_header(x, &g.parked, e) < 0))
		return -1;
	/* Nobody looks there either now. */
	if (write_list(x, &g.first, e) < 0 || write_protective(x, e) < 0 || barrier(x, e) < 0)
		return -1;
	if (write_header(x, &g.first, e) < 0)
		return -1;
	return wipe_old_backup(x, disk_get64(g.parked.header + GPT_BACKUP), e);
}

int disk_extend(const struct disk *d, const struct part *part, uint64_t end, bool safe, int fd,
		struct err *e)
{
	const struct extend x = {d, part, end, safe, fd};
	return d->table == DISK_GPT ? extend_gpt(&x, e) : extend_mbr(&x, e);
}

/* ---- the backup alone ---- */

static const struct part *last_part(const struct disk *d)
{
	const struct part *last = d->n_parts ? d->parts : NULL;
	for (const struct part *next = last; next; next = disk_extend_next(d, next))
		last = next;
	return last;
}

static int wipe_copy(const struct disk *d, int fd, struct gpt_copy *g, struct err *e)
{
	memset(g->entries, 0, g->entries_len);
	memset(g->header, 0, sizeof(g->header));
	return gpt_copy_write_entries(d, fd, g, e) < 0 ? -1 : gpt_copy_write_header(d, fd, g, e);
}

int disk_settle_backup(const struct disk *d, int fd, struct err *e)
{
	auto_gpt_copy first = {0}, old = {0};
	const struct part *last = last_part(d);
	if (d->table != DISK_GPT || !last || disk_raw_is_hybrid(fd))
		return 0;
	int whole = gpt_copy_read(d, fd, 1, &first, e);
	if (whole <= 0 || disk_get64(first.header + GPT_ENTRIES) != GPT_LIST_SECTOR)
		return whole < 0 ? -1 : 0;
	uint64_t at = disk_get64(first.header + GPT_BACKUP);
	if (at == d->size / d->sector_size - 1)
		return 0;
	uint64_t limit;
	if (disk_extend_limit(d, fd, &limit, e) < 0)
		return -1;
	if (last->start + last->size > limit)
		return 0; /* no room behind it */
	whole = gpt_copy_read(d, fd, at, &old, e);
	if (whole < 0 || (whole && wipe_copy(d, fd, &old, e) < 0))
		return -1;
	const struct extend x = {d, last, last->start + last->size, false, fd};
	return extend_gpt(&x, e);
}
