/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base64.h"
#include "mem.h"
#include "sshkey.h"

#define ED25519_BYTES 32

bool sshkey_decode(const char *text, struct str *out)
{
	size_t type = strcspn(text, " \n");
	const char *base64 = text + type + (text[type] == ' ');
	size_t len = strcspn(base64, " \n");
	return len && base64_decode(out, base64, len);
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

uint64_t blob_number(struct blob b)
{
	uint64_t value = 0;
	for (size_t i = 0; i < b.n; i++)
		value = value << 8 | b.p[i];
	return value;
}

bool blob_take_string(struct blob *from, struct blob *ret)
{
	struct blob len;
	return take(from, 4, &len) && take(from, (size_t)blob_number(len), ret);
}

bool blob_is_text(struct blob b, const char *text)
{
	return b.n == strlen(text) && memcmp(b.p, text, b.n) == 0;
}

bool blob_is_equal(struct blob a, struct blob b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

int sshkey_check(const char *text, struct err *e)
{
	if (sshkey_is_ed25519(text))
		return 0;
	return err_set(e, ERR_PROFILE, "not 'ssh-ed25519 BASE64' without a comment");
}

char *sshkey_plain(const char *text)
{
	size_t first = strcspn(text, " \n");
	size_t second = text[first] == ' ' ? 1 + strcspn(text + first + 1, " \n") : 0;
	return xstrndup(text, first + second);
}

bool sshkey_is_ed25519(const char *text)
{
	auto_str bytes = STR_INIT;
	struct blob type, key;
	size_t prefix = strlen(SSHKEY_ED25519 " ");
	if (!str_starts(text, SSHKEY_ED25519 " ") ||
	    !base64_decode(&bytes, text + prefix, strlen(text + prefix)))
		return false;
	struct blob b = blob_of(&bytes);
	return blob_take_string(&b, &type) && blob_is_text(type, SSHKEY_ED25519) &&
	       blob_take_string(&b, &key) && key.n == ED25519_BYTES && b.n == 0;
}

bool sshcert_parse(struct blob b, struct sshcert *ret)
{
	struct sshcert c, *f = &c;
	struct blob signature;
	bool ok = blob_take_string(&b, &f->type) && blob_is_text(f->type, SSHKEY_ED25519_CERT) &&
		  blob_take_string(&b, &f->nonce) && blob_take_string(&b, &f->key) &&
		  f->key.n == ED25519_BYTES && take(&b, 8, &f->serial) && take(&b, 4, &f->kind) &&
		  blob_take_string(&b, &f->id) && blob_take_string(&b, &f->principals) &&
		  take(&b, 8, &f->after) && take(&b, 8, &f->before) &&
		  blob_take_string(&b, &f->critical) && blob_take_string(&b, &f->extensions) &&
		  blob_take_string(&b, &f->reserved) && blob_take_string(&b, &f->ca) &&
		  blob_take_string(&b, &signature) && b.n == 0;
	if (ok)
		*ret = c;
	return ok;
}

static void add_string(struct str *out, const void *data, size_t len)
{
	const uint8_t size[] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
				(uint8_t)len};
	str_add(out, size, sizeof(size));
	str_add(out, data, len);
}

char *sshcert_public(const struct sshcert *c)
{
	auto_str bytes = STR_INIT, text = STR_INIT;
	add_string(&bytes, SSHKEY_ED25519, strlen(SSHKEY_ED25519));
	add_string(&bytes, c->key.p, c->key.n);
	str_puts(&text, SSHKEY_ED25519 " ");
	base64_encode(&text, bytes.data, bytes.len);
	return str_steal(&text);
}
