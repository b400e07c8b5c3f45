/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "json.h"
#include "utf8.h"

static void add_escaped(struct str *out, uint32_t c)
{
	if (c == '\n')
		str_puts(out, "\\n");
	else if (c == '\t')
		str_puts(out, "\\t");
	else if (c < 0x10000)
		str_printf(out, "\\u%04x", (unsigned)c);
	else
		str_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (c >> 10)),
			   (unsigned)(0xdc00 + (c & 0x3ff)));
}

void json_add_string(struct str *out, const char *text, size_t len)
{
	str_puts(out, "\"");
	for (size_t n; len; text += n, len -= n) {
		uint32_t c;
		n = utf8_decode(text, len, &c);
		if (!n) {
			str_puts(out, "\xef\xbf\xbd");
			n = 1;
		} else if (utf8_is_unsafe(c)) {
			add_escaped(out, c);
		} else {
			if (c == '"' || c == '\\')
				str_puts(out, "\\");
			str_add(out, text, n);
		}
	}
	str_puts(out, "\"");
}

void json_field(struct str *out, const char *name, const char *value)
{
	bool first = !out->len || out->data[out->len - 1] == '{';
	str_printf(out, "%s\"%s\":", first ? "" : ",", name);
	if (value)
		json_add_string(out, value, strlen(value));
	else
		str_puts(out, "null");
}
