/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs_dir.h"
#include "log.h"
#include "mem.h"

#define LOOP_TRIES 64
#define XATTR_SIZE 65536 /* XATTR_SIZE_MAX of the kernel */
#define CAPABILITY "security.capability"

/*
 * The file system is never attached to a mount namespace: fsmount(2) gives a descriptor, and when
 * it is closed, by us or by the end of the process however it comes, the kernel unmounts, and the
 * loop device, which is set to clear itself, goes with it.
 */

static int fs_context(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int fs_config(int context, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

static int fs_attach(int context, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

static int configure_loop(int loop, int image, const struct fs_open *o)
{
	struct loop_config config = {
		.fd = (uint32_t)image,
		.info = {.lo_offset = o->offset,
			 .lo_sizelimit = o->size,
			 .lo_flags = LO_FLAGS_AUTOCLEAR |
				     (o->writable ? 0u : (uint32_t)LO_FLAGS_READ_ONLY)}};
	return ioctl(loop, LOOP_CONFIGURE, &config);
}

/* A free loop device set to the partition; another process may be faster, then the next one. */
static int open_loop(const struct fs_open *o, char **ret_device, struct err *e)
{
	int flags = (o->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	autoclose int image = open(o->path, flags);
	if (image < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open '%s'", o->what, o->path);
	if (control < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open '/dev/loop-control'", o->what);
	for (int i = 0; i < LOOP_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		if (number < 0)
			break;
		autofree char *device = xasprintf("/dev/loop%d", number);
		autoclose int loop = open(device, flags);
		if (loop < 0)
			break;
		if (configure_loop(loop, image, o) == 0) {
			*ret_device = steal(&device);
			return steal_fd(&loop);
		}
		if (errno != EBUSY)
			break;
	}
	return err_errno(e, ERR_FAILED, "%s: cannot set up a loop device", o->what);
}

static int mount_device(const struct fs_open *o, const char *type, const char *device,
			struct err *e)
{
	autoclose int context = fs_context(type);
	if (context < 0)
		return err_errno(e, ERR_IMAGE, "%s: this kernel cannot open %s", o->what, type);
	bool xfs = strcmp(type, "xfs") == 0;
	if ((!o->writable && fs_config(context, FSCONFIG_SET_FLAG, "ro", NULL) < 0) ||
	    /* Another copy of the same image may be open. */
	    (xfs && fs_config(context, FSCONFIG_SET_FLAG, "nouuid", NULL) < 0) ||
	    (xfs && !o->writable &&
	     fs_config(context, FSCONFIG_SET_FLAG, "norecovery", NULL) < 0) ||
	    fs_config(context, FSCONFIG_SET_STRING, "source", device) < 0 ||
	    fs_config(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return err_errno(e, ERR_IMAGE, "%s: the kernel cannot open it as %s", o->what,
				 type);
	int root = fs_attach(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					      (o->writable ? 0 : MOUNT_ATTR_RDONLY));
	return root < 0 ? err_errno(e, ERR_IMAGE, "%s: cannot mount it", o->what) : root;
}

/*
 * Fedora's and openSUSE's btrfs have the system in a subvolume of the top level, which is what
 * gets mounted where no other default was set.
 */
static int enter_subvolume(int root)
{
	static const char *const names[] = {"root", "@"};
	struct stat st;
	if (fstatat(root, "etc", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return root;
	for (size_t i = 0; i < 2; i++) {
		int fd = openat(root, names[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstatat(fd, "etc", &st, AT_SYMLINK_NOFOLLOW) == 0) {
			close(root);
			return fd;
		}
		cleanup_close(&fd);
	}
	return root;
}

static int fail(struct fs *fs, const char *path, const char *what, struct err *e)
{
	return err_errno(e, ERR_FAILED, "%s: %s: %s", fs->what, path, what);
}

/* A name in /proc for what is at path, not following a symlink; the descriptor keeps it valid. */
static int open_for_xattr(struct fs *fs, const char *path, char **ret_proc, struct err *e)
{
	const char *name;
	autoclose int parent = dir_open_parent((struct dir *)fs, path, &name, e);
	if (parent < 0)
		return -1;
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(fs, path, "cannot open", e);
	*ret_proc = xasprintf("/proc/self/fd/%d", fd);
	return fd;
}

static int mount_xattr_set(struct fs *fs, const char *path, const char *name, const void *value,
			   size_t len, struct err *e)
{
	autofree char *proc = NULL;
	if (dir_need_writable(fs, path, e) < 0)
		return -1;
	autoclose int fd = open_for_xattr(fs, path, &proc, e);
	if (fd < 0)
		return -1;
	if (setxattr(proc, name, value, len, 0) < 0)
		return fail(fs, path, "cannot set the extended attribute", e);
	return 0;
}

static int mount_xattr_get(struct fs *fs, const char *path, const char *name, struct str *ret,
			   struct err *e)
{
	autofree char *proc = NULL, *value = xmalloc(XATTR_SIZE);
	autoclose int fd = open_for_xattr(fs, path, &proc, e);
	if (fd < 0)
		return -1;
	ssize_t len = getxattr(proc, name, value, XATTR_SIZE);
	if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return fail(fs, path, "cannot read the extended attribute", e);
	if (len > 0)
		str_add(ret, value, (size_t)len);
	return 0;
}

/* The kernel takes a program's capabilities away when it is written to: give them back. */
static int mount_write(struct fs *fs, const char *path, const struct fs_source *src, struct err *e)
{
	auto_str capability = STR_INIT;
	struct fs_stat st;
	if (dir_stat(fs, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_REGULAR && mount_xattr_get(fs, path, CAPABILITY, &capability, e) < 0)
		return -1;
	if (dir_write(fs, path, src, e) < 0)
		return -1;
	return capability.len
		       ? mount_xattr_set(fs, path, CAPABILITY, capability.data, capability.len, e)
		       : 0;
}

static int mount_sync(struct fs *fs, struct err *e)
{
	struct dir *d = (struct dir *)fs;
	if (!fs->writable)
		return 0;
	autoclose int fd = openat(d->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", fs->what);
	return 0;
}

static const struct fs_ops mount_ops = {
	.name = "mount",
	.stat = dir_stat,
	.read = dir_read,
	.head = dir_head,
	.readlink = dir_readlink,
	.list = dir_list,
	.write = mount_write,
	.mkdir = dir_mkdir,
	.symlink = dir_symlink,
	.link = dir_link,
	.mknod = dir_mknod,
	.remove = dir_remove,
	.attr = dir_attr,
	.utime = dir_utime,
	.xattr_set = mount_xattr_set,
	.xattr_get = mount_xattr_get,
	.room = dir_room,
	.sync = mount_sync,
	.close = dir_close,
};

int fs_mount_open(const struct fs_open *o, const char *type, struct fs **ret, struct err *e)
{
	autofree char *device = NULL;
	if (geteuid() != 0)
		return err_set(e, ERR_IMAGE,
			       "%s: %s can only be opened by the kernel, and so only as root; run "
			       "mkimage as root for this image",
			       o->what, *type ? type : "an unknown file system");
	autoclose int loop = open_loop(o, &device, e);
	if (loop < 0)
		return -1;
	int root = mount_device(o, type, device, e);
	if (root < 0)
		return -1;
	if (strcmp(type, "btrfs") == 0)
		root = enter_subvolume(root);
	log_debug("%s: %s through %s", o->what, type, device);
	*ret = &dir_new(&mount_ops, root, o)->fs;
	return 0;
}
