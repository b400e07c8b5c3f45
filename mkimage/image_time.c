/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>
#include <fcntl.h>

#include "image_parts.h"
#include "io.h"
#include "mem.h"
#include "source.h"

/* s_wtime of the superblock, https://docs.kernel.org/filesystems/ext4/super.html */
#define EXT_SUPERBLOCK 1024
#define EXT_WTIME 0x30

int image_timestamp(const struct image *i, int64_t *ret, struct err *e)
{
	const struct part *root = disk_part(i->disk, i->root);
	*ret = SOURCE_DEFAULT_TIME;
	if (!part_is_ext(root))
		return 0;
	autoclose int fd = open(i->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", i->name);
	uint32_t wtime;
	uint64_t at = root->start + EXT_SUPERBLOCK + EXT_WTIME;
	if (io_pread_fd(fd, i->name, &wtime, sizeof(wtime), at, e) < 0)
		return -1;
	*ret = le32toh(wtime);
	return 0;
}
