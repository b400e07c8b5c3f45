/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
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
			       "%s: is in use: the kernel gives it to nobody else; unmount it, and "
			       "end what works with it",
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

/*
 * Exclusively: the kernel refuses what it uses itself, and mounts nothing of it meanwhile.  Where
 * we may not, UDisks2 may be allowed to.
 */
static int open_exclusively(const char *path, struct card *c, struct err *e)
{
	c->fd = open(path, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC);
	if (c->fd >= 0)
		return 0;
	int error = errno;
	int r = error == EACCES || error == EPERM ? udisks_open(c->node, &c->fd, e) : 0;
	if (r < 0)
		return -1;
	errno = error;
	return r ? 0 : explain_open(c->name, e);
}

static int open_device(const char *path, const struct stat *st, struct card *c, struct err *e)
{
	struct stat now;
	int sector = 0;
	if (open_exclusively(path, c, e) < 0)
		return -1;
	if (fstat(c->fd, &now) < 0 || now.st_rdev != st->st_rdev)
		return err_set(e, ERR_BUSY, "%s: became another device; look again", c->name);
	if (ioctl(c->fd, BLKGETSIZE64, &c->size) < 0 || ioctl(c->fd, BLKSSZGET, &sector) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot find its size", c->name);
	c->sector = (unsigned)sector;
	return 0;
}

/* A file system that knows no O_DIRECT has to do; what was written is dropped from its cache. */
static int open_file(const char *path, const struct stat *st, struct card *c, struct err *e)
{
	c->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (c->fd < 0 && errno == EINVAL)
		c->fd = open(path, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return explain_open(c->name, e);
	c->size = (uint64_t)st->st_size;
	c->sector = 512;
	return 0;
}

/* Who follows the rules of systemd (Locking Block Device Access) leaves it alone meanwhile. */
static int lock(const struct card *c, struct err *e)
{
	if (flock(c->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(e, ERR_BUSY, "%s: another program works with it; wait for its end", c->name);
}

static int unmount_one(const struct device_use *u, const char *what, struct err *e)
{
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

static int check_device(const struct stat *st, const struct device_wish *wish, struct card *c,
			struct err *e)
{
	const struct device_host here = {""};
	auto_device d = {0};
	autofree char *name = device_name(&here, st->st_rdev);
	if (!name)
		return err_set(e, ERR_FAILED, "%s: the kernel does not know this device",
			       wish->what);
	if (device_read(&here, name, &d, e) < 0 || device_check(&d, wish, e) < 0)
		return -1;
	c->node = steal(&d.path);
	return wish->unmount ? unmount(&d, wish->what, e) : 0;
}

static int open_checked(const char *path, const struct device_wish *wish, struct card *c,
			struct err *e)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_errno(e, ERR_USAGE, "%s: cannot find it", wish->what);
	if (S_ISBLK(st.st_mode))
		return check_device(&st, wish, c, e) < 0 ? -1 : open_device(path, &st, c, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "%s: refused: it is not a device", wish->what);
	if (!wish->force)
		return err_set(e, ERR_USAGE,
			       "%s: refused: it is a file and no card; if it is meant all the "
			       "same: --force %s",
			       wish->what, wish->what);
	return open_file(path, &st, c, e);
}

int card_open(const char *path, const struct device_wish *wish, struct card *ret, struct err *e)
{
	auto_card c = {.fd = -1, .name = xstrdup(wish->what)};
	if (open_checked(path, wish, &c, e) < 0 || lock(&c, e) < 0)
		return -1;
	*ret = c;
	c = (struct card)CARD_INIT;
	return 0;
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
