/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_SSHKEY_H
#define COMMON_SSHKEY_H

/*
 * Public keys and certificates as ssh writes them, "TYPE BASE64 COMMENT" (sshd(8)), and what is in
 * the base64 (RFC 4253, RFC 8709, PROTOCOL.certkeys of OpenSSH).  Read only; nothing here judges a
 * signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

#define SSHKEY_ED25519 "ssh-ed25519"
#define SSHKEY_ED25519_CERT "ssh-ed25519-cert-v01@openssh.com"
/* What this machine's sshd shows. */
#define SSHKEY_OF_HOST "/etc/ssh/ssh_host_ed25519_key.pub"

/* Bytes of somebody else. */
struct blob {
	const uint8_t *p;
	size_t n;
};

/* Add the bytes that the second word of the text stands for; false: there is no base64. */
bool sshkey_decode(const char *text, struct str *out);
/* Exactly "ssh-ed25519 BASE64" of a key of 32 bytes: no comment, nothing behind it. */
bool sshkey_is_ed25519(const char *text);

/* The same as a check of conf.h. */
int sshkey_check(const char *text, struct err *e) must_check;
/* The first two words, without the comment; owned. */
char *sshkey_plain(const char *text);

static inline struct blob blob_of(const struct str *s)
{
	return (struct blob){(const uint8_t *)s->data, s->len};
}
bool blob_is_text(struct blob b, const char *text);
bool blob_is_equal(struct blob a, struct blob b);
uint64_t blob_number(struct blob b);
/* Take a string of RFC 4251 (length in 4 bytes, then the bytes) off *from. */
bool blob_take_string(struct blob *from, struct blob *ret);

enum sshcert_kind { SSHCERT_USER = 1, SSHCERT_HOST = 2 };

/* The fields of ssh-ed25519-cert-v01@openssh.com, in their order. */
struct sshcert {
	struct blob type, nonce, key, serial, kind, id, principals, after, before, critical,
		extensions, reserved, ca;
};

/* Find the fields in b, which has to outlive them; false: it is no such certificate. */
bool sshcert_parse(struct blob b, struct sshcert *ret);
/* "ssh-ed25519 BASE64" of the key in a certificate; owned. */
char *sshcert_public(const struct sshcert *c);

#endif
