/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_SOURCE_H
#define MKIMAGE_SOURCE_H

/*
 * Bases: a path, a URL or a name from bases.conf becomes a raw image on this machine.
 *
 * What has to be unpacked, downloaded or assembled is kept in the cache,
 * $XDG_CACHE_HOME/cardstock (or ~/.cache/cardstock), under a name derived from what made it:
 *   downloads/KEY     what the URL gave, resumable while KEY.part
 *   recipes/KEY.tar.zst   root tarballs that scripts/mkbase made
 *   images/KEY.img    raw, sparse
 * Everything appears there by rename; two runs that want one entry wait for each other (flock).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "progress.h"
#include "str.h"

struct source {
	char *path; /* of a raw image that must not be written to; owned */
	char *name; /* as the user called it; for messages */
	char *id;   /* hex: changes when the content does; part of reports */
};

/*
 * The timestamp of what a root tarball does not date (2026-01-01), the same for everybody, so
 * that a cached image does not depend on who made it.
 */
#define SOURCE_DEFAULT_TIME 1767225600

struct source_spec {
	const char *base;	     /* path, URL, or name from bases.conf */
	const char *sha256;	     /* of the file as given or downloaded; NULL: unchecked */
	const char *dir;	     /* that a relative path is relative to */
	const struct strv *search;   /* where bases.conf is looked for (profile_search_path) */
	const struct strv *packages; /* that a base by recipe shall have, sorted; NULL: none */
	uint64_t now;		     /* timestamp for images made from tarballs */
	bool at_hand; /* *ret is NULL where it would have to be downloaded or made of packages */
};

/* Makes or finds the raw image; content type by content, never by name. */
int source_get(const struct source_spec *spec, struct progress *p, struct source **ret,
	       struct err *e) must_check;
void source_free(struct source *s);
static inline void source_cleanup(struct source **s)
{
	source_free(*s);
}
#define auto_source __attribute__((cleanup(source_cleanup))) struct source

/* What a file is, by its first bytes and, for archives, its members. */
enum source_kind {
	SOURCE_RAW,	   /* anything that no decoder claims: disk_probe will judge */
	SOURCE_XZ,	   /* .xz of an image, decoded on all cores */
	SOURCE_COMPRESSED, /* gzip, zstd, bzip2 of an image */
	SOURCE_ARCHIVE,	   /* zip or 7z with one image in it */
	SOURCE_TARBALL,	   /* tar, compressed or not: a root file system */
};

/* Content type by content; a raw image is whatever else it may be.  name is for messages. */
int source_kind_of(const char *path, const char *name, enum source_kind *ret,
		   struct err *e) must_check;

struct chunk; /* ring.h */

/* Somebody who takes the bytes of an image while they are decoded, past the cache. */
struct source_target {
	/* In the order of the image, each chunk but the last of RING_CHUNK bytes. */
	int (*filled)(void *ctx, struct chunk *c, struct err *e);
	/* Afterwards, by so many threads. */
	int (*take)(void *ctx, const struct chunk *c, struct err *e);
	unsigned threads;
	void *ctx;
};

/* Decode the image at path, of a kind that is neither raw nor a tarball, for the target. */
int source_decode(const char *path, const char *name, enum source_kind kind,
		  const struct source_target *t, struct err *e) must_check;

/* CRC-64 of ECMA-182, as .xz has it (source_xz.c, the adapter of liblzma). */
uint64_t crc64(const void *data, size_t len);

/* The cache directory, made where missing; owned. */
char *cache_dir(struct err *e) must_check;

#endif
