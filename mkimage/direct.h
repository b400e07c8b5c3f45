/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DIRECT_H
#define MKIMAGE_DIRECT_H

/*
 * Writing past the page cache (O_DIRECT, open(2)), which saves a copy of every byte and leaves
 * nothing to be flushed, as long as the file system and the alignment allow it; then as usual.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What O_DIRECT wants on any common disk: of offsets, lengths and addresses. */
#define DIRECT_BLOCK 4096

struct direct {
	int fd; /* borrowed */
	bool on;
};

/* Direct from now on, where fd can; end with direct_done before others write by the descriptor. */
void direct_init(struct direct *d, int fd);
void direct_done(struct direct *d);

/* Memory that can be written from directly; len is a multiple of DIRECT_BLOCK; free() it. */
void *direct_alloc(size_t len);

/* As pwrite(2), but never EINTR; less than len is written where only a part can go directly. */
ssize_t direct_pwrite(struct direct *d, const void *data, size_t len, uint64_t offset);

#endif
