/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * New ids for a table that stays as it is.  libparted 3.5 cannot set those of a GPT, and it would
 * write more than the ids, so they are put into the bytes: UEFI specification 2.10, chapter 5.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "disk_private.h"
#include "io.h"
#include "mem.h"
#include "uuid.h"

#define MBR_ID 440
#define ENTRY_LEN 128 /* disk_raw_check refuses others */
#define ENTRY_GUID 16 /* UniquePartitionGUID */
#define ENTRIES_MAX 1024
#define HEADER_CRC 16
#define HEADER_GUID 56
#define HEADER_ENTRIES_CRC 88
#define HEADER_MIN 92

struct gpt_copy {
	uint64_t at, entries_at; /* bytes from the begin of the image */
	uint32_t header_len;
	uint8_t header[4096];
	uint8_t *entries;
	size_t entries_len;
};

struct gpt {
	struct gpt_copy copies[2]; /* at the begin of the disk, and the backup */
};

static void gpt_done(struct gpt *g)
{
	free(g->copies[0].entries);
	free(g->copies[1].entries);
}
#define auto_gpt __attribute__((cleanup(gpt_done))) struct gpt

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static uint32_t header_crc(struct gpt_copy *g)
{
	uint8_t kept[4];
	memcpy(kept, g->header + HEADER_CRC, sizeof(kept));
	memset(g->header + HEADER_CRC, 0, sizeof(kept));
	uint32_t crc = crc32_of(g->header, g->header_len);
	memcpy(g->header + HEADER_CRC, kept, sizeof(kept));
	return crc;
}

static bool header_is_sane(const struct disk *d, uint64_t lba, struct gpt_copy *g)
{
	const uint8_t *h = g->header;
	g->header_len = disk_get32(h + 12);
	return memcmp(h, "EFI PART", 8) == 0 && g->header_len >= HEADER_MIN &&
	       g->header_len <= d->sector_size && disk_get64(h + 24) == lba &&
	       disk_get32(h + 80) <= ENTRIES_MAX && disk_get32(h + 84) == ENTRY_LEN &&
	       disk_get64(h + 72) < d->size / d->sector_size &&
	       header_crc(g) == disk_get32(h + HEADER_CRC);
}

/* 1 when a whole copy is at this sector, 0 when it is damaged. */
static int copy_read(const struct disk *d, int fd, uint64_t lba, struct gpt_copy *g, struct err *e)
{
	if (lba >= d->size / d->sector_size || d->sector_size > sizeof(g->header))
		return 0;
	g->at = lba * d->sector_size;
	if (io_pread_fd(fd, d->name, g->header, d->sector_size, g->at, e) < 0)
		return -1;
	if (!header_is_sane(d, lba, g))
		return 0;
	g->entries_at = disk_get64(g->header + 72) * d->sector_size;
	g->entries_len = (size_t)disk_get32(g->header + 80) * ENTRY_LEN;
	if (g->entries_len > d->size - g->entries_at)
		return 0;
	g->entries = xmalloc(g->entries_len + 1);
	if (io_pread_fd(fd, d->name, g->entries, g->entries_len, g->entries_at, e) < 0)
		return -1;
	return crc32_of(g->entries, g->entries_len) == disk_get32(g->header + HEADER_ENTRIES_CRC);
}

/* Both copies, the backup where the primary says; 0 when one is damaged. */
static int gpt_read(const struct disk *d, int fd, struct gpt *g, struct err *e)
{
	int whole = copy_read(d, fd, 1, &g->copies[0], e);
	if (whole <= 0)
		return whole;
	return copy_read(d, fd, disk_get64(g->copies[0].header + 32), &g->copies[1], e);
}

static int open_image(const struct disk *d, int flags, struct err *e)
{
	int fd = open(d->path, flags | O_CLOEXEC);
	return fd < 0 ? err_errno(e, ERR_FAILED, "%s: cannot open", d->name) : fd;
}

int disk_ids_obstacle(const struct disk *d, const char **ret, struct err *e)
{
	auto_gpt g = {0};
	*ret = d->table == DISK_WHOLE ? "there is no partition table" : NULL;
	if (d->table != DISK_GPT)
		return 0;
	autoclose int fd = open_image(d, O_RDONLY, e);
	if (fd < 0)
		return -1;
	int whole = gpt_read(d, fd, &g, e);
	if (whole == 0)
		*ret = "one of the two copies of the GPT is damaged; repair it by `gdisk`";
	return whole < 0 ? -1 : 0;
}

static int write_mbr_id(const struct disk *d, int fd, const char *id, struct err *e)
{
	uint8_t bytes[4];
	put32(bytes, (uint32_t)strtoul(id, NULL, 16));
	return io_pwrite_fd(fd, d->name, bytes, sizeof(bytes), MBR_ID, e);
}

/* On disk the first three fields of a GUID are little-endian. */
static bool put_guid(uint8_t *to, const char *text)
{
	static const uint8_t order[UUID_LEN] = {3, 2, 1,  0,  5,  4,  7,  6,
						8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t uuid[UUID_LEN];
	if (!uuid_parse(text, uuid))
		return false;
	for (size_t i = 0; i < UUID_LEN; i++)
		to[i] = uuid[order[i]];
	return true;
}

static bool copy_set(struct gpt_copy *g, const struct disk *want)
{
	bool ok = put_guid(g->header + HEADER_GUID, want->id);
	for (size_t i = 0; i < want->n_parts; i++) {
		size_t at = (size_t)(want->parts[i].number - 1) * ENTRY_LEN;
		ok = ok && at < g->entries_len &&
		     put_guid(g->entries + at + ENTRY_GUID, want->parts[i].partuuid);
	}
	put32(g->header + HEADER_ENTRIES_CRC, crc32_of(g->entries, g->entries_len));
	put32(g->header + HEADER_CRC, header_crc(g));
	return ok;
}

static int copy_write(const struct disk *d, int fd, const struct gpt_copy *g, struct err *e)
{
	if (io_pwrite_fd(fd, d->name, g->entries, g->entries_len, g->entries_at, e) < 0)
		return -1;
	return io_pwrite_fd(fd, d->name, g->header, d->sector_size, g->at, e);
}

static int write_gpt_ids(const struct disk *d, int fd, const struct disk *want, struct err *e)
{
	auto_gpt g = {0};
	int whole = gpt_read(d, fd, &g, e);
	if (whole < 0)
		return -1;
	if (!whole || !copy_set(&g.copies[0], want) || !copy_set(&g.copies[1], want))
		return err_set(e, ERR_IMAGE, "%s: the GPT is damaged; repair it by `gdisk`",
			       d->name);
	/* The backup first: whoever is interrupted here still has a whole primary. */
	return copy_write(d, fd, &g.copies[1], e) < 0 ? -1 : copy_write(d, fd, &g.copies[0], e);
}

int disk_write_ids(const struct disk *d, const struct disk *want, struct err *e)
{
	autoclose int fd = open_image(d, O_RDWR, e);
	if (fd < 0)
		return -1;
	if (d->table == DISK_GPT)
		return write_gpt_ids(d, fd, want, e);
	return write_mbr_id(d, fd, want->id, e);
}
