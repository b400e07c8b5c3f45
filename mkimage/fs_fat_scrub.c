/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was deleted from a FAT and is still there in clusters that are in use: names in directories,
 * and what a cluster had before a file ended in the middle of it.
 */
#include <fcntl.h>
#include <string.h>

#include "blockmap.h"
#include "fat.h"
#include "io.h"
#include "mem.h"

#define SLOT 32u
#define DELETED 0xe5
#define ATTR_LONG_NAME 0x0f
#define DEPTH_MAX 32 /* directories within each other; more is a circle */

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint64_t cluster_at(const struct fat_volume *v, uint32_t cluster)
{
	return v->data + (uint64_t)(cluster - 2) * v->cluster_size;
}

/* start: from the begin of the file system. */
static int clear(const struct fat_volume *v, uint64_t start, size_t len, struct err *e)
{
	autofree char *data = xmalloc(len + 1);
	if (io_pread_fd(v->fd, v->what, data, len, v->offset + start, e) < 0)
		return -1;
	if (mem_is_zero(data, len))
		return 0;
	memset(data, 0, len);
	return io_pwrite_fd(v->fd, v->what, data, len, v->offset + start, e);
}

/* Behind the end of a file, in its last cluster. */
static int clear_tail(struct fat_volume *v, uint32_t cluster, uint64_t left, struct err *e)
{
	while (cluster >= 2 && left) {
		uint64_t start = cluster_at(v, cluster);
		uint32_t n = 0;
		if (fat_next_run(v, &cluster, v->n_clusters, &n, e) < 0)
			return -1;
		uint64_t len = (uint64_t)n * v->cluster_size, over = left % v->cluster_size;
		if (left < len && over)
			return clear(v, start + left, v->cluster_size - (size_t)over, e);
		left -= left < len ? left : len;
	}
	return 0;
}

/* A file's slot, of a name that is in use. */
static int scrub_file(struct fat_volume *v, const uint8_t *slot, struct err *e)
{
	uint8_t attr = slot[11];
	uint32_t cluster = le16(slot + 26) | (v->bits == 32 ? le16(slot + 20) << 16 : 0);
	uint32_t size = le16(slot + 28) | le16(slot + 30) << 16;
	if (attr == ATTR_LONG_NAME || attr & (FAT_ATTR_LABEL | FAT_ATTR_DIR))
		return 0;
	return clear_tail(v, cluster, size, e);
}

/* Slots of a directory; *ended: behind the last one that was ever in use. */
static int scrub_slots(struct fat_volume *v, uint8_t *slots, size_t len, bool *ended, bool *changed,
		       struct err *e)
{
	for (uint8_t *slot = slots; slot < slots + len; slot += SLOT) {
		*ended = *ended || !slot[0];
		if (!*ended && slot[0] != DELETED) {
			if (scrub_file(v, slot, e) < 0)
				return -1;
			continue;
		}
		if (mem_is_zero((char *)slot + 1, SLOT - 1))
			continue;
		memset(slot + 1, 0, SLOT - 1);
		*changed = true;
	}
	return 0;
}

static int scrub_range(struct fat_volume *v, uint64_t start, uint64_t len, bool *ended,
		       struct err *e)
{
	autofree uint8_t *slots = xmalloc((size_t)len + 1);
	bool changed = false;
	if (io_pread_fd(v->fd, v->what, slots, (size_t)len, v->offset + start, e) < 0 ||
	    scrub_slots(v, slots, (size_t)len - (size_t)len % SLOT, ended, &changed, e) < 0)
		return -1;
	return changed ? io_pwrite_fd(v->fd, v->what, slots, (size_t)len, v->offset + start, e) : 0;
}

/* A directory of FAT12 and FAT16 that has no cluster is the root. */
static int scrub_dir(struct fat_volume *v, uint32_t cluster, struct err *e)
{
	bool ended = false;
	if (cluster < 2)
		return scrub_range(v, v->root, v->root_size, &ended, e);
	for (uint32_t left = v->n_clusters, n = 0; left && cluster >= 2; left -= n) {
		uint64_t start = cluster_at(v, cluster);
		if (fat_next_run(v, &cluster, 1, &n, e) < 0)
			return -1;
		if (!n || scrub_range(v, start, v->cluster_size, &ended, e) < 0)
			return n ? -1 : 0;
	}
	return 0;
}

/* left: directories that there can be; a circle has more. */
static int scrub_tree(struct fat_volume *v, uint32_t cluster, unsigned depth, uint32_t *left,
		      struct err *e)
{
	const struct fat_entry dir = {.attr = FAT_ATTR_DIR, .cluster = cluster};
	autofree uint32_t *below = NULL;
	size_t n = 0;
	if (depth > DEPTH_MAX || !*left)
		return 0;
	--*left;
	if (scrub_dir(v, cluster, e) < 0 || fat_subdirs(v, &dir, &below, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (below[i] >= 2 && scrub_tree(v, below[i], depth + 1, left, e) < 0)
			return -1;
	}
	return 0;
}

int fs_fat_scrub(const struct fs_open *o, struct err *e)
{
	auto_fat_volume v = {.fd = -1};
	autoclose int fd = open(o->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", o->what);
	if (fat_volume_open(fd, o->what, o->offset, o->size, &v, e) < 0)
		return -1;
	uint32_t left = v.n_clusters;
	return scrub_tree(&v, v.root_cluster, 0, &left, e);
}
