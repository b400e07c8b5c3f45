/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fat.h"
#include "fs.h"
#include "io.h"
#include "mem.h"
#include "run.h"

#define FAT32_MIN_CLUSTERS 65525u
#define FILE_MAX 0xffffffffull
#define IN_MEMORY (1u << 20)
#define FIRST_TIME 315532800ll /* 1980-01-01, where FAT's calendar begins */
#define LAST_TIME 4354819198ll /* 2107-12-31 23:59:58 */

/* Reading is done here (fat.h), every change by mtools. */
struct fat {
	struct fs fs;
	struct fat_volume volume;
	int fd;
};

static int fail(const struct fat *f, const char *path, const char *why, struct err *e)
{
	return err_set(e, ERR_FAILED, "%s: %s: %s", f->fs.what, path, why);
}

static bool is_dir(const struct fat_entry *entry)
{
	return entry->attr & FAT_ATTR_DIR;
}

/* What is at path; absent is an error. */
static int find(struct fat *f, const char *path, struct fat_entry *ret, struct err *e)
{
	int r = fat_find(&f->volume, path, ret, e);
	return r == 0 ? fail(f, path, "no such file", e) : r;
}

static int fat_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	int r = fat_find(&f->volume, path, &entry, e);
	if (r < 0)
		return -1;
	*ret = (struct fs_stat){.type = FILE_NONE};
	if (r == 0)
		return 0;
	ret->type = is_dir(&entry) ? FILE_DIR : FILE_REGULAR;
	ret->mode = 0755;
	ret->size = is_dir(&entry) ? 0 : entry.size;
	return 0;
}

static int read_file(struct fs *fs, const char *path, uint64_t max, bool whole, struct str *out,
		     struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	if (find(f, path, &entry, e) < 0)
		return -1;
	if (is_dir(&entry))
		return fail(f, path, "is a directory, not a regular file", e);
	uint64_t size = entry.size < max ? entry.size : max;
	if (whole && size < entry.size)
		return err_set(e, ERR_FAILED, "%s: %s: larger than the allowed %llu bytes",
			       fs->what, path, (unsigned long long)max);
	return fat_read_chain(&f->volume, entry.cluster, size, false, out, e) < 0
		       ? err_wrap(e, "%s", path)
		       : 0;
}

static int fat_read(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, true, out, e);
}

static int fat_head(struct fs *fs, const char *path, uint64_t max, struct str *out, struct err *e)
{
	return read_file(fs, path, max, false, out, e);
}

static int fat_list(struct fs *fs, const char *path, struct strv *ret, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	auto_strv names = {0};
	if (find(f, path, &entry, e) < 0)
		return -1;
	if (!is_dir(&entry))
		return fail(f, path, "is not a directory", e);
	if (fat_names(&f->volume, &entry, &names, e) < 0)
		return err_wrap(e, "%s", path);
	strv_sort(&names);
	strv_foreach (name, &names)
		strv_add_owned(ret, steal(name));
	return 0;
}

/*
 * Every change begins here: path is one that mtools understands, its parent is a directory.
 * Returns 1 when something is at path, 0 when not.
 */
static int prepare(struct fat *f, const char *path, struct fat_entry *ret, struct err *e)
{
	if (!f->fs.writable)
		return fail(f, path, "is open read-only", e);
	if (*path != '/')
		return fail(f, path, "is not an absolute path", e);
	if (f->volume.bits == 32 && f->volume.n_clusters < FAT32_MIN_CLUSTERS)
		return err_set(e, ERR_IMAGE,
			       "%s: %s: a FAT32 has at least %u clusters, this one has %u, so that "
			       "mtools takes it for a FAT16; format it as FAT16",
			       f->fs.what, path, FAT32_MIN_CLUSTERS, f->volume.n_clusters);
	auto_strv names = {0};
	strv_split(&names, path, "/");
	strv_foreach (name, &names) {
		const char *why = fat_name_refusal(*name);
		if (why)
			return fail(f, path, why, e);
	}
	autofree char *parent = path_dir(path);
	struct fat_entry dir;
	int r = fat_find(&f->volume, parent, &dir, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	if (r == 0 || !is_dir(&dir))
		return fail(f, path, "its directory does not exist", e);
	return fat_find(&f->volume, path, ret, e);
}

/* mtools never asks, reads no configuration, and takes its time from us. */
static int run_mtools(struct fat *f, const char *const *argv, const char *path, struct err *e)
{
	int64_t now = f->fs.now;
	now = now < FIRST_TIME ? FIRST_TIME : now > LAST_TIME ? LAST_TIME : now;
	autofree char *epoch = xasprintf("SOURCE_DATE_EPOCH=%lld", (long long)now);
	const char *env[] = {epoch,
			     "LC_ALL=C.UTF-8", /* the character set of argv */
			     "MTOOLSRC=/dev/null",
			     "MCWD=/dev/null",
			     "MTOOLS_SKIP_CHECK=1",
			     "MTOOLS_NO_VFAT=0",
			     "MTOOLS_LOWER_CASE=0",
			     "MTOOLS_FAT_COMPATIBILITY=0",
			     "MTOOLS_NAME_NUMERIC_TAIL=1",
			     NULL};
	int r = run(&(struct run){.argv = argv, .env = env}, e);
	fat_forget(&f->volume);
	if (r >= 0)
		return 0;
	if (strstr(e->msg, "Disk full") || strstr(e->msg, "No directory slots"))
		e->code = ERR_SPACE;
	return err_wrap(e, "%s: %s", f->fs.what, path);
}

/* The descriptor by a name that mtools cannot misread, whatever the image is called. */
static char *device_of(const struct fat *f)
{
	return xasprintf("/proc/%ld/fd/%d@@%llu", (long)getpid(), f->fd,
			 (unsigned long long)f->volume.offset);
}

/* program [option…] -i IMAGE@@OFFSET [source] ::path */
static int change(struct fat *f, const char *const *command, const char *source, const char *path,
		  struct err *e)
{
	autofree char *device = device_of(f), *target = xasprintf("::%s", path);
	const char *argv[12];
	size_t n = 0;
	while (*command)
		argv[n++] = *command++;
	argv[n++] = "-i";
	argv[n++] = device;
	if (source)
		argv[n++] = source;
	argv[n++] = target;
	argv[n] = NULL;
	return run_mtools(f, argv, path, e);
}

#define COMMAND(...) ((const char *const[]){__VA_ARGS__, NULL})

/* mtools would ask before it touches a read-only file. */
static int make_writable(struct fat *f, const char *path, const struct fat_entry *entry,
			 struct err *e)
{
	if (!(entry->attr & FAT_ATTR_READ_ONLY))
		return 0;
	return change(f, COMMAND("mattrib", "-r"), NULL, path, e);
}

/* Large files wait on the disk, so that memory stays bounded. */
static int move_to_disk(int *memory, uint64_t size, const char *what, struct err *e)
{
	autoclose int fd = io_tempfile(what, e);
	if (fd < 0)
		return -1;
	autofree char *block = xmalloc(size);
	if (io_pread_fd(*memory, what, block, size, 0, e) < 0 ||
	    io_write_fd(fd, what, block, size, e) < 0)
		return -1;
	close(*memory);
	*memory = steal_fd(&fd);
	return 0;
}

/* Read the whole source before anything changes; returns a descriptor. */
static int gather(const struct fat *f, const char *path, const struct fs_source *src,
		  uint64_t *ret_size, struct err *e)
{
	autofree char *what = xasprintf("%s: %s", f->fs.what, path);
	autofree char *block = xmalloc(IN_MEMORY);
	autoclose int fd = io_memfd("fat", "", 0, e);
	uint64_t size = 0;
	bool on_disk = false;
	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t n = src->read(src->ctx, block, IN_MEMORY, e);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (!on_disk && size && size + (uint64_t)n > IN_MEMORY) {
			if (move_to_disk(&fd, size, what, e) < 0)
				return -1;
			on_disk = true;
		}
		size += (uint64_t)n;
		if (size > FILE_MAX)
			return err_set(e, ERR_SPACE, "%s: FAT holds no file of 4 GiB or more",
				       what);
		if (io_pwrite_fd(fd, what, block, (size_t)n, size - (uint64_t)n, e) < 0)
			return -1;
	}
	*ret_size = size;
	return steal_fd(&fd);
}

static uint64_t clusters_of(const struct fat *f, uint64_t size)
{
	return (size + f->volume.cluster_size - 1) / f->volume.cluster_size;
}

/* mtools deletes the old file before it writes the new one: there has to be room for sure. */
static int check_room(struct fat *f, const char *path, uint64_t size, uint64_t old_size,
		      struct err *e)
{
	uint64_t needed = clusters_of(f, size), old = clusters_of(f, old_size);
	bool room = true;
	if (needed > old && fat_has_room(&f->volume, needed - old, &room, e) < 0)
		return -1;
	if (room)
		return 0;
	autofree char *wanted = format_size(size);
	return err_set(e, ERR_SPACE, "%s: %s: no room for its %s on the FAT file system",
		       f->fs.what, path, wanted);
}

/* mtools reports some failures by its exit code only, and some not at all. */
static int check_result(struct fat *f, const char *path, bool dir, uint64_t size, struct err *e)
{
	struct fat_entry entry;
	int r = fat_find(&f->volume, path, &entry, e);
	if (r < 0)
		return -1;
	if (r == 0 || is_dir(&entry) != dir || (!dir && entry.size != size))
		return fail(f, path, "mtools said nothing, but did not write it", e);
	return 0;
}

static int fat_write(struct fs *fs, const char *path, const struct fs_source *src, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry old = {.size = 0};
	uint64_t size = 0;
	int there = prepare(f, path, &old, e);
	if (there < 0)
		return -1;
	if (there && is_dir(&old))
		return fail(f, path, "is a directory, not a regular file", e);
	autoclose int fd = gather(f, path, src, &size, e);
	if (fd < 0 || check_room(f, path, size, there ? old.size : 0, e) < 0 ||
	    (there && make_writable(f, path, &old, e) < 0))
		return -1;
	autofree char *source = xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
	if (change(f, COMMAND("mcopy", "-D", "o"), source, path, e) < 0)
		return -1;
	return check_result(f, path, false, size, e);
}

static int fat_mkdir(struct fs *fs, const char *path, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	int there = prepare(f, path, &entry, e);
	if (there < 0)
		return -1;
	if (there)
		return fail(f, path, "exists already", e);
	if (check_room(f, path, 1, 0, e) < 0 || change(f, COMMAND("mmd"), NULL, path, e) < 0)
		return -1;
	return check_result(f, path, true, 0, e);
}

static int check_empty(struct fat *f, const char *path, const struct fat_entry *dir, struct err *e)
{
	auto_strv names = {0};
	if (fat_names(&f->volume, dir, &names, e) < 0)
		return err_wrap(e, "%s", path);
	return names.n ? fail(f, path, "the directory is not empty", e) : 0;
}

static int fat_remove(struct fs *fs, const char *path, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	int there = prepare(f, path, &entry, e);
	if (there < 0)
		return -1;
	if (!there)
		return fail(f, path, "no such file", e);
	if (!*entry.name)
		return fail(f, path, "the root directory cannot be removed", e);
	if (make_writable(f, path, &entry, e) < 0)
		return -1;
	if (!is_dir(&entry))
		return change(f, COMMAND("mdel"), NULL, path, e);
	if (check_empty(f, path, &entry, e) < 0)
		return -1;
	return change(f, COMMAND("mrd"), NULL, path, e);
}

/* FAT has neither owner nor mode: accepted where there is something, and forgotten. */
static int accept(struct fs *fs, const char *path, struct err *e)
{
	struct fat *f = (struct fat *)fs;
	struct fat_entry entry;
	int there = prepare(f, path, &entry, e);
	return there == 0 ? fail(f, path, "no such file", e) : there < 0 ? -1 : 0;
}

static int fat_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid, uint32_t gid,
		    struct err *e)
{
	(void)mode;
	(void)uid;
	(void)gid;
	return accept(fs, path, e);
}

static int fat_utime(struct fs *fs, const char *path, int64_t mtime, struct err *e)
{
	(void)mtime;
	return accept(fs, path, e);
}

static int fat_readlink(struct fs *fs, const char *path, char **ret, struct err *e)
{
	(void)ret;
	return fail((struct fat *)fs, path, "is not a symlink; FAT has none", e);
}

static int fat_symlink(struct fs *fs, const char *path, const char *target, struct err *e)
{
	return err_set(e, ERR_FAILED, "%s: %s: FAT cannot hold a symlink (to '%s')", fs->what, path,
		       target);
}

static int fat_link(struct fs *fs, const char *path, const char *existing, struct err *e)
{
	return err_set(e, ERR_FAILED, "%s: %s: FAT cannot hold a hard link (to '%s')", fs->what,
		       path, existing);
}

static int fat_mknod(struct fs *fs, const char *path, mode_t mode, dev_t dev, struct err *e)
{
	(void)mode;
	(void)dev;
	return fail((struct fat *)fs, path, "FAT cannot hold a device node, fifo or socket", e);
}

static int fat_xattr_set(struct fs *fs, const char *path, const char *name, const void *value,
			 size_t len, struct err *e)
{
	(void)value;
	(void)len;
	return err_set(e, ERR_FAILED, "%s: %s: FAT cannot hold the extended attribute '%s'",
		       fs->what, path, name);
}

static int fat_xattr_get(struct fs *fs, const char *path, const char *name, struct str *ret,
			 struct err *e)
{
	(void)fs;
	(void)path;
	(void)name;
	(void)ret;
	(void)e;
	return 0;
}

/* mtools has written everything already. */
static int fat_sync(struct fs *fs, struct err *e)
{
	(void)fs;
	(void)e;
	return 0;
}

static int fat_close(struct fs *fs, struct err *e)
{
	(void)e;
	struct fat *f = (struct fat *)fs;
	fat_volume_done(&f->volume);
	cleanup_close(&f->fd);
	free(f->fs.what);
	free(f);
	return 0;
}

static const struct fs_ops fat_ops = {
	.name = "fat",
	.stat = fat_stat,
	.read = fat_read,
	.head = fat_head,
	.readlink = fat_readlink,
	.list = fat_list,
	.write = fat_write,
	.mkdir = fat_mkdir,
	.symlink = fat_symlink,
	.link = fat_link,
	.mknod = fat_mknod,
	.remove = fat_remove,
	.attr = fat_attr,
	.utime = fat_utime,
	.xattr_set = fat_xattr_set,
	.xattr_get = fat_xattr_get,
	.refuse_name = fat_name_refusal,
	.sync = fat_sync,
	.close = fat_close,
};

int fs_fat_open(const struct fs_open *o, struct fs **ret, struct err *e)
{
	struct fat_volume volume;
	autoclose int fd = open(o->path, (o->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open '%s'", o->what, o->path);
	if (fat_volume_open(fd, o->what, o->offset, o->size, &volume, e) < 0)
		return -1;
	struct fat *f = xcalloc(1, sizeof(*f));
	f->volume = volume;
	f->fs = (struct fs){&fat_ops, xasprintf("%s (FAT%u)", o->what, volume.bits), o->now,
			    o->writable};
	f->fd = steal_fd(&fd);
	*ret = &f->fs;
	return 0;
}

int fs_fat_serial_obstacle(struct fs *fs, const char **ret, struct err *e)
{
	const struct fat *f = (struct fat *)fs;
	uint64_t places[2];
	size_t n;
	if (fat_serial_places(&f->volume, places, &n, e) < 0)
		return -1;
	*ret = n ? NULL : "it is a FAT without serial number";
	return 0;
}

int fs_fat_set_serial(struct fs *fs, uint32_t serial, struct err *e)
{
	const struct fat *f = (struct fat *)fs;
	uint64_t places[2];
	size_t n;
	uint8_t bytes[4];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(serial >> 8 * i);
	if (!fs->writable)
		return fail(f, "/", "is open read-only", e);
	if (fat_serial_places(&f->volume, places, &n, e) < 0)
		return -1;
	while (n--) {
		if (io_pwrite_fd(f->fd, fs->what, bytes, sizeof(bytes),
				 f->volume.offset + places[n], e) < 0)
			return -1;
	}
	return 0;
}
