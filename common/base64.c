/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct str *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	for (; len; p += len < 3 ? len : 3, len -= len < 3 ? len : 3) {
		uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)(len > 1 ? p[1] : 0) << 8 |
				(len > 2 ? p[2] : 0);
		char four[] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
			       alphabet[bits >> 6 & 63], alphabet[bits & 63]};
		if (len < 3)
			memset(four + 1 + len, '=', 3 - len);
		str_add(out, four, sizeof(four));
	}
}

/* How many '=' end the text; more than two are letters that do not exist. */
static size_t padding_of(const char *text, size_t len)
{
	size_t n = 0;
	while (n < 2 && n < len && text[len - 1 - n] == '=')
		n++;
	return n;
}

bool base64_decode(struct str *out, const char *text, size_t len)
{
	size_t letters = len - padding_of(text, len);
	auto_str bytes = {.secret = out->secret};
	uint32_t bits = 0;
	unsigned held = 0;
	if (len % 4)
		return false;
	for (size_t i = 0; i < letters; i++) {
		const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		str_add(&bytes, &(uint8_t){(uint8_t)(bits >> held)}, 1);
		bits &= (1u << held) - 1;
	}
	if (bits)
		return false;
	str_add(out, str_text(&bytes), bytes.len);
	return true;
}
