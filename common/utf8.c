/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "utf8.h"

size_t utf8_decode(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s[0];
	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || n > len)
		return 0;
	uint32_t c = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s[i];
		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

bool utf8_is_unsafe(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0, 0x1f},	  {0x7f, 0x9f},	      {0xad, 0xad},	{0x61c, 0x61c},
		{0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

/* One byte as cat -v shows it. */
static void add_byte(struct str *out, unsigned char c)
{
	if (c >= 0x80)
		str_puts(out, "M-");
	c &= 0x7f;
	if (c < 0x20 || c == 0x7f)
		str_printf(out, "^%c", c ^ 0x40);
	else
		str_add(out, &c, 1);
}

void utf8_visible(struct str *out, const char *s, size_t len, bool keep_lines)
{
	for (size_t n; len; s += n, len -= n) {
		uint32_t c;
		n = utf8_decode(s, len, &c);
		bool line = keep_lines && (*s == '\n' || *s == '\t');
		if (n && (line || !utf8_is_unsafe(c))) {
			str_add(out, s, n);
		} else if (n > 1) {
			str_printf(out, "<U+%04X>", (unsigned)c);
		} else {
			add_byte(out, (unsigned char)*s);
			n = 1;
		}
	}
}
