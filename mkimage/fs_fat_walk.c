/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All directories of a FAT, each once, whatever circles there are. */
#include <stdlib.h>

#include "fat.h"
#include "mem.h"

/* Directories that were found, and those still to be looked into. */
struct walk {
	struct fat_volume *v;
	bool *seen; /* per cluster */
	uint32_t *todo, *clusters;
	size_t n, cap, n_clusters, cap_clusters;
};

static void walk_done(struct walk *w)
{
	free(w->seen);
	free(w->todo);
	free(w->clusters);
}

static void push(struct walk *w, uint32_t cluster)
{
	if (!fat_is_cluster(w->v, cluster) || w->seen[cluster - 2])
		return;
	w->todo = array_reserve(w->todo, w->n, &w->cap, sizeof(*w->todo));
	w->todo[w->n++] = cluster;
}

/* The clusters of a directory; where they loop or leave the disk is for fsck.fat to say. */
static void follow(struct walk *w, uint32_t cluster)
{
	auto_err ignored = ERR_INIT;
	w->n_clusters = 0;
	while (fat_is_cluster(w->v, cluster) && !w->seen[cluster - 2]) {
		uint32_t n;
		w->seen[cluster - 2] = true;
		w->clusters = array_reserve(w->clusters, w->n_clusters, &w->cap_clusters,
					    sizeof(*w->clusters));
		w->clusters[w->n_clusters++] = cluster;
		if (fat_next_run(w->v, &cluster, 1, &n, &ignored) < 0)
			return;
	}
}

static void find_below(struct walk *w, const struct fat_entry *dir)
{
	auto_err ignored = ERR_INIT;
	autofree uint32_t *subdirs = NULL;
	size_t n;
	if (fat_subdirs(w->v, dir, &subdirs, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		push(w, subdirs[i]);
}

static int enter(struct walk *w, const struct fat_entry *dir, fat_visit *visit, void *ctx,
		 struct err *e)
{
	find_below(w, dir);
	follow(w, dir->cluster);
	return visit(w->v, w->clusters, w->n_clusters, ctx, e);
}

int fat_each_dir(struct fat_volume *v, fat_visit *visit, void *ctx, struct err *e)
{
	const struct fat_entry root = {.attr = FAT_ATTR_DIR, .cluster = v->root_cluster};
	__attribute__((cleanup(walk_done))) struct walk w = {.v = v};
	w.seen = xcalloc(v->n_clusters, sizeof(*w.seen));
	if (enter(&w, &root, visit, ctx, e) < 0)
		return -1;
	while (w.n) {
		/* Only the root has no name. */
		struct fat_entry dir = {.name = "x", .cluster = w.todo[--w.n]};
		if (!w.seen[dir.cluster - 2] && enter(&w, &dir, visit, ctx, e) < 0)
			return -1;
	}
	return 0;
}
