/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "blockmap.h"
#include "fat.h"
#include "mem.h"
#include "stream_map.h"

/* Clusters in use, of whatever chain or of none: fsck.fat could still save a lost one. */
static int add_clusters(struct fat_volume *v, struct blockmap *m, struct err *e)
{
	uint64_t base = v->offset + v->data;
	for (uint32_t i = 0; i < v->n_clusters; i++) {
		enum fat_mark mark;
		uint32_t next;
		if (fat_look(v, i + 2, &mark, &next, e) < 0)
			return -1;
		if (mark == FAT_NEXT || mark == FAT_END)
			blockmap_add(m, base + (uint64_t)i * v->cluster_size, v->cluster_size);
	}
	return 0;
}

/* Directories that were found, and those still to be looked into. */
struct walk {
	struct fat_volume *v;
	bool *seen; /* per cluster */
	uint32_t *todo;
	size_t n, cap;
};

static void walk_done(struct walk *w)
{
	free(w->seen);
	free(w->todo);
}

static bool is_cluster(const struct fat_volume *v, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < v->n_clusters;
}

static void walk_push(struct walk *w, uint32_t cluster)
{
	if (!is_cluster(w->v, cluster) || w->seen[cluster - 2])
		return;
	w->todo = array_reserve(w->todo, w->n, &w->cap, sizeof(*w->todo));
	w->todo[w->n++] = cluster;
}

/* Mark the clusters of a directory; where they loop or leave the disk is for fsck.fat to say. */
static void walk_mark(struct walk *w, uint32_t cluster)
{
	auto_err ignored = ERR_INIT;
	while (is_cluster(w->v, cluster) && !w->seen[cluster - 2]) {
		uint32_t n;
		w->seen[cluster - 2] = true;
		if (fat_next_run(w->v, &cluster, 1, &n, &ignored) < 0)
			return;
	}
}

static void walk_enter(struct walk *w, const struct fat_entry *dir)
{
	auto_err ignored = ERR_INIT;
	autofree uint32_t *subdirs = NULL;
	size_t n;
	if (fat_subdirs(w->v, dir, &subdirs, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		walk_push(w, subdirs[i]);
}

static void walk_dirs(struct walk *w)
{
	const struct fat_entry root = {.attr = FAT_ATTR_DIR, .cluster = w->v->root_cluster};
	walk_enter(w, &root);
	walk_mark(w, root.cluster);
	while (w->n) {
		struct fat_entry dir = {.name = "x", .cluster = w->todo[--w->n]};
		if (w->seen[dir.cluster - 2])
			continue;
		walk_mark(w, dir.cluster);
		walk_enter(w, &dir);
	}
}

static int add_dirs(struct fat_volume *v, struct blockmap *m, struct err *e)
{
	(void)e;
	__attribute__((cleanup(walk_done))) struct walk w = {.v = v};
	w.seen = xcalloc(v->n_clusters, sizeof(*w.seen));
	walk_dirs(&w);
	for (uint32_t i = 0; i < v->n_clusters; i++) {
		if (w.seen[i])
			blockmap_add(m, v->offset + v->data + (uint64_t)i * v->cluster_size,
				     v->cluster_size);
	}
	return 0;
}

static int open_volume(const struct fs_open *o, int fd, struct fat_volume *ret, struct err *e)
{
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", o->what);
	return fat_volume_open(fd, o->what, o->offset, o->size, ret, e);
}

static int map(const struct fs_open *o, struct blockmap *m,
	       int (*add)(struct fat_volume *v, struct blockmap *m, struct err *e), struct err *e)
{
	auto_fat_volume v = {.fd = -1};
	autoclose int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	if (open_volume(o, fd, &v, e) < 0)
		return -1;
	blockmap_add(m, o->offset, v.data);
	return add(&v, m, e);
}

/* All tables, and the root directory where it has a place of its own. */
int fs_fat_stream_head(const struct fs_open *o, uint64_t *ret, struct err *e)
{
	auto_fat_volume v = {.fd = -1};
	autoclose int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	if (open_volume(o, fd, &v, e) < 0)
		return -1;
	*ret = v.data;
	return 0;
}

int fs_fat_blockmap(const struct fs_open *o, struct blockmap *m, struct err *e)
{
	return map(o, m, add_clusters, e);
}

int fs_fat_metadata(const struct fs_open *o, struct blockmap *m, struct err *e)
{
	return map(o, m, add_dirs, e);
}
