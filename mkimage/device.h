/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DEVICE_H
#define MKIMAGE_DEVICE_H

/*
 * Block devices as the kernel describes them in /sys and /proc: what a card is, and what the system
 * uses.  Nothing is opened that belongs to a device, but by device_open.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "str.h"

/* Where /sys, /proc and /dev are: "" on this machine, a directory in tests. */
struct device_host {
	const char *root;
};

enum device_use_kind { USE_MOUNT, USE_SWAP, USE_HOLDER };

/* What the system does with a device or with a part of it. */
struct device_use {
	enum device_use_kind kind;
	char *name;  /* that is used: "sdb1"; of what lies on top of it: "dm-0" */
	char *where; /* mount point; name of the holder ("dm-0", "loop3"); NULL for swap */
	dev_t mount; /* USE_MOUNT: st_dev of the files there */
	uint64_t id; /* USE_MOUNT: the kernel's number of this mount, as statx(2) gives it */
};

struct device_part {
	char *name; /* "sdb1" */
	dev_t number;
	uint64_t size;
};

struct device {
	char *name;   /* "sdb" */
	char *path;   /* "/dev/sdb" */
	char *model;  /* NULL: not told */
	char *serial; /* NULL: not told */
	dev_t number;
	char *whole;	   /* of a partition: the disk that it is part of; else NULL */
	const char *bus;   /* "usb", "mmc", "nvme", …; "" unknown */
	const char *layer; /* what it is instead of a disk: "a loop device"; NULL: it is a disk */
	uint64_t size;	   /* bytes; 0: there is no card in it */
	unsigned sector;   /* bytes */
	bool external;	   /* made to be taken out: a card, a stick, a disk on USB */
	bool read_only;
	struct device_part *parts;
	size_t n_parts;
	struct device_use *uses;
	size_t n_uses;
	struct strv names; /* it, its partitions, and whatever lies on top of them */
};

/* All whole disks, layers left out, sorted by name; *ret is owned. */
int device_list(const struct device_host *h, struct device **ret, size_t *ret_n,
		struct err *e) must_check;
void device_list_free(struct device *list, size_t n);
/* The one with this name in /sys/class/block. */
int device_read(const struct device_host *h, const char *name, struct device *ret,
		struct err *e) must_check;
void device_done(struct device *d);
#define auto_device __attribute__((cleanup(device_done))) struct device

/* The kernel's name of a device number, owned; NULL: there is none. */
char *device_name(const struct device_host *h, dev_t number);

/* "/dev/sdb" of "sdb"; owned. */
char *device_node(const char *name);

/* What somebody wants to do with it. */
struct device_wish {
	const char *what;  /* how messages call the device: as the user did */
	const char *image; /* file that will be read; NULL: none */
	bool force;	   /* the user has named it as one that is not a card and is meant */
	bool unmount;	   /* what is mounted will be unmounted */
	bool reading;	   /* it will only be read */
};

/*
 * 0 when it may be overwritten.  Else the reason and what to do: ERR_BUSY where it is in use,
 * ERR_USAGE where it is the wrong thing.
 */
int device_check(const struct device *d, const struct device_wish *w, struct err *e) must_check;

/* The same of the device with this number, as this machine has it; *ret is what was found out. */
int device_judge(dev_t number, const struct device_wish *w, struct device *ret,
		 struct err *e) must_check;

/* ---- device_open.c ---- */

/*
 * Open it for nobody else: the kernel refuses what it uses itself (EBUSY), and mounts nothing of it
 * meanwhile.  Who had it until now may need a moment to let go: the kernel, of a file system that
 * was unmounted, or udev, which looks for partitions.  So EBUSY is given after some seconds only.
 * flags as of open(2); -1 with errno.
 */
int device_open(const char *path, int flags);
/* The lock of https://systemd.io/BLOCK_DEVICE_LOCKING, as patiently: -1 where another has it. */
int device_lock(int fd);

#endif
