/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bmap.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "str.h"

#define BMAP_MAX (64u << 20) /* bytes; a range for every second block of 32 GiB */
#define BLOCK_MIN 512
#define BLOCK_MAX (64u << 20)
#define IMAGE_MAX (1ull << 50)

#define ADVICE "; make it again with bmaptool, or do without: --bmap none"

void bmap_done(struct bmap *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->ranges[i].sum);
	free(b->ranges);
	free(b->path);
	free(b->sum_type);
	*b = (struct bmap){0};
}

struct parser {
	XML_Parser xml;
	struct bmap *map;
	struct str text; /* of the element that is open */
	char *sum;	 /* of the range that is open */
	char *own_sum;	 /* of the file */
	uint64_t blocks;
	bool sha1_names; /* version 1.3 */
	struct err *e;
};

static void parser_done(struct parser *p)
{
	XML_ParserFree(p->xml);
	str_done(&p->text);
	free(p->sum);
	free(p->own_sum);
}
#define auto_parser __attribute__((cleanup(parser_done))) struct parser

/* The first fault counts; expat is told to stop. */
static void refuse(struct parser *p, const char *what)
{
	if (!p->e->msg)
		err_set(p->e, ERR_IMAGE, "%s:%lu: %s" ADVICE, p->map->path,
			(unsigned long)XML_GetCurrentLineNumber(p->xml), what);
	XML_StopParser(p->xml, XML_FALSE);
}

static char *trimmed(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return xstrndup(text, len);
}

/* What the element that ends holds, owned. */
static char *content(const struct parser *p)
{
	return trimmed(str_text(&p->text), p->text.len);
}

static void take_number(struct parser *p, uint64_t *to)
{
	long long value;
	autofree char *text = content(p);
	if (parse_number(text, 0, IMAGE_MAX, &value))
		*to = (uint64_t)value;
	else
		refuse(p, "this is no number of an image");
}

/* "12 - 345", or "12". */
static bool parse_blocks(const char *text, uint64_t *first, uint64_t *last)
{
	long long a, b;
	const char *dash = strchr(text, '-');
	autofree char *left = trimmed(text, dash ? (size_t)(dash - text) : strlen(text));
	autofree char *right = dash ? trimmed(dash + 1, strlen(dash + 1)) : xstrdup(left);
	if (!parse_number(left, 0, IMAGE_MAX, &a) || !parse_number(right, a, IMAGE_MAX, &b))
		return false;
	*first = (uint64_t)a;
	*last = (uint64_t)b;
	return true;
}

static void take_range(struct parser *p)
{
	struct bmap *m = p->map;
	uint64_t first, last;
	const struct bmap_range *before = m->n ? &m->ranges[m->n - 1] : NULL;
	if (!m->block_size || !m->image_size) {
		refuse(p, "a range before the sizes of image and blocks");
		return;
	}
	if (!parse_blocks(str_text(&p->text), &first, &last) ||
	    last > (m->image_size - 1) / m->block_size ||
	    (before && first * m->block_size < before->start + before->len)) {
		refuse(p, "this is no range of blocks behind the one before");
		return;
	}
	uint64_t start = first * m->block_size, end = (last + 1) * m->block_size;
	m->ranges = array_reserve(m->ranges, m->n, &m->cap, sizeof(*m->ranges));
	struct bmap_range *r = &m->ranges[m->n++];
	r->start = start;
	r->len = (end < m->image_size ? end : m->image_size) - start;
	r->sum = steal(&p->sum);
}

static void forget_text(struct parser *p)
{
	str_done(&p->text);
}

static void on_begin(void *ctx, const char *name, const char **attributes)
{
	struct parser *p = ctx;
	forget_text(p);
	for (; attributes[0]; attributes += 2) {
		bool sum = strcmp(attributes[0], "chksum") == 0 ||
			   strcmp(attributes[0], "sha1") == 0;
		if (sum && strcmp(name, "Range") == 0) {
			free(p->sum);
			p->sum = xstrdup(attributes[1]);
		}
		if (strcmp(name, "bmap") == 0 && strcmp(attributes[0], "version") == 0 &&
		    !str_starts(attributes[1], "1.") && !str_starts(attributes[1], "2."))
			refuse(p, "a version of the format that is not known");
	}
}

static void on_text(void *ctx, const char *text, int len)
{
	struct parser *p = ctx;
	str_add(&p->text, text, (size_t)len);
}

static void take_block_size(struct parser *p)
{
	uint64_t size = 0;
	take_number(p, &size);
	if (size < BLOCK_MIN || size > BLOCK_MAX || size & (size - 1))
		refuse(p, "an impossible size of blocks");
	p->map->block_size = size;
}

static void take_image_size(struct parser *p)
{
	take_number(p, &p->map->image_size);
}

static void take_blocks(struct parser *p)
{
	take_number(p, &p->blocks);
}

static void take_sum_type(struct parser *p)
{
	free(p->map->sum_type);
	p->map->sum_type = content(p);
}

static void take_own_sum(struct parser *p)
{
	free(p->own_sum);
	p->own_sum = content(p);
}

/* Version 1.3 knew no other. */
static void take_own_sha1(struct parser *p)
{
	free(p->map->sum_type);
	p->map->sum_type = xstrdup("sha1");
	take_own_sum(p);
}

static const struct {
	const char *name;
	void (*take)(struct parser *p);
} elements[] = {
	{"Range", take_range},		 {"ImageSize", take_image_size},
	{"BlockSize", take_block_size},	 {"BlocksCount", take_blocks},
	{"ChecksumType", take_sum_type}, {"BmapFileChecksum", take_own_sum},
	{"BmapFileSHA1", take_own_sha1},
};

static void on_end(void *ctx, const char *name)
{
	struct parser *p = ctx;
	for (size_t i = 0; i < sizeof(elements) / sizeof(*elements) && !p->e->msg; i++) {
		if (strcmp(name, elements[i].name) == 0)
			elements[i].take(p);
	}
	forget_text(p);
}

/* No block map needs entities, and some are made to fill the memory. */
static void on_doctype(void *ctx, const char *name, const char *system, const char *public,
		       int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	refuse(ctx, "a document type has no place here");
}

static int parse(struct parser *p, const struct str *text)
{
	XML_SetUserData(p->xml, p);
	XML_SetElementHandler(p->xml, on_begin, on_end);
	XML_SetCharacterDataHandler(p->xml, on_text);
	XML_SetStartDoctypeDeclHandler(p->xml, on_doctype);
	if (XML_Parse(p->xml, str_text(text), (int)text->len, 1) == XML_STATUS_OK)
		return 0;
	refuse(p, XML_ErrorString(XML_GetErrorCode(p->xml)));
	return -1;
}

/* It is that of the file with zeros in place of the checksum. */
static int check_own_sum(struct parser *p, const struct str *text)
{
	struct bmap *m = p->map;
	if (!m->sum_type || !p->own_sum)
		return 0;
	auto_hash *h = hash_new_named(m->sum_type);
	if (!h)
		return err_set(p->e, ERR_IMAGE, "%s: checksum type '%s' is not known" ADVICE,
			       m->path, m->sum_type);
	autofree char *copy = xmemdup(text->data, text->len);
	char *at = strstr(copy, p->own_sum);
	if (at && *p->own_sum)
		memset(at, '0', strlen(p->own_sum));
	hash_add(h, copy, text->len);
	autofree char *is = hash_hex(h);
	if (strcasecmp(is, p->own_sum) == 0)
		return 0;
	return err_set(p->e, ERR_IMAGE, "%s: damaged: its checksum is %s, and should be %s" ADVICE,
		       m->path, is, p->own_sum);
}

static int check(struct parser *p, const struct str *text)
{
	struct bmap *m = p->map;
	if (!m->image_size || !m->block_size || !m->n)
		return err_set(p->e, ERR_IMAGE,
			       "%s: has no image size, block size or ranges" ADVICE, m->path);
	if (p->blocks && p->blocks != (m->image_size + m->block_size - 1) / m->block_size)
		return err_set(p->e, ERR_IMAGE,
			       "%s: says that the image has %llu blocks, which its size does not "
			       "give" ADVICE,
			       m->path, (unsigned long long)p->blocks);
	return check_own_sum(p, text);
}

int bmap_read(const char *path, struct bmap *ret, struct err *e)
{
	auto_str text = STR_INIT;
	auto_bmap m = {.path = xstrdup(path)};
	if (io_read_file(path, BMAP_MAX, &text, e) < 0)
		return -1;
	auto_parser p = {.xml = XML_ParserCreate(NULL), .map = &m, .e = e};
	if (!p.xml)
		abort(); /* as xmalloc does */
	if (parse(&p, &text) < 0 || check(&p, &text) < 0)
		return -1;
	*ret = m;
	m = (struct bmap){0};
	return 0;
}

char *bmap_find(const char *image)
{
	autofree char *stem = xstrdup(image);
	for (;;) {
		autofree char *path = xasprintf("%s.bmap", stem);
		if (access(path, F_OK) == 0)
			return steal(&path);
		char *dot = strrchr(stem, '.');
		if (!dot || dot < path_base(stem) + 1)
			return NULL;
		*dot = '\0';
	}
}
