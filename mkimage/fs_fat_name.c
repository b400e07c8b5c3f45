/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fat.h"
#include "utf8.h"

#define NAME_UNITS 255
#define PATTERN_CHARS "\"*:<>?[\\|"

/* Code page 850, which mtools uses for short names, from 0x80. */
static const uint16_t cp850[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
	0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2,
	0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00f8, 0x00a3, 0x00d8, 0x00d7, 0x0192, 0x00e1,
	0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x00ae, 0x00ac, 0x00bd,
	0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2,
	0x00c0, 0x00a9, 0x2563, 0x2551, 0x2557, 0x255d, 0x00a2, 0x00a5, 0x2510, 0x2514, 0x2534,
	0x252c, 0x251c, 0x2500, 0x253c, 0x00e3, 0x00c3, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
	0x2550, 0x256c, 0x00a4, 0x00f0, 0x00d0, 0x00ca, 0x00cb, 0x00c8, 0x0131, 0x00cd, 0x00ce,
	0x00cf, 0x2518, 0x250c, 0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580, 0x00d3, 0x00df, 0x00d4,
	0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe, 0x00de, 0x00da, 0x00db, 0x00d9, 0x00fd, 0x00dd,
	0x00af, 0x00b4, 0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6, 0x00a7, 0x00f7, 0x00b8, 0x00b0,
	0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2, 0x25a0, 0x00a0};

/* The letters of Latin-1 whose capitals are in Latin-1 too; all of them are in the code page. */
static bool is_latin_letter(uint32_t c)
{
	return c >= 0xc0 && c <= 0xfe && c != 0xd7 && c != 0xf7;
}

static uint32_t lower(uint32_t c)
{
	bool ascii = c >= 'A' && c <= 'Z';
	bool latin = is_latin_letter(c) && c < 0xdf;
	return ascii || latin ? c + 32 : c;
}

/* The next character, of what is not UTF-8 the next byte; 0 at the end. */
static uint32_t next(const char **p, bool *ret_valid)
{
	uint32_t c = (unsigned char)**p;
	if (!c)
		return 0;
	size_t len = utf8_decode(*p, strlen(*p), &c);
	if (!len)
		*ret_valid = false;
	*p += len ? len : 1;
	return c;
}

bool fat_name_equal(const char *a, const char *b)
{
	uint32_t x, y;
	bool valid = true;
	do {
		x = lower(next(&a, &valid));
		y = lower(next(&b, &valid));
	} while (x == y && x);
	return x == y && valid;
}

size_t fat_put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
	out[0] = (char)(first[more] | c >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
	return more + 1;
}

/* One part of a short name, which is padded with blanks. */
static size_t put_part(char *out, const uint8_t *from, size_t n, bool make_lower)
{
	size_t len = 0;
	while (n && from[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = from[i] < 0x80 ? from[i] : cp850[from[i] - 0x80];
		if (c < ' ' || c == 127 || c == '/')
			c = '_';
		len += fat_put_utf8(out + len, make_lower ? lower(c) : c);
	}
	return len;
}

void fat_short_name(const uint8_t *slot, uint8_t flags, char *out)
{
	uint8_t base[8];
	memcpy(base, slot, sizeof(base));
	if (base[0] == 0x05) /* stands for 0xe5, which would mean a free slot */
		base[0] = 0xe5;
	size_t len = put_part(out, base, 8, flags & 0x08);
	out[len] = '.';
	size_t more = put_part(out + len + 1, slot + 8, 3, flags & 0x10);
	out[more ? len + 1 + more : len] = '\0';
}

/* Short enough for mtools to make no long name of it. */
static bool may_be_short(const char *name)
{
	size_t units[2] = {0, 0}, part = 0;
	bool valid = true;
	for (uint32_t c; (c = next(&name, &valid));) {
		if (c == '.' && ++part > 1)
			return false;
		if (c != '.')
			units[part]++;
	}
	return units[0] <= 8 && units[1] <= 3;
}

static bool is_device(const char *name)
{
	static const char *const names[] = {"AUX",  "CON",  "NUL",  "PRN",  "CLOCK$",
					    "COM1", "COM2", "COM3", "COM4", "LPT1",
					    "LPT2", "LPT3", "LPT4"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (fat_name_equal(name, names[i]))
			return true;
	}
	return false;
}

const char *fat_name_refusal(const char *name)
{
	size_t units = 0;
	bool valid = true, plain = true;
	uint32_t last = 0;
	const char *p = name;
	for (uint32_t c; (c = next(&p, &valid)); last = c) {
		if (!valid)
			return "a name on FAT has to be UTF-8";
		if (c < ' ' || c == 127 || (c < 128 && strchr(PATTERN_CHARS, (int)c)))
			return "a name on FAT cannot have \" * : < > ? [ \\ | or control "
			       "characters";
		plain = plain && (c < 128 || is_latin_letter(c));
		units += c > 0xffff ? 2 : 1;
	}
	if (units > NAME_UNITS)
		return "a name on FAT has at most 255 characters";
	if (!last || last == '.' || last == ' ')
		return "a name on FAT cannot end in a dot or a blank";
	/* mtools would take the nearest letter it has, and so perhaps another file. */
	if (!plain && may_be_short(name))
		return "a name of 8.3 letters on FAT has to be of Latin letters; a longer one may "
		       "have any";
	return is_device(name) ? "this name is a device on FAT" : NULL;
}
