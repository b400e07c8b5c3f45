/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "str.h"
#include "uuid.h"

static bool has_hyphen_after(size_t byte)
{
	return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

bool uuid_parse(const char *text, uint8_t ret[UUID_LEN])
{
	uint8_t uuid[UUID_LEN];
	for (size_t i = 0; i < UUID_LEN; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
		if (has_hyphen_after(i) && *text++ != '-')
			return false;
	}
	if (*text)
		return false;
	memcpy(ret, uuid, sizeof(uuid));
	return true;
}

void uuid_format(const uint8_t uuid[UUID_LEN], char ret[UUID_TEXT])
{
	for (size_t i = 0; i < UUID_LEN; i++) {
		ret += snprintf(ret, 3, "%02x", uuid[i]);
		if (has_hyphen_after(i))
			*ret++ = '-';
	}
	*ret = '\0';
}

void uuid_from_random(uint8_t uuid[UUID_LEN])
{
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}
