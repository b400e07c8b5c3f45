/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_SOURCE_PARTS_H
#define MKIMAGE_SOURCE_PARTS_H

/* The parts of source.c: private to source*.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bases.h"
#include "hash.h"
#include "source.h"

#define SOURCE_ADVICE "delete it and download it again"

/* ---- input: a file that is read once, front to back (source_io.c) ---- */

struct input {
	int fd;
	const char *name; /* for messages */
	uint64_t size, done;
	struct hash *hash; /* gets every byte; NULL: nobody wants it */
	struct progress *progress;
	int step;
	unsigned char *buffer;
};

/* Open for one pass; `what` is done to it ("unpack", "check") in the progress display. */
int input_open(const char *path, const char *name, const char *what, struct progress *p,
	       struct input *ret, struct err *e) must_check;
/* The next bytes, in in->buffer; 0 at the end. */
ssize_t input_read(struct input *in, struct err *e) must_check;
/* Digest of the whole file, owned. */
int input_digest(const char *path, const char *name, struct progress *p, char **ret,
		 struct err *e) must_check;
void input_done(struct input *in);
#define auto_input __attribute__((cleanup(input_done))) struct input

/* ---- sink: an image that is written front to back, by threads (source_sink.c) ---- */

/* Largest image that is unpacked: what an MBR can address. A bomb of zeros ends here. */
#define SINK_MAX (UINT64_C(2) << 40)

struct sink;

/*
 * A sparse file: make path, which must not be there; name is the source, for messages; both
 * borrowed.
 */
int sink_open(const char *path, const char *name, struct sink **ret, struct err *e) must_check;
/* Somebody who takes the bytes; borrowed. */
int sink_to(const struct source_target *t, const char *name, struct sink **ret,
	    struct err *e) must_check;
int sink_write(struct sink *s, const void *data, size_t len, struct err *e) must_check;
/* Without a copy: put at most *ret_len (never 0) bytes to the result, then sink_advance. */
void *sink_space(struct sink *s, size_t *ret_len);
int sink_advance(struct sink *s, size_t len, struct err *e) must_check;
/* The next byte goes to offset; what lies between is a hole, which a target gets as zeros. */
int sink_skip_to(struct sink *s, uint64_t offset, struct err *e) must_check;
uint64_t sink_size(const struct sink *s);
/* Write everything; give a file its size and make it survive a crash. */
int sink_finish(struct sink *s, struct err *e) must_check;
void sink_free(struct sink *s);
static inline void sink_cleanup(struct sink **s)
{
	sink_free(*s);
}
#define auto_sink __attribute__((cleanup(sink_cleanup))) struct sink

/* ---- decoders ---- */

/* source_xz.c, the adapter of liblzma: every core, ERR_IMAGE with the offset on damage. */
int xz_decode(struct input *in, struct sink *out, struct err *e) must_check;
/* CRC-32 of IEEE 802.3, as gzip's trailer has it; begin with 0. */
uint32_t xz_crc32(const void *data, size_t len, uint32_t crc);

/* source_archive.c, the adapter of libarchive. */
/* One file compressed by gzip, zstd or bzip2. */
int archive_decode(struct input *in, struct sink *out, struct err *e) must_check;
/* The disk image of a zip or 7z. */
int archive_extract(struct input *in, struct sink *out, struct err *e) must_check;
/* The first bytes behind any compression; fewer than len when there are no more or damaged. */
size_t archive_peek(int fd, void *buffer, size_t len);

/* source_detect.c: what the open file is, by content alone. */
int source_detect(int fd, const char *name, enum source_kind *ret, struct err *e) must_check;
/* Do these first 2 KiB begin a disk image: a boot sector, a partition table or an ext superblock?
 */
bool source_begins_disk(const unsigned char *data, size_t len);

/* ---- the cache (source_cache.c) ---- */

struct cache_entry {
	char *path;	/* the final name */
	char *work;	/* to be made here, then cache_commit; not there at first */
	char *lock;	/* name of the lock file */
	int lock_fd;	/* -1: not held */
	bool found;	/* path is there: nothing to be made, no lock held */
	bool resumable; /* work stays when the making fails */
};

#define CACHE_ENTRY_INIT       \
	{                      \
		.lock_fd = -1, \
	}

/*
 * Find or begin the entry `kind`/KEY SUFFIX; what is for messages.  Waits for another run that
 * makes the same entry, and removes what dead runs left of this and other entries.  resumable:
 * work is KEY.part and what is in it stays.
 */
int cache_begin(const char *kind, const char *key, const char *suffix, bool resumable,
		const char *what, struct progress *p, struct cache_entry *ret,
		struct err *e) must_check;
/* Is the entry there? */
bool cache_has(const char *kind, const char *key, const char *suffix);
/* work, which was flushed by the caller, gets its final name. */
int cache_commit(struct cache_entry *c, struct err *e) must_check;
void cache_entry_done(struct cache_entry *c);
#define auto_cache_entry __attribute__((cleanup(cache_entry_done))) struct cache_entry

/* ERR_SPACE unless the file system of path has so many bytes free. */
int cache_check_space(const char *path, uint64_t bytes, const char *what, struct err *e) must_check;
/* Put what to do behind an ERR_SPACE; returns -1. */
int cache_advise(struct err *e);

/* ---- downloads (source_fetch.c, the adapter of libcurl) ---- */

/* The URL without credentials, for people: no user, no password, no query; owned. */
char *fetch_masked(const char *url);
/* Is it in the cache?  sha256 may be NULL. */
bool fetch_has(const char *url, const char *sha256);
/* Download to the cache, or find it there; *ret is the path, owned.  sha256 may be NULL. */
int fetch_url(const char *url, const char *sha256, struct progress *p, char **ret,
	      struct err *e) must_check;

/* ---- recipes (source_recipe.c) ---- */

/*
 * The root tarball of the recipe with these packages in addition (NULL: none), made or found in the
 * cache; *ret is its path, owned.  at_hand: NULL instead of making it.
 */
int recipe_get(const struct base_entry *b, const struct strv *packages, bool at_hand,
	       struct progress *p, char **ret, struct err *e) must_check;

#endif
