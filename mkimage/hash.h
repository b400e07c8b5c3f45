/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_HASH_H
#define MKIMAGE_HASH_H

/* Digests, by nettle. */

#include <stddef.h>

#include "err.h"

struct hash;

/* SHA-256. */
struct hash *hash_new(void);
/* The one of this name ("sha1", "sha256"); NULL: unknown. */
struct hash *hash_new_named(const char *name);
void hash_add(struct hash *h, const void *data, size_t len);
/* The digest in lower-case hex, owned; the hash starts again. */
char *hash_hex(struct hash *h);
void hash_free(struct hash *h);
static inline void hash_cleanup(struct hash **h)
{
	hash_free(*h);
}
#define auto_hash __attribute__((cleanup(hash_cleanup))) struct hash

/* Hex digest of a text, owned: the keys of the cache. */
char *hash_text(const char *text);
/* 64 hex digits, lower-cased; *ret is owned.  where names the setting in the message. */
int hash_parse(const char *text, const char *where, char **ret, struct err *e) must_check;
/* ERR_IMAGE with both sums unless they are equal. */
int hash_compare(const char *name, const char *is, const char *wanted, struct err *e) must_check;

#endif
