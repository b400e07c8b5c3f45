/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ssh-keygen has made and signed is read here: a run without changes starts no program. */
#include <nettle/sha2.h>
#include <string.h>

#include "base64.h"
#include "cluster_private.h"
#include "mem.h"
#include "sshkey.h"

#define KEY_FORMAT "-----BEGIN OPENSSH PRIVATE KEY-----"
#define KEY_BEGIN KEY_FORMAT "\n" /* ssh-keygen takes no CR */
#define KEY_END "\n-----END OPENSSH PRIVATE KEY-----\n"

static bool are_principals(struct blob b, const struct strv *wanted)
{
	struct blob one;
	for (size_t i = 0; i < wanted->n; i++) {
		if (!blob_take_string(&b, &one) || !blob_is_text(one, wanted->v[i]))
			return false;
	}
	return b.n == 0;
}

bool key_is_of(const char *private, const char *public)
{
	auto_str base64 = STR_SECRET, key = STR_SECRET, blob = STR_INIT;
	const char *end = strstr(private, KEY_END);
	if (!str_starts(private, KEY_FORMAT))
		return str_starts(private, "-----BEGIN ") && strstr(private, "\n-----END ");
	if (!end || !str_starts(private, KEY_BEGIN))
		return false;
	for (const char *p = private + strlen(KEY_BEGIN); p < end; p++) {
		if (*p != '\n')
			str_add(&base64, p, 1);
	}
	return base64.len && base64_decode(&key, base64.data, base64.len) &&
	       sshkey_decode(public, &blob) && memmem(key.data, key.len, blob.data, blob.len);
}

bool cert_is(const char *text, const struct cert *wanted)
{
	auto_str cert = STR_INIT, key = STR_INIT, ca = STR_INIT;
	struct sshcert f;
	if (!sshkey_decode(text, &cert) || !sshkey_decode(wanted->key, &key) ||
	    !sshkey_decode(wanted->ca, &ca))
		return false;
	struct blob key_blob = blob_of(&key), type, bits;
	if (!sshcert_parse(blob_of(&cert), &f) || !blob_take_string(&key_blob, &type) ||
	    !blob_take_string(&key_blob, &bits))
		return false;
	return blob_number(f.kind) == (wanted->is_host ? SSHCERT_HOST : SSHCERT_USER) &&
	       blob_is_equal(f.key, bits) && blob_is_text(f.id, wanted->id) &&
	       are_principals(f.principals, wanted->principals) && blob_number(f.after) == 0 &&
	       blob_number(f.before) == UINT64_MAX && blob_is_equal(f.ca, blob_of(&ca));
}

uint64_t cert_serial(const char *text)
{
	auto_str cert = STR_INIT;
	struct sshcert f;
	if (!sshkey_decode(text, &cert) || !sshcert_parse(blob_of(&cert), &f))
		return 0;
	return blob_number(f.serial);
}

char *cluster_fingerprint(const char *public_key)
{
	auto_str key = STR_INIT, text = STR_INIT;
	struct sha256_ctx ctx;
	uint8_t digest[SHA256_DIGEST_SIZE];
	if (!sshkey_decode(public_key, &key))
		return NULL;
	sha256_init(&ctx);
	sha256_update(&ctx, key.len, (const uint8_t *)key.data);
	sha256_digest(&ctx, sizeof(digest), digest);
	str_puts(&text, "SHA256:");
	base64_encode(&text, digest, sizeof(digest));
	text.data[strcspn(text.data, "=")] = '\0';
	return str_steal(&text);
}
