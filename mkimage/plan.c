/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The container: changes by first mention, entries by path. */
#include <stdarg.h>
#include <string.h>

#include "mem.h"
#include "plan_private.h"

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h;
}

struct plan *plan_new(const struct plan *below)
{
	struct plan *p = xcalloc(1, sizeof(*p));
	p->below = below;
	p->n_buckets = 64;
	p->buckets = xcalloc(p->n_buckets, sizeof(struct plan_entry *));
	return p;
}

static void change_free(struct change *c)
{
	if (c)
		change_done(c);
	free(c);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_buckets; i++) {
		for (struct plan_entry *n = p->buckets[i], *next; n; n = next) {
			next = n->chain;
			change_free(n->change);
			free(n->path);
			free(n);
		}
	}
	free(p->buckets);
	free(p->order);
	strv_done(&p->notes);
	free(p);
}

static struct plan_entry *find(const struct plan *p, const char *path, size_t len)
{
	struct plan_entry *n = p->buckets[hash(path, len) % p->n_buckets];
	while (n && (strncmp(n->path, path, len) != 0 || n->path[len]))
		n = n->chain;
	return n;
}

struct plan_entry *plan_find(const struct plan *p, const char *path)
{
	return find(p, path, strlen(path));
}

static void put(struct plan *p, struct plan_entry *n)
{
	struct plan_entry **bucket = &p->buckets[hash(n->path, strlen(n->path)) % p->n_buckets];
	n->chain = *bucket;
	*bucket = n;
}

static void grow(struct plan *p)
{
	struct plan_entry **old = p->buckets;
	size_t n_old = p->n_buckets;
	p->n_buckets *= 2;
	p->buckets = xcalloc(p->n_buckets, sizeof(struct plan_entry *));
	for (size_t i = 0; i < n_old; i++) {
		for (struct plan_entry *n = old[i], *next; n; n = next) {
			next = n->chain;
			put(p, n);
		}
	}
	free(old);
}

static struct plan_entry *add(struct plan *p, const char *path, size_t len)
{
	if (p->n_entries++ == p->n_buckets)
		grow(p);
	struct plan_entry *n = xcalloc(1, sizeof(*n));
	n->path = xstrndup(path, len);
	put(p, n);
	return n;
}

/* How many bytes of path are its parent. */
static size_t parent_len(const char *path, size_t len)
{
	while (path[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : 1;
}

struct plan_entry *plan_entry(struct plan *p, const char *path)
{
	size_t len = strlen(path);
	struct plan_entry *found = find(p, path, len);
	if (found)
		return found;
	struct plan_entry *asked = add(p, path, len), *n = asked;
	while (len > 1 && !found) {
		len = parent_len(path, len);
		found = find(p, path, len);
		struct plan_entry *parent = found ? found : add(p, path, len);
		n->parent = parent;
		n->sibling = parent->child;
		parent->child = n;
		n = parent;
	}
	return asked;
}

struct change *plan_add(struct plan *p, struct plan_entry *entry, enum change_kind kind)
{
	if (entry->change)
		return entry->change;
	entry->change = xcalloc(1, sizeof(*entry->change));
	*entry->change = (struct change){
		.kind = kind, .path = xstrdup(entry->path), .mode = KEEP, .uid = KEEP, .gid = KEEP};
	p->order = array_reserve(p->order, p->n, &p->cap, sizeof(struct plan_entry *));
	p->order[p->n++] = entry;
	return entry->change;
}

void plan_filter(struct plan *p, bool (*drop)(struct plan_entry *entry, void *arg), void *arg)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct plan_entry *entry = p->order[i];
		if (!drop(entry, arg)) {
			p->order[kept++] = entry;
			continue;
		}
		change_free(entry->change);
		entry->change = NULL;
		entry->hides = false;
	}
	p->n = kept;
}

size_t plan_count(const struct plan *p)
{
	return p->n;
}

const struct change *plan_get(const struct plan *p, size_t i)
{
	return p->order[i]->change;
}

const struct strv *plan_notes(const struct plan *p)
{
	return &p->notes;
}

void plan_note(struct plan_ctx *ctx, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	autofree char *note = xvasprintf(fmt, ap);
	va_end(ap);
	if (!strv_has(&ctx->plan->notes, note))
		strv_add_owned(&ctx->plan->notes, steal(&note));
}
