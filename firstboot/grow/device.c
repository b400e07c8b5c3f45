/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "blockdev.h"
#include "device.h"
#include "mem.h"

#define LOCK_PATIENCE_MS 30000
#define LOCK_LOOK_MS 100

static const struct ctx here = {.root = ""};

/* https://systemd.io/BLOCK_DEVICE_LOCKING: udev holds it while it looks at a new disk. */
static int lock(int fd, const struct disk *d, struct err *e)
{
	const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000};
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ms += LOCK_LOOK_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, ERR_FAILED, "%s: cannot lock it", d->name);
		if (ms >= LOCK_PATIENCE_MS)
			return err_set(e, ERR_BUSY,
				       "%s: another program holds it for %d s now; run this again "
				       "when that has ended",
				       d->name, LOCK_PATIENCE_MS / 1000);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* 1 when it is a block device that the kernel lists. */
static int find(int fd, struct blockdev *ret, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "cannot look at the disk");
	if (!S_ISBLK(st.st_mode))
		return 0;
	autofree char *id = xasprintf("%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return blockdev_read(&here, id, ret, e);
}

static int judge(int fd, struct disk *d, struct err *e)
{
	struct stat st;
	auto_blockdev b = {0};
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot look at it", d->name);
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, ERR_IMAGE, "%s: is neither a disk nor an image file", d->name);
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot tell its size", d->name);
	if (find(fd, &b, e) < 0)
		return -1;
	if (b.number)
		return err_set(e, ERR_USAGE,
			       "%s: is partition %d of a disk; name the disk and that number",
			       d->name, b.number);
	d->size = (uint64_t)size;
	return lock(fd, d, e);
}

int device_open(const char *path, bool write, struct disk *d, struct err *e)
{
	d->path = xstrdup(path);
	d->name = xstrdup(path);
	autoclose int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	return judge(fd, d, e) < 0 ? -1 : steal_fd(&fd);
}

static int resize(int fd, const struct disk *d, const struct part *part, struct err *e)
{
	struct blkpg_partition p = {
		.start = (long long)part->start,
		.length = (long long)part->size,
		.pno = part->number,
	};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(p), .data = &p};
	if (ioctl(fd, BLKPG, &arg) < 0)
		return err_errno(e, ERR_FAILED,
				 "%s: partition %d has grown in the table, but the kernel does not "
				 "take its new size: restart the board, and it does",
				 d->name, part->number);
	return 0;
}

/* What the kernel does not say it did, it may not have done. */
static int verify(const struct blockdev *disk, const struct disk *d, const struct part *part,
		  struct err *e)
{
	auto_blockdev now = {0};
	if (blockdev_partition(&here, disk, part->number, &now, e) < 0)
		return -1;
	if (now.size == part->size)
		return 1;
	return err_set(e, ERR_FAILED,
		       "%s: partition %d has %llu bytes in the table, but %llu to the kernel: "
		       "restart the board, and they are the same",
		       d->name, part->number, (unsigned long long)part->size,
		       (unsigned long long)now.size);
}

int device_tell(int fd, const struct disk *d, const struct part *part, bool dry_run, struct err *e)
{
	auto_blockdev disk = {0}, known = {0};
	int found = find(fd, &disk, e);
	if (found > 0)
		found = blockdev_partition(&here, &disk, part->number, &known, e);
	if (found <= 0)
		return found;
	if (known.start != part->start)
		return err_set(e, ERR_FAILED,
			       "%s: partition %d begins elsewhere to the kernel than in the table: "
			       "restart the board",
			       d->name, part->number);
	if (known.size >= part->size || dry_run)
		return known.size < part->size;
	return resize(fd, d, part, e) < 0 ? -1 : verify(&disk, d, part, e);
}
