/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which partition the root file system is on: by what the kernel mounted, never by names. */
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "grow.h"
#include "grow/program.h"
#include "mem.h"
#include "rootfs.h"
#include "uuid.h"

#define MOUNTS "/proc/self/mountinfo"
#define MOUNTS_MAX (1u << 20)
#define BTRFS "/sys/fs/btrfs"

/* Devices made of others, by the directory that sysfs has for such a one. */
static const struct {
	const char *dir, *what;
} stacked[] = {
	{"dm", "a device mapper volume (LVM, LUKS)"},
	{"md", "a software RAID"},
	{"bcache", "a bcache"},
};

/* proc_pid_mountinfo(5): "ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS… - TYPE SOURCE OPTIONS" */
static bool parse_mount(const char *line, const char *mount_point, char **ret_id, char **ret_type)
{
	auto_strv fields = {0};
	const char *separator = strstr(line, " - ");
	strv_split(&fields, line, " ");
	if (!separator || fields.n < 9 || strcmp(fields.v[4], mount_point) != 0)
		return false;
	free(*ret_id);
	free(*ret_type);
	*ret_id = xstrdup(fields.v[2]);
	separator += strlen(" - ");
	*ret_type = xstrndup(separator, strcspn(separator, " "));
	return true;
}

/* The last line counts: it is mounted over those before. */
static int find_mount(const struct ctx *ctx, const char *mount_point, char **ret_id,
		      char **ret_type, struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	bool found = false;
	int there = root_read(ctx, MOUNTS, MOUNTS_MAX, &text, e);
	if (there < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines)
		found |= parse_mount(*line, mount_point, ret_id, ret_type);
	if (!found)
		return err_set(e, ERR_FAILED, MOUNTS ": does not say what is mounted at %s%s",
			       mount_point, there ? "" : ", for it is not there: mount /proc");
	return 0;
}

/* The one device of a btrfs, which has a number of its own in mountinfo; 1, or 0 with why. */
static int find_btrfs(const struct ctx *ctx, const char *mount_point, char **ret_id,
		      struct str *why, struct err *e)
{
	struct btrfs_ioctl_fs_info_args fs = {0};
	char uuid[UUID_TEXT];
	auto_strv devices = {0};
	auto_str id = STR_INIT;
	autoclose int fd = root_open(ctx, mount_point, O_RDONLY | O_DIRECTORY, 0, e);
	if (fd < 0)
		return -1;
	if (ioctl(fd, BTRFS_IOC_FS_INFO, &fs) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot ask btrfs", mount_point);
	uuid_format(fs.fsid, uuid);
	autofree char *dir = xasprintf(BTRFS "/%s/devices", uuid);
	if (root_list(ctx, dir, &devices, e) < 0)
		return -1;
	if (devices.n != 1) {
		str_printf(why, "the btrfs has %zu devices: grow it by hand", devices.n);
		return 0;
	}
	autofree char *path = xasprintf("%s/%s/dev", dir, devices.v[0]);
	if (root_read(ctx, path, 64, &id, e) < 0)
		return -1;
	*ret_id = xstrndup(str_text(&id), strcspn(str_text(&id), "\n"));
	return 1;
}

static int refuse_stacked(const struct ctx *ctx, const struct blockdev *dev, struct str *why,
			  struct err *e)
{
	for (size_t i = 0; i < sizeof(stacked) / sizeof(*stacked); i++) {
		autofree char *path = path_join(dev->sys, stacked[i].dir);
		int is = root_exists(ctx, path, e);
		if (is < 0)
			return -1;
		if (is) {
			str_printf(why, "%s is %s: grow it by hand", dev->node, stacked[i].what);
			return 0;
		}
	}
	return 1;
}

int grow_find(const struct ctx *ctx, const char *mount_point, char **ret_type, struct blockdev *ret,
	      struct str *why, struct err *e)
{
	autofree char *mounted = NULL, *type = NULL, *btrfs = NULL;
	auto_blockdev dev = {0};
	if (find_mount(ctx, mount_point, &mounted, &type, e) < 0)
		return -1;
	if (strcmp(type, "btrfs") == 0) {
		int found = find_btrfs(ctx, mount_point, &btrfs, why, e);
		if (found <= 0)
			return found;
	}
	int known = blockdev_read(ctx, btrfs ? btrfs : mounted, &dev, e);
	if (known < 0)
		return -1;
	if (!known) {
		str_printf(why, "%s is %s, which is on no disk of this board", mount_point, type);
		return 0;
	}
	int plain = refuse_stacked(ctx, &dev, why, e);
	if (plain <= 0)
		return plain;
	*ret_type = steal(&type);
	*ret = dev;
	dev = (struct blockdev){0};
	return 1;
}

int grow_look(const struct ctx *ctx, const struct blockdev *dev, struct str *why, struct err *e)
{
	auto_blockdev disk = {0}, next = {0};
	int found = blockdev_disk(ctx, dev, &disk, e);
	if (found <= 0) {
		str_printf(why, "%s has no partition table", dev->node);
		return found;
	}
	found = blockdev_next(ctx, &disk, dev, &next, e);
	if (found < 0)
		return -1;
	if (found) {
		str_printf(why, "%s lies behind %s", next.node, dev->node);
		return 0;
	}
	uint64_t end = disk.size - disk.size % GROW_ALIGN;
	if (end >= dev->start + dev->size + GROW_WORTH)
		return 1;
	str_printf(why, "%s has all the room there is", dev->node);
	return 0;
}
