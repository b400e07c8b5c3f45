/* SPDX-License-Identifier: GPL-3.0-or-later */
/* File systems that grow while they are mounted: how large they are, and the program for it. */
#include <endian.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "grow.h"
#include "io.h"
#include "mem.h"
#include "rootfs.h"
#include "run.h"

/* Superblock of ext2, ext3 and ext4: https://docs.kernel.org/filesystems/ext4/super.html */
#define EXT_SUPER 1024
#define EXT_MAGIC 0xef53
#define EXT_64BIT 0x80 /* of the incompatible features */
#define EXT_LOG_MAX 6  /* blocks of 64 KiB */

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* The kernel writes it through the cache that is read here. */
static int ext_size(const struct ctx *ctx, const char *mount_point, const struct blockdev *dev,
		    uint64_t *ret, struct err *e)
{
	uint8_t super[1024];
	(void)mount_point;
	autoclose int fd = root_open(ctx, dev->node, O_RDONLY, 0, e);
	if (fd < 0 || io_pread_fd(fd, dev->node, super, sizeof(super), EXT_SUPER, e) < 0)
		return -1;
	uint32_t log = get32(super + 24);
	if ((get32(super + 56) & 0xffff) != EXT_MAGIC || log > EXT_LOG_MAX)
		return err_set(e, ERR_IMAGE, "%s: has no superblock of ext4", dev->node);
	uint64_t high = get32(super + 96) & EXT_64BIT ? get32(super + 336) : 0;
	*ret = (high << 32 | get32(super + 4)) << (10 + log);
	return 0;
}

static int open_mount(const struct ctx *ctx, const char *mount_point, struct err *e)
{
	return root_open(ctx, mount_point, O_RDONLY | O_DIRECTORY, 0, e);
}

/* Of the one device that grow_find lets through. */
static int btrfs_size(const struct ctx *ctx, const char *mount_point, const struct blockdev *dev,
		      uint64_t *ret, struct err *e)
{
	struct btrfs_ioctl_fs_info_args fs = {0};
	autoclose int fd = open_mount(ctx, mount_point, e);
	if (fd < 0)
		return -1;
	autofree struct btrfs_ioctl_dev_info_args *info = xcalloc(1, sizeof(*info));
	if (ioctl(fd, BTRFS_IOC_FS_INFO, &fs) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot ask btrfs", mount_point);
	info->devid = fs.max_id;
	if (ioctl(fd, BTRFS_IOC_DEV_INFO, info) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot ask btrfs for %s", mount_point,
				 dev->node);
	*ret = info->total_bytes;
	return 0;
}

/* XFS_IOC_FSGEOMETRY_V1 of the kernel, which has no header of it for programs. */
struct xfs_geometry {
	uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize, inodesize, imaxpct;
	uint64_t datablocks, rtblocks, rtextents, logstart;
	uint8_t uuid[16];
	uint32_t sunit, swidth, version, flags, logsectsize, rtsectsize, dirblocksize;
};
#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)

static int xfs_size(const struct ctx *ctx, const char *mount_point, const struct blockdev *dev,
		    uint64_t *ret, struct err *e)
{
	struct xfs_geometry g;
	(void)dev;
	autoclose int fd = open_mount(ctx, mount_point, e);
	if (fd < 0)
		return -1;
	if (ioctl(fd, XFS_GEOMETRY, &g) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot ask xfs", mount_point);
	*ret = g.datablocks * g.blocksize;
	return 0;
}

static const struct grow_fs known[] = {
	{"ext4", ext_size, {"resize2fs", "NODE", NULL}},
	{"ext3", ext_size, {"resize2fs", "NODE", NULL}},
	{"btrfs", btrfs_size, {"btrfs", "filesystem", "resize", "max", "MOUNT", NULL}},
	{"xfs", xfs_size, {"xfs_growfs", "MOUNT", NULL}},
};

const struct grow_fs *grow_fs_find(const char *type)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].type, type) == 0)
			return &known[i];
	}
	return NULL;
}

int grow_fs_run(const struct grow_fs *fs, const char *mount_point, const struct blockdev *dev,
		struct err *e)
{
	const char *argv[sizeof(fs->argv) / sizeof(*fs->argv)];
	size_t n = 0;
	for (; fs->argv[n]; n++) {
		argv[n] = strcmp(fs->argv[n], "NODE") == 0    ? dev->node
			  : strcmp(fs->argv[n], "MOUNT") == 0 ? mount_point
							      : fs->argv[n];
	}
	argv[n] = NULL;
	return run(&(struct run){.argv = argv}, e) < 0 ? -1 : 0;
}
