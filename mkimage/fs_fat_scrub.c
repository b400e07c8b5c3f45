/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was deleted from a FAT and is still there in clusters that are in use: names in directories,
 * and what a cluster had before a file ended in the middle of it.  What is damaged is scrubbed as
 * far as it can be followed.
 */
#include <fcntl.h>
#include <string.h>

#include "blockmap.h"
#include "fat.h"
#include "io.h"
#include "mem.h"

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

/* Behind the end of a file of that size, in its last cluster. */
static int clear_tail(struct fat_volume *v, uint32_t cluster, uint64_t size, struct err *e)
{
	uint64_t whole = size / v->cluster_size;
	size_t over = (size_t)(size % v->cluster_size);
	auto_err damaged = ERR_INIT;
	if (!over || whole >= v->n_clusters)
		return 0;
	for (uint32_t n; whole && fat_is_cluster(v, cluster); whole -= n) {
		if (fat_next_run(v, &cluster, (uint32_t)whole, &n, &damaged) < 0)
			return damaged.code == ERR_IMAGE
				       ? 0
				       : err_set(e, damaged.code, "%s", damaged.msg);
	}
	return fat_is_cluster(v, cluster)
		       ? clear(v, fat_cluster_at(v, cluster) + over, v->cluster_size - over, e)
		       : 0;
}

/* A slot of a name that is in use. */
static int scrub_file(struct fat_volume *v, const uint8_t *slot, struct err *e)
{
	uint8_t attr = slot[11];
	if ((attr & FAT_ATTR_LONG_MASK) == FAT_ATTR_LONG_NAME ||
	    attr & (FAT_ATTR_LABEL | FAT_ATTR_DIR))
		return 0;
	return clear_tail(v, fat_slot_cluster(v, slot), fat_le32(slot + 28), e);
}

/* Slots of a directory; *ended: behind the last one that was ever in use. */
static int scrub_slots(struct fat_volume *v, uint8_t *slots, size_t len, bool *ended, bool *changed,
		       struct err *e)
{
	for (uint8_t *slot = slots; slot < slots + len; slot += FAT_SLOT) {
		*ended = *ended || !slot[0];
		if (!*ended && slot[0] != FAT_DELETED) {
			if (scrub_file(v, slot, e) < 0)
				return -1;
			continue;
		}
		size_t keep = *ended ? 0 : 1;
		if (mem_is_zero((char *)slot + keep, FAT_SLOT - keep))
			continue;
		memset(slot + keep, 0, FAT_SLOT - keep);
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
	    scrub_slots(v, slots, (size_t)(len - len % FAT_SLOT), ended, &changed, e) < 0)
		return -1;
	return changed ? io_pwrite_fd(v->fd, v->what, slots, (size_t)len, v->offset + start, e) : 0;
}

static int scrub_dir(struct fat_volume *v, const uint32_t *clusters, size_t n, void *ctx,
		     struct err *e)
{
	bool ended = false;
	(void)ctx;
	if (!n && v->root_size)
		return scrub_range(v, v->root, v->root_size, &ended, e);
	for (size_t i = 0; i < n; i++) {
		if (scrub_range(v, fat_cluster_at(v, clusters[i]), v->cluster_size, &ended, e) < 0)
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
	return fat_each_dir(&v, scrub_dir, NULL, e);
}
