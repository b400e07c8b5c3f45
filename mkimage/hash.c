/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"
#include "str.h"

struct hash {
	const struct nettle_hash *type;
	void *ctx;
};

static struct hash *new_of(const struct nettle_hash *type)
{
	struct hash *h = xmalloc(sizeof(*h));
	*h = (struct hash){type, xmalloc(type->context_size)};
	type->init(h->ctx);
	return h;
}

struct hash *hash_new(void)
{
	return new_of(&nettle_sha256);
}

struct hash *hash_new_named(const char *name)
{
	const struct nettle_hash *type = nettle_lookup_hash(name);
	return type ? new_of(type) : NULL;
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	h->type->update(h->ctx, len, data);
}

char *hash_hex(struct hash *h)
{
	uint8_t digest[SHA512_DIGEST_SIZE]; /* no digest is longer */
	auto_str out = STR_INIT;
	h->type->digest(h->ctx, h->type->digest_size, digest);
	for (size_t i = 0; i < h->type->digest_size; i++)
		str_printf(&out, "%02x", digest[i]);
	return str_steal(&out);
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	free(h->ctx);
	free(h);
}

char *hash_text(const char *text)
{
	auto_hash *h = hash_new();
	hash_add(h, text, strlen(text));
	return hash_hex(h);
}

int hash_parse(const char *text, const char *where, char **ret, struct err *e)
{
	if (strlen(text) != 2 * SHA256_DIGEST_SIZE ||
	    text[strspn(text, "0123456789abcdefABCDEF")] != '\0')
		return err_set(e, ERR_PROFILE, "%s: sha256 '%s' is not 64 hex digits", where, text);
	char *lower = xstrdup(text);
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	*ret = lower;
	return 0;
}

int hash_compare(const char *name, const char *is, const char *wanted, struct err *e)
{
	if (strcmp(is, wanted) == 0)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: sha256 is %s, but %s was asked for: damaged, or another version; "
		       "download it again or correct the sha256",
		       name, is, wanted);
}
