/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field.h"
#include "mem.h"
#include "sshkey.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

const struct charset charset_hex = {DIGITS "abcdef", "0-9 a-f"};
const struct charset charset_id = {LETTERS DIGITS "._:+~-", "A-Z a-z 0-9 . _ : + ~ -"};
const struct charset charset_words = {LETTERS DIGITS "._:+~- ,()/",
				      "A-Z a-z 0-9 . _ : + ~ - , ( ) / and blanks"};

char *field_path(const struct field *f)
{
	return f->object ? xasprintf("%s.%s", f->object, f->name) : xstrdup(f->name);
}

char *field_grammar(const struct field *f)
{
	if (f->type == FIELD_KEY)
		return xstrdup("'ssh-ed25519 BASE64', without a comment");
	if (f->type == FIELD_NUMBER)
		return xasprintf("a number from %lld to %lld", f->min, f->max);
	if (f->min == f->max)
		return xasprintf("%lld of %s", f->max, f->set->shown);
	return xasprintf("%lld to %lld of %s", f->min, f->max, f->set->shown);
}

static int refuse(const struct field *f, struct err *e)
{
	autofree char *path = field_path(f), *grammar = field_grammar(f);
	return err_set(e, ERR_USAGE, "%s: should be %s", path, grammar);
}

int field_check_text(const struct field *f, const char *value, size_t len, struct err *e)
{
	bool ok = strlen(value) == len;
	if (f->type == FIELD_KEY)
		ok = ok && sshkey_is_ed25519(value);
	else
		ok = ok && (long long)len >= f->min && (long long)len <= f->max &&
		     !value[strspn(value, f->set->allowed)];
	return ok ? 0 : refuse(f, e);
}

int field_check_number(const struct field *f, long long value, struct err *e)
{
	return value >= f->min && value <= f->max ? 0 : refuse(f, e);
}

bool mac_is_valid(const char *text)
{
	char canonical[18];
	return mac_parse(text, canonical) && strcmp(text, canonical) == 0;
}

/* The value of a hexadecimal digit of either case, -1 for another character. */
static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
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
