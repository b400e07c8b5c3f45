/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growable byte buffer; data is always NUL-terminated once something was added. */
struct str {
	char *data;
	size_t len, cap;
	bool secret; /* memory is erased before it is given back */
};

#define STR_INIT  \
	{         \
		0 \
	}

/* For private keys, passwords and their hashes. */
#define STR_SECRET             \
	{                      \
		.secret = true \
	}

void str_add(struct str *s, const void *data, size_t len);
void str_puts(struct str *s, const char *text);
/* No argument may point into s. */
void str_printf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text so far, "" when empty; borrowed. */
const char *str_text(const struct str *s);
/* Hand the buffer over (never NULL); *s is empty afterwards. */
char *str_steal(struct str *s);
void str_done(struct str *s);

#define auto_str __attribute__((cleanup(str_done))) struct str

/* A vector of owned strings; v[n] is NULL once something was added, so v is an argv. */
struct strv {
	char **v;
	size_t n, cap;
};

void strv_add(struct strv *s, const char *text);
void strv_add_owned(struct strv *s, char *text);
void strv_printf(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_has(const struct strv *s, const char *text);
void strv_sort(struct strv *s); /* by byte value */
void strv_clear(struct strv *s);
void strv_done(struct strv *s);
/* All of them with the separator between; owned. */
char *strv_join(const struct strv *s, const char *separator);
/* Split text at each of the characters in seps; empty parts are dropped. */
void strv_split(struct strv *s, const char *text, const char *seps);

#define auto_strv __attribute__((cleanup(strv_done))) struct strv
#define strv_foreach(item, s) for (char **item = (s)->v; item && item < (s)->v + (s)->n; item++)

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* "dir/name" with exactly one slash between, a "./" before name is dropped; owned. */
char *path_join(const char *dir, const char *name);
/* Everything before the last slash ("/" for "/a", "." for "a"); owned. */
char *path_dir(const char *path);
/* What follows the last slash; borrowed. */
const char *path_base(const char *path);

/* The value of a hexadecimal digit of either case, -1 for another character. */
int hex_digit(char c);
/*
 * Parse a whole decimal number in [min, max].  The only number parser of the project; spaces,
 * signs where min is not negative, and trailing text are refused.  Returns false and leaves *ret
 * alone when text is not such a number.
 */
bool parse_number(const char *text, long long min, long long max, long long *ret);
/* Parse 1 to digits octal digits, as a mode has them; false leaves *ret alone. */
bool parse_octal(const char *text, size_t digits, uint32_t max, uint32_t *ret);
/* Parse a size in bytes with an optional suffix K, M, G or T (powers of 1024). */
bool parse_size(const char *text, unsigned long long *ret);
/* "1.2 GiB", "713 KiB"; owned. */
char *format_size(unsigned long long bytes);

/* The candidate nearest to word by edit distance, NULL when none is near; for "did you mean". */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);

#endif
