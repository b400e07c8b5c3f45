/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <endian.h>
#include <string.h>
#include <strings.h>

#include "crc32.h"
#include "identity.h"

/* Part of an id, or of a longer word that is none. */
static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* As the word is written in the text: libblkid has FAT's in capitals and all others not. */
static void add_in_case(struct str *out, const char *text, const char *from, const char *to)
{
	size_t len = strlen(to);
	bool lower = false, upper = false;
	for (size_t i = 0; i < len; i++) {
		lower = lower || islower((unsigned char)text[i]);
		upper = upper || isupper((unsigned char)text[i]);
	}
	if (memcmp(text, from, len) == 0 || lower == upper) {
		str_add(out, to, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)to[i];
		char cased = (char)(lower ? tolower(c) : toupper(c));
		str_add(out, &cased, 1);
	}
}

/* Of a name of an MBR's partition, the id and two digits; 0: it is none. */
static size_t mbr_id_len(const char *word, size_t len)
{
	return len > 3 && word[len - 3] == '-' && isxdigit((unsigned char)word[len - 2]) &&
			       isxdigit((unsigned char)word[len - 1])
		       ? len - 3
		       : 0;
}

/* The id that the word is, or begins with; NULL when it is none of them. */
static const struct id_change *find(const struct id_change *changes, size_t n, const char *word,
				    size_t len)
{
	for (size_t i = 0; i < n; i++) {
		const struct id_change *c = &changes[i];
		size_t id = c->kind == ID_MBR ? mbr_id_len(word, len) : len;
		if (c->kind != ID_DISK && strlen(c->from) == id && strlen(c->to) == id && id &&
		    strncasecmp(c->from, word, id) == 0)
			return c;
	}
	return NULL;
}

size_t id_changes_replace(const struct id_change *changes, size_t n, const char *text, size_t len,
			  struct str *out)
{
	size_t replaced = 0;
	for (size_t at = 0; at < len;) {
		size_t end = at + 1;
		while (is_word(text[at]) && end < len && is_word(text[end]))
			end++;
		const struct id_change *c = find(changes, n, text + at, end - at);
		if (c) {
			add_in_case(out, text + at, c->from, c->to);
			at += strlen(c->to);
		}
		str_add(out, text + at, end - at);
		replaced += c != NULL;
		at = end;
	}
	return replaced;
}

/* U-Boot's legacy image format, include/image.h: a header of 64 bytes, numbers big-endian. */
#define SCRIPT_HEADER 64
#define SCRIPT_MAGIC 0x27051956u
#define SCRIPT_HEADER_CRC 4
#define SCRIPT_SIZE 12
#define SCRIPT_DATA_CRC 24

static uint32_t get_be32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static void put_be32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

bool script_image_seal(char *data, size_t len)
{
	if (len < SCRIPT_HEADER || get_be32(data) != SCRIPT_MAGIC ||
	    get_be32(data + SCRIPT_SIZE) > len - SCRIPT_HEADER)
		return false;
	put_be32(data + SCRIPT_DATA_CRC,
		 crc32_of(data + SCRIPT_HEADER, get_be32(data + SCRIPT_SIZE)));
	put_be32(data + SCRIPT_HEADER_CRC, 0); /* as which it is summed */
	put_be32(data + SCRIPT_HEADER_CRC, crc32_of(data, SCRIPT_HEADER));
	return true;
}
