/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mac.h"
#include "str.h"

bool mac_is_valid(const char *text)
{
	char canonical[18];
	return mac_parse(text, canonical) && strcmp(text, canonical) == 0;
}

/* Twelve digits; separators (one kind) stand after every second or every fourth. */
static bool read_mac(const char *text, int digits[12])
{
	char separator = '\0';
	size_t n = 0, group = 0, length = 0;
	for (; *text; text++) {
		int digit = hex_digit(*text);
		if (digit >= 0 && n < 12) {
			digits[n++] = digit;
			group++;
			continue;
		}
		if (!strchr(":-.", *text) || (separator && separator != *text) ||
		    (length && length != group) || (group != 2 && group != 4) || n == 12)
			return false;
		separator = *text;
		length = group;
		group = 0;
	}
	return n == 12 && (!length || length == group);
}

bool mac_parse(const char *text, char ret[18])
{
	static const char digits[] = "0123456789abcdef";
	int d[12], any = 0;
	if (!read_mac(text, d))
		return false;
	for (size_t i = 0; i < 12; i++)
		any |= d[i];
	if (!any || (d[1] & 1)) /* a group address is nobody's */
		return false;
	for (size_t i = 0; i < 6; i++) {
		ret[3 * i] = digits[d[2 * i]];
		ret[3 * i + 1] = digits[d[2 * i + 1]];
		ret[3 * i + 2] = i < 5 ? ':' : '\0';
	}
	return true;
}
