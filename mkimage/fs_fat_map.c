/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "blockmap.h"
#include "fat.h"
#include "mem.h"

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

int fs_fat_blockmap(const char *path, uint64_t offset, uint64_t size, struct blockmap *m,
		    struct err *e)
{
	auto_fat_volume v = {.fd = -1};
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	autofree char *what = xasprintf("%s: FAT at byte %llu", path, (unsigned long long)offset);
	if (fat_volume_open(fd, what, offset, size, &v, e) < 0)
		return -1;
	blockmap_add(m, offset, v.data);
	return add_clusters(&v, m, e);
}
