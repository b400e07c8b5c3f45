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
