/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ssh-keygen has made and signed is read here: a run without changes starts no program. */
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <string.h>

#include "cluster_private.h"
#include "mem.h"

#define HOST_CERTIFICATE 2
#define KEY_FORMAT "-----BEGIN OPENSSH PRIVATE KEY-----"
#define KEY_BEGIN KEY_FORMAT "\n" /* ssh-keygen takes no CR */
#define KEY_END "\n-----END OPENSSH PRIVATE KEY-----\n"
#define TYPE "ssh-ed25519-cert-v01@openssh.com"

struct blob {
	const uint8_t *p;
	size_t n;
};

static bool decode_base64(const char *base64, size_t len, struct str *out)
{
	struct base64_decode_ctx ctx;
	autofree uint8_t *bytes = xmalloc(BASE64_DECODE_LENGTH(len) + 1);
	size_t n = BASE64_DECODE_LENGTH(len);
	base64_decode_init(&ctx);
	bool good = len && base64_decode_update(&ctx, &n, bytes, len, base64) &&
		    base64_decode_final(&ctx);
	if (good)
		str_add(out, bytes, n);
	explicit_bzero(bytes, BASE64_DECODE_LENGTH(len)); /* it may be a private key */
	return good;
}

static struct blob as_blob(const struct str *s)
{
	return (struct blob){(const uint8_t *)s->data, s->len};
}

static bool take(struct blob *from, size_t n, struct blob *ret)
{
	if (from->n < n)
		return false;
	*ret = (struct blob){from->p, n};
	from->p += n;
	from->n -= n;
	return true;
}

static uint64_t number(struct blob b)
{
	uint64_t value = 0;
	for (size_t i = 0; i < b.n; i++)
		value = value << 8 | b.p[i];
	return value;
}

/* The second word of "TYPE BASE64 COMMENT"; false when that is not there. */
static bool decode(const char *text, struct str *out)
{
	size_t type = strcspn(text, " \n");
	const char *base64 = text + type + (text[type] == ' ');
	return decode_base64(base64, strcspn(base64, " \n"), out);
}

/* A string of RFC 4251: length in 4 bytes, then the bytes. */
static bool take_string(struct blob *from, struct blob *ret)
{
	struct blob len;
	return take(from, 4, &len) && take(from, (size_t)number(len), ret);
}

static bool is_text(struct blob b, const char *text)
{
	return b.n == strlen(text) && memcmp(b.p, text, b.n) == 0;
}

static bool is_equal(struct blob a, struct blob b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static bool are_principals(struct blob b, const struct strv *wanted)
{
	struct blob one;
	for (size_t i = 0; i < wanted->n; i++) {
		if (!take_string(&b, &one) || !is_text(one, wanted->v[i]))
			return false;
	}
	return b.n == 0;
}

/* The fields of ssh-ed25519-cert-v01@openssh.com, in their order. */
struct fields {
	struct blob type, nonce, key, serial, kind, id, principals, after, before, critical,
		extensions, reserved, ca;
};

static bool parse(struct blob b, struct fields *f)
{
	return take_string(&b, &f->type) && take_string(&b, &f->nonce) &&
	       take_string(&b, &f->key) && take(&b, 8, &f->serial) && take(&b, 4, &f->kind) &&
	       take_string(&b, &f->id) && take_string(&b, &f->principals) &&
	       take(&b, 8, &f->after) && take(&b, 8, &f->before) && take_string(&b, &f->critical) &&
	       take_string(&b, &f->extensions) && take_string(&b, &f->reserved) &&
	       take_string(&b, &f->ca);
}

bool key_is_of(const char *private, const char *public)
{
	auto_str key = STR_SECRET, blob = STR_INIT;
	size_t begin = strlen(KEY_BEGIN);
	const char *end = strstr(private, KEY_END);
	if (!str_starts(private, KEY_FORMAT))
		return str_starts(private, "-----BEGIN ") && strstr(private, "\n-----END ");
	if (!end || !str_starts(private, KEY_BEGIN))
		return false;
	const char *base64 = private + begin;
	return decode_base64(base64, (size_t)(end - base64), &key) && decode(public, &blob) &&
	       memmem(key.data, key.len, blob.data, blob.len);
}

bool cert_is(const char *text, const struct cert *wanted)
{
	auto_str cert = STR_INIT, key = STR_INIT, ca = STR_INIT;
	struct fields f;
	if (!decode(text, &cert) || !decode(wanted->key, &key) || !decode(wanted->ca, &ca))
		return false;
	struct blob key_blob = as_blob(&key), type, bits;
	if (!parse(as_blob(&cert), &f) || !take_string(&key_blob, &type) ||
	    !take_string(&key_blob, &bits))
		return false;
	return is_text(f.type, TYPE) && number(f.kind) == HOST_CERTIFICATE &&
	       is_equal(f.key, bits) && is_text(f.id, wanted->id) &&
	       are_principals(f.principals, wanted->principals) && number(f.after) == 0 &&
	       number(f.before) == UINT64_MAX && is_equal(f.ca, as_blob(&ca));
}

char *cluster_fingerprint(const char *public_key)
{
	auto_str key = STR_INIT;
	struct sha256_ctx ctx;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1];
	if (!decode(public_key, &key))
		return NULL;
	sha256_init(&ctx);
	sha256_update(&ctx, key.len, (const uint8_t *)key.data);
	sha256_digest(&ctx, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	text[sizeof(text) - 1] = '\0';
	text[strcspn(text, "=")] = '\0';
	return xasprintf("SHA256:%s", text);
}
