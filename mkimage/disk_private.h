/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DISK_PRIVATE_H
#define MKIMAGE_DISK_PRIVATE_H

/*
 * Between disk.c (judgement), disk_raw.c (is the table fit to be read at all), disk_table.c
 * (libparted), disk_content.c (libblkid) and those that change bytes of the table.  firstboot-grow
 * has its own disk.c, and no libblkid.
 */

#include <endian.h>
#include <string.h>

#include "disk.h"

#define MBR_ID 440
#define MBR_ENTRIES 446 /* everything before is not the table's */
#define MBR_ENTRY 16	/* bytes of each of the four */

/* One of them is a partition that has others in it, by its type. */
static inline bool disk_is_extended(const uint8_t *entry)
{
	return entry[4] == 0x05 || entry[4] == 0x0f || entry[4] == 0x85;
}

/* Numbers of a table, which are little-endian. */
static inline uint32_t disk_get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline void disk_put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void disk_put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static inline uint64_t disk_get64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/*
 * Fill table, size, sector_size and parts (number, start, size, extended), sorted by number.
 * Returns 1 when there is a table that we know, 0 when there is none; *ret_other is then the name
 * of a foreign one ("mac"; owned) or NULL.
 */
int disk_table_read(struct disk *d, int fd, char **ret_other, struct err *e) must_check;

/*
 * Refuse, before libparted sees it, a table that reaches beyond the end of the image, and a GPT
 * whose numbers make no sense: libparted 3.5 aborts the program on some of those.
 */
int disk_raw_check(const struct disk *d, int fd, struct err *e) must_check;
/* The fields of a GPT header that libparted computes with, UEFI specification 2.10, table 5-5. */
struct disk_gpt {
	uint64_t own, backup, first, last, table;
	uint32_t n, entry_size, header_size;
};

/* False when there is no header at this sector. */
bool disk_gpt_read(const struct disk *d, int fd, uint64_t lba, struct disk_gpt *ret);
/* What is wrong with the header found at lba; NULL when nothing is. */
const char *disk_gpt_fault(const struct disk *d, uint64_t lba, const struct disk_gpt *g);

/* ERR_IMAGE that says what it seems to be instead; other is the name of a foreign table or NULL. */
int disk_refuse(const struct disk *d, int fd, const char *other, struct err *e) must_check;
/* True for a GPT whose protective MBR describes other partitions too. */
bool disk_raw_is_hybrid(int fd);
/* The id that this MBR has of its own; 0: none. */
uint32_t disk_raw_hybrid_id(int fd);

/* Fill fstype, label and uuid of each partition, partuuid and the disk's id. */
int disk_content_read(struct disk *d, int fd, struct err *e) must_check;
/*
 * A file in memory that has what libparted reads of the disk: the table.  Returns its descriptor.
 */
int disk_shadow(const struct disk *d, int fd, struct err *e) must_check;

/* TYPE of what begins at offset, into part's fields; nothing known leaves them empty. */
int disk_content_part(struct part *part, const char *name, int fd, struct err *e) must_check;

#endif
