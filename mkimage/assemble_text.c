/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <nettle/sha2.h>
#include <string.h>

#include "assemble_private.h"
#include "mem.h"
#include "uuid.h"

#define BLANK " \t"

/* fstab(5): does this line (n bytes, no newline) mount target?  *ret_field is its first field. */
static bool mounts(const char *line, size_t n, const char *target, const char **ret_field,
		   size_t *ret_len)
{
	autofree char *copy = xstrndup(line, n);
	char *first = copy + strspn(copy, BLANK);
	size_t first_len = strcspn(first, BLANK);
	char *second = first + first_len + strspn(first + first_len, BLANK);
	second[strcspn(second, BLANK)] = '\0';
	if (*first == '#' || first_len == 0 || strcmp(second, target) != 0)
		return false;
	*ret_field = line + (first - copy);
	*ret_len = first_len;
	return true;
}

void fstab_set_source(struct str *out, const char *text, const char *target, const char *source,
		      const char *line)
{
	bool found = false;
	const char *at = text;
	while (*at) {
		size_t n = strcspn(at, "\n");
		const char *field;
		size_t len;
		if (mounts(at, n, target, &field, &len)) {
			str_add(out, at, (size_t)(field - at));
			str_puts(out, source);
			str_add(out, field + len, n - (size_t)(field + len - at));
			found = true;
		} else {
			str_add(out, at, n);
		}
		at += n;
		if (*at)
			str_add(out, at++, 1);
	}
	if (found)
		return;
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
	str_puts(out, line);
}

void cmdline_set_root(struct str *out, const char *text, const char *root)
{
	bool done = false;
	const char *end = text + strcspn(text, "\n"), *at = text;
	while (at < end) {
		size_t blank = strspn(at, BLANK), word = strcspn(at + blank, BLANK "\n");
		bool is_root = strncmp(at + blank, "root=", 5) == 0;
		if (!is_root)
			str_add(out, at, blank + word);
		else if (!done)
			str_printf(out, "%.*sroot=%s", (int)blank, at, root);
		done = done || is_root;
		at += blank + word;
	}
	if (!done)
		str_printf(out, "%sroot=%s", out->len ? " " : "", root);
	str_puts(out, *end ? end : "\n");
}

void assemble_derive(const char *id, const char *purpose, uint8_t ret[32])
{
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, strlen(purpose) + 1, (const uint8_t *)purpose);
	sha256_update(&sha, strlen(id), (const uint8_t *)id);
	sha256_digest(&sha, 32, ret);
}

char *assemble_uuid(const char *id, const char *purpose)
{
	uint8_t b[32];
	char text[UUID_TEXT];
	assemble_derive(id, purpose, b);
	uuid_from_random(b);
	uuid_format(b, text);
	return xstrdup(text);
}
