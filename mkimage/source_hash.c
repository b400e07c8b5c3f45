/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "source_parts.h"

struct hash {
	struct sha256_ctx ctx;
};

struct hash *hash_new(void)
{
	struct hash *h = xmalloc(sizeof(*h));
	sha256_init(&h->ctx);
	return h;
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	sha256_update(&h->ctx, len, data);
}

char *hash_hex(struct hash *h)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	auto_str out = STR_INIT;
	sha256_digest(&h->ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		str_printf(&out, "%02x", digest[i]);
	return str_steal(&out);
}

void hash_free(struct hash *h)
{
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
