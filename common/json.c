/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>

#include "json.h"

/* Length of the valid UTF-8 sequence at p, 0 when there is none (RFC 3629). */
static size_t utf8_sequence(const unsigned char *p, size_t len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (n == 1)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len < n)
		return 0;
	uint32_t code = p[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static void add_ascii(struct str *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;
	if (at)
		str_printf(out, "\\%c", escaped[at - plain]);
	else if ((unsigned char)c < ' ' || c == 0x7f)
		str_printf(out, "\\u%04x", (unsigned)c);
	else
		str_add(out, &c, 1);
}

void json_string(struct str *out, const char *text, size_t len)
{
	str_puts(out, "\"");
	while (len) {
		size_t n = utf8_sequence((const unsigned char *)text, len);
		if (n == 1)
			add_ascii(out, *text);
		else
			str_add(out, n ? text : "\xef\xbf\xbd", n ? n : 3);
		n = n ? n : 1;
		text += n;
		len -= n;
	}
	str_puts(out, "\"");
}
