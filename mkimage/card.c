/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "card_private.h"
#include "log.h"
#include "mem.h"
#include "udisks.h"

void card_done(struct card *c)
{
	cleanup_close(&c->fd);
	free(c->name);
	free(c->node);
	*c = (struct card)CARD_INIT;
}

static int explain_open(const char *name, struct err *e)
{
	switch (errno) {
	case EBUSY:
		return err_set(e, ERR_BUSY,
			       "%s: is in use: the kernel gives it to nobody else; unmount it, in "
			       "containers too, and end what works with it",
			       name);
	case EACCES:
	case EPERM:
		return err_set(e, ERR_FAILED,
			       "%s: no permission to write to it, and no UDisks2 runs here that "
			       "could ask for it; run the same command with sudo",
			       name);
	case ENOMEDIUM:
		return err_set(e, ERR_USAGE, "%s: there is no card in it", name);
	default:
		return err_errno(e, ERR_FAILED, "%s: cannot open%s", name, card_advice(errno));
	}
}

/* Where we may not, UDisks2 may be allowed to. */
static int open_exclusively(struct card *c, const char *path, struct err *e)
{
	c->fd = device_open(path, O_RDWR | O_DIRECT);
	if (c->fd >= 0)
		return 0;
	int error = errno;
	int r = error == EACCES || error == EPERM ? udisks_open(c->node, &c->fd, e) : 0;
	if (r < 0)
		return -1;
	errno = error;
	return r ? 0 : explain_open(c->name, e);
}

static int open_device(struct card *c, const char *path, const struct stat *st, struct err *e)
{
	struct stat now;
	uint64_t size = 0;
	int sector = 0;
	if (open_exclusively(c, path, e) < 0)
		return -1;
	if (fstat(c->fd, &now) < 0 || ioctl(c->fd, BLKGETSIZE64, &size) < 0 ||
	    ioctl(c->fd, BLKSSZGET, &sector) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot find its size", c->name);
	if (now.st_rdev != st->st_rdev || size != c->size || (unsigned)sector != c->sector)
		return err_set(e, ERR_BUSY, "%s: became another device; look again", c->name);
	return 0;
}

/* A file system that knows no O_DIRECT has to do; what was written is dropped from its cache. */
static int open_file(struct card *c, const char *path, struct err *e)
{
	c->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (c->fd < 0 && errno == EINVAL)
		c->fd = open(path, O_RDWR | O_CLOEXEC);
	return c->fd < 0 ? explain_open(c->name, e) : 0;
}

/* Who follows the rules of systemd (Locking Block Device Access) leaves it alone meanwhile. */
static int lock(const struct card *c, struct err *e)
{
	if (device_lock(c->fd) == 0)
		return 0;
	return err_set(e, ERR_BUSY, "%s: another program works with it; wait for its end", c->name);
}

/*
 * A path leads to what was mounted there last, which may be another disk.  (Kernels before 5.8 do
 * not tell the mount, but the file system.)
 */
static bool is_covered(const struct device_use *u)
{
	struct statx x;
	if (statx(AT_FDCWD, u->where, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_MNT_ID, &x) < 0)
		return false; /* umount2 says why */
	if (x.stx_mask & STATX_MNT_ID)
		return x.stx_mnt_id != u->id;
	return makedev(x.stx_dev_major, x.stx_dev_minor) != u->mount;
}

static int unmount_one(const struct device_use *u, const char *what, struct err *e)
{
	if (is_covered(u))
		return err_set(e, ERR_BUSY,
			       "%s: cannot unmount '%s': something else is mounted over it; "
			       "unmount that first",
			       what, u->where);
	if (umount2(u->where, UMOUNT_NOFOLLOW) == 0)
		return 0;
	int error = errno, r = 0;
	autofree char *node = device_node(u->name);
	if (error == EPERM)
		r = udisks_unmount(node, e);
	errno = error;
	if (r == 0)
		return err_errno(e, ERR_BUSY, "%s: cannot unmount '%s'", what, u->where);
	return r < 0 ? -1 : 0;
}

/* The last mount first: one may lie below another. */
static int unmount(const struct device *d, const char *what, struct err *e)
{
	for (size_t i = d->n_uses; i-- > 0;) {
		if (d->uses[i].kind == USE_MOUNT && unmount_one(&d->uses[i], what, e) < 0)
			return -1;
	}
	return 0;
}

/* d stays empty when it is a regular file. */
static int judge(const struct device_wish *wish, struct stat *st, struct device *d, struct err *e)
{
	if (stat(wish->what, st) < 0)
		return err_errno(e, ERR_USAGE, "%s: cannot find it", wish->what);
	if (S_ISBLK(st->st_mode))
		return device_judge(st->st_rdev, wish, d, e);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_USAGE, "%s: refused: it is not a device", wish->what);
	if (!wish->force)
		return err_set(e, ERR_USAGE,
			       "%s: refused: it is a file and no card; if it is meant all the "
			       "same: --force %s",
			       wish->what, wish->what);
	return 0;
}

int card_judge(const struct device_wish *wish, struct card *ret, struct err *e)
{
	struct stat st;
	auto_device d = {0};
	if (judge(wish, &st, &d, e) < 0)
		return -1;
	bool device = d.path;
	*ret = (struct card){.fd = -1,
			     .name = xstrdup(wish->what),
			     .size = device ? d.size : (uint64_t)st.st_size,
			     .sector = device ? d.sector : 512};
	ret->node = steal(&d.path);
	return 0;
}

int card_open(struct card *c, const struct device_wish *wish, struct err *e)
{
	struct stat st;
	auto_device d = {0};
	/* Again, because of what is mounted now. */
	if (judge(wish, &st, &d, e) < 0 || (wish->unmount && unmount(&d, c->name, e) < 0))
		return -1;
	int r = c->node ? open_device(c, wish->what, &st, e) : open_file(c, wish->what, e);
	return r < 0 ? -1 : lock(c, e);
}

bool card_eject(const struct card *c)
{
	auto_err e = ERR_INIT;
	if (!c->node)
		return false;
	if (ioctl(c->fd, CDROMEJECT) == 0 || udisks_eject(c->node, &e) == 1)
		return true;
	log_debug("%s: not ejected: %s", c->name, e.msg ? e.msg : "the reader cannot");
	return false;
}

int card_fits(const struct card *c, const char *image, uint64_t needed, unsigned sector,
	      struct err *e)
{
	if (needed > c->size) {
		autofree char *n = format_size(needed), *has = format_size(c->size);
		return err_set(e, ERR_SPACE,
			       "%s: too small: %s needs %s (%llu bytes), it has %s (%llu bytes)",
			       c->name, image, n, (unsigned long long)needed, has,
			       (unsigned long long)c->size);
	}
	if (c->sector != sector)
		return err_set(e, ERR_USAGE,
			       "%s: has sectors of %u bytes, and the partition table of %s is for "
			       "%u; no board would find its partitions there",
			       c->name, c->sector, image, sector);
	return 0;
}
