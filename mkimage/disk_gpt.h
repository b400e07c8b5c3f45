/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DISK_GPT_H
#define MKIMAGE_DISK_GPT_H

/*
 * The bytes of a GPT, UEFI specification 2.10, chapter 5: a header of one sector and a list of
 * entries, twice.  For what libparted cannot change, or would change in an order of its own.
 */

#include "disk_private.h"

#define GPT_ENTRY_LEN 128 /* disk_raw_check refuses others */

/* Where the fields of a header are, table 5-5. */
enum gpt_field {
	GPT_HEADER_LEN = 12, /* 4 bytes */
	GPT_HEADER_CRC = 16, /* 4 bytes */
	GPT_OWN = 24,
	GPT_BACKUP = 32,
	GPT_LAST_USABLE = 48,
	GPT_GUID = 56,
	GPT_ENTRIES = 72,
	GPT_ENTRIES_COUNT = 80, /* 4 bytes */
	GPT_ENTRIES_SIZE = 84,	/* 4 bytes */
	GPT_ENTRIES_CRC = 88,	/* 4 bytes */
	GPT_HEADER_MIN = 92,
};

/* And those of an entry, table 5-6. */
enum gpt_entry_field { GPT_ENTRY_GUID = 16, GPT_ENTRY_FIRST = 32, GPT_ENTRY_LAST = 40 };

struct gpt_copy {
	uint64_t at, entries_at; /* bytes from the begin of the disk */
	uint32_t header_len;
	uint8_t header[4096]; /* the whole sector */
	uint8_t *entries;
	size_t entries_len;
};

void gpt_copy_done(struct gpt_copy *g);
#define auto_gpt_copy __attribute__((cleanup(gpt_copy_done))) struct gpt_copy

/* 1 when a whole copy is at this sector, 0 when it is damaged. */
int gpt_copy_read(const struct disk *d, int fd, uint64_t lba, struct gpt_copy *g,
		  struct err *e) must_check;
/* The same header and entries in memory of its own. */
void gpt_copy_dup(const struct gpt_copy *from, struct gpt_copy *to);
/* Compute both sums anew. */
void gpt_copy_seal(struct gpt_copy *g);
int gpt_copy_write_entries(const struct disk *d, int fd, const struct gpt_copy *g,
			   struct err *e) must_check;
int gpt_copy_write_header(const struct disk *d, int fd, const struct gpt_copy *g,
			  struct err *e) must_check;

#endif
