/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fs_dir.h"
#include "io.h"
#include "mem.h"

#define RECORDS_MAX (64u << 20)

/* Where path is, or would have to be. */
static size_t position(const struct dir *d, const char *path, bool *ret_found)
{
	size_t low = 0, high = d->n;
	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(d->entries[middle].path, path);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void entry_done(struct attrs_entry *a)
{
	free(a->path);
	free(a->owner);
	free(a->group);
	free(a->node);
}

struct attrs_entry *records_find(struct dir *d, const char *path)
{
	bool found;
	size_t i = position(d, path, &found);
	return found ? &d->entries[i] : NULL;
}

void records_drop(struct dir *d, const char *path)
{
	bool found;
	size_t i = position(d, path, &found);
	if (!found)
		return;
	entry_done(&d->entries[i]);
	d->n--;
	memmove(&d->entries[i], &d->entries[i + 1], (d->n - i) * sizeof(*d->entries));
	d->dirty = true;
}

void records_set(struct dir *d, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
		 const char *node)
{
	struct attrs_entry record = {.path = xstrdup(path),
				     .mode = mode,
				     .owner = xasprintf("%u", uid),
				     .group = xasprintf("%u", gid),
				     .node = xstrdup(node)};
	bool found;
	size_t i = position(d, path, &found);
	if (found) {
		entry_done(&d->entries[i]);
	} else {
		d->entries = array_reserve(d->entries, d->n, &d->cap, sizeof(*d->entries));
		memmove(&d->entries[i + 1], &d->entries[i], (d->n - i) * sizeof(*d->entries));
		d->n++;
	}
	d->entries[i] = record;
	d->dirty = true;
}

/* The file is ours: what only an overlay may say is refused rather than lost. */
static int take_entry(struct dir *d, const struct attrs_entry *a, struct err *e)
{
	long long uid, gid;
	if (a->below || a->is_template || !parse_number(a->owner, 0, UINT32_MAX - 1, &uid) ||
	    !parse_number(a->group, 0, UINT32_MAX - 1, &gid))
		return err_set(e, ERR_FAILED,
			       "%s:%d: the records of a directory have numbers for owner and "
			       "group, no '/**' and no 'template'",
			       d->attrs_path, a->line);
	records_set(d, a->path, a->mode, (uint32_t)uid, (uint32_t)gid, a->node);
	return 0;
}

int records_load(struct dir *d, struct err *e)
{
	auto_str text = STR_INIT;
	auto_attrs parsed = {0};
	if (access(d->attrs_path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (io_read_file(d->attrs_path, RECORDS_MAX, &text, e) < 0 ||
	    attrs_parse(str_text(&text), text.len, d->attrs_path, &parsed, e) < 0)
		return -1;
	for (size_t i = 0; i < parsed.n; i++) {
		if (take_entry(d, &parsed.entries[i], e) < 0)
			return -1;
	}
	d->dirty = false;
	return 0;
}

int records_save(struct dir *d, struct err *e)
{
	if (!d->dirty)
		return 0;
	auto_str text = STR_INIT;
	for (size_t i = 0; i < d->n; i++)
		attrs_print(&text, &d->entries[i]);
	if (io_replace_file(d->attrs_path, str_text(&text), text.len, 0644, e) < 0)
		return -1;
	d->dirty = false;
	return 0;
}
