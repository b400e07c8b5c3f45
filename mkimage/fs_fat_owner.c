/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files of a FAT lie in given bytes; and its tables, each of which is the other's copy. */
#include <fcntl.h>
#include <string.h>

#include "blockmap.h"
#include "fat.h"
#include "io.h"
#include "mem.h"

struct search {
	struct fat_volume *v;
	const struct blockmap *bytes; /* of the image */
	struct strv *found;
	bool *seen; /* first clusters of directories; more of them is a circle */
};

static bool is_hit(const struct search *s, uint64_t start, uint64_t len)
{
	size_t hint = 0;
	auto_blockmap part = {0};
	uint64_t at = s->v->offset + start;
	blockmap_clip(s->bytes, at, at + len, &hint, &part);
	return part.n != 0;
}

/* A chain that ends in the middle of nowhere has been followed as far as it goes. */
static bool chain_is_hit(const struct search *s, uint32_t cluster)
{
	uint64_t size = s->v->cluster_size;
	for (uint32_t left = s->v->n_clusters, n; left && cluster >= 2; left -= n) {
		auto_err ignored = ERR_INIT;
		uint64_t start = s->v->data + (cluster - 2) * size;
		if (fat_next_run(s->v, &cluster, left, &n, &ignored) < 0)
			return false;
		if (is_hit(s, start, n * size))
			return true;
	}
	return false;
}

static void look_into(struct search *s, const char *path, const struct fat_entry *dir);

static bool is_new_dir(struct search *s, const struct fat_entry *entry)
{
	if (!(entry->attr & FAT_ATTR_DIR) || !fat_is_cluster(s->v, entry->cluster) ||
	    s->seen[entry->cluster - 2])
		return false;
	s->seen[entry->cluster - 2] = true;
	return true;
}

static void look_at(struct search *s, const char *path)
{
	struct fat_entry entry;
	auto_err ignored = ERR_INIT;
	if (fat_find(s->v, path, &entry, &ignored) != 1)
		return;
	if (chain_is_hit(s, entry.cluster))
		strv_add(s->found, path);
	if (is_new_dir(s, &entry))
		look_into(s, path, &entry);
}

/* What cannot be read any more has no names to tell. */
static void look_into(struct search *s, const char *path, const struct fat_entry *dir)
{
	auto_strv names = {0};
	auto_err ignored = ERR_INIT;
	if (fat_names(s->v, dir, &names, &ignored) < 0)
		return;
	strv_foreach (name, &names) {
		autofree char *below = path_join(path, *name);
		look_at(s, below);
	}
}

static void find_all(struct search *s)
{
	const struct fat_volume *v = s->v;
	const struct fat_entry root = {.attr = FAT_ATTR_DIR, .cluster = v->root_cluster};
	if (is_hit(s, 0, v->table))
		strv_add(s->found, "the boot sector or what follows it");
	if (is_hit(s, v->table, v->root - v->table))
		strv_add(s->found, "the tables of clusters");
	if ((v->root_size && is_hit(s, v->root, v->root_size)) || chain_is_hit(s, root.cluster))
		strv_add(s->found, "/");
	look_into(s, "/", &root);
}

/* Copy what is bad of one table from where it is good in the other, at distance (or back). */
static int restore(const struct fat_volume *v, const struct blockmap *bad, uint64_t to,
		   uint64_t from, struct err *e)
{
	auto_blockmap lost = {0};
	size_t hint = 0;
	blockmap_clip(bad, to, to + v->table_size, &hint, &lost);
	for (size_t i = 0; i < lost.n; i++) {
		const struct extent *x = &lost.extents[i];
		uint64_t at = from + (x->start - to);
		auto_blockmap both = {0};
		autofree char *data = xmalloc(x->len);
		hint = 0;
		blockmap_clip(bad, at, at + x->len, &hint, &both);
		if (both.n)
			continue;
		if (io_pread_fd(v->fd, v->what, data, x->len, at, e) < 0 ||
		    io_pwrite_fd(v->fd, v->what, data, x->len, x->start, e) < 0)
			return -1;
	}
	return 0;
}

static int restore_tables(const struct fat_volume *v, const struct blockmap *bad, struct err *e)
{
	uint64_t first = v->offset + v->table, second = first + v->table_size;
	if (v->table + 2 * v->table_size > v->root)
		return 0; /* there is one, or only the last is in use */
	return restore(v, bad, first, second, e) < 0 ? -1 : restore(v, bad, second, first, e);
}

int fs_fat_mend(const struct fs_open *o, const struct blockmap *bytes, struct strv *ret,
		struct err *e)
{
	auto_fat_volume v = {.fd = -1};
	autoclose int fd = open(o->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", o->what);
	if (fat_volume_open(fd, o->what, o->offset, o->size, &v, e) < 0 ||
	    restore_tables(&v, bytes, e) < 0)
		return -1;
	autofree bool *seen = xcalloc(v.n_clusters, sizeof(*seen));
	struct search s = {&v, bytes, ret, seen};
	find_all(&s);
	return 0;
}
