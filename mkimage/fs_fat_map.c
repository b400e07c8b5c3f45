/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdlib.h>

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

struct clusters {
	uint32_t *v;
	size_t n, cap;
};

static int keep_clusters(struct fat_volume *v, const uint32_t *clusters, size_t n, void *ctx,
			 struct err *e)
{
	struct clusters *kept = ctx;
	(void)v;
	(void)e;
	for (size_t i = 0; i < n; i++) {
		kept->v = array_reserve(kept->v, kept->n, &kept->cap, sizeof(*kept->v));
		kept->v[kept->n++] = clusters[i];
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

/* A map wants them in order, and directories are found in any. */
static int add_dirs(struct fat_volume *v, struct blockmap *m, struct err *e)
{
	struct clusters kept = {0};
	int r = fat_each_dir(v, keep_clusters, &kept, e);
	if (kept.n)
		qsort(kept.v, kept.n, sizeof(*kept.v), by_number);
	for (size_t i = 0; r == 0 && i < kept.n; i++)
		blockmap_add(m, v->offset + fat_cluster_at(v, kept.v[i]), v->cluster_size);
	free(kept.v);
	return r;
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
