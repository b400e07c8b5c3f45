/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "disk_private.h"
#include "io.h"
#include "mem.h"

/* What people give by mistake; only for the message. */
static const struct {
	unsigned offset;
	const char *bytes;
	size_t len;
	const char *what;
} guesses[] = {
	{0,
	 "\xfd"
	 "7zXZ",
	 5, "an .xz file"},
	{0, "\x1f\x8b", 2, "a gzip file"},
	{0, "(\xb5/\xfd", 4, "a zstd file"},
	{0, "BZh", 3, "a bzip2 file"},
	{0, "PK\x03\x04", 4, "a zip archive"},
	{0, "7z\xbc\xaf\x27\x1c", 6, "a 7z archive"},
	{257, "ustar", 5, "a tar archive"},
	{0, "QFI\xfb", 4, "a qcow2 image; convert it by `qemu-img convert -O raw`"},
	{0,
	 "\x7f"
	 "ELF",
	 4, "a program"},
	{0, "#!", 2, "a script"},
	{0, "<", 1, "a web page"},
	{4096, "EFI PART", 8,
	 "a disk with a GPT made for 4096-byte sectors, which can only be read from such a device; "
	 "copy it there with dd"},
};

/* A protective MBR, and yet no GPT was found. */
static bool is_lost_gpt(const char *head)
{
	return memcmp(head + 510, "\x55\xaa", 2) == 0 && head[450] == '\xee';
}

/* What the first bytes of something that is no disk seem to be, never NULL. */
static const char *guess(int fd)
{
	char head[4096 + 8] = {0};
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n <= 0)
		return n < 0 ? "something that cannot be read" : "an empty file";
	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		if (memcmp(head + guesses[i].offset, guesses[i].bytes, guesses[i].len) == 0)
			return guesses[i].what;
	}
	if (is_lost_gpt(head))
		return "a disk whose GPT is damaged; repair it by `gdisk`";
	for (ssize_t i = 0; i < n; i++) {
		if (head[i])
			return "something else";
	}
	return "nothing but zeros";
}

static int open_disk(struct disk *d, struct err *e)
{
	autoclose int fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", d->name);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_IMAGE, "%s: is neither a file nor a block device", d->name);
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot tell its size", d->name);
	d->size = (uint64_t)size;
	return steal_fd(&fd);
}

int disk_refuse(const struct disk *d, int fd, const char *other, struct err *e)
{
	if (other)
		return err_set(e, ERR_IMAGE,
			       "%s: has a '%s' partition table; only MBR and GPT are supported",
			       d->name, other);
	return err_set(e, ERR_IMAGE,
		       "%s: is not a disk image: neither a partition table nor a file system at "
		       "its start; it seems to be %s",
		       d->name, guess(fd));
}

/* No table: the file system that begins at byte 0, as partition 0. */
static int read_whole(struct disk *d, int fd, const char *other, struct err *e)
{
	d->table = DISK_WHOLE;
	d->parts = xcalloc(1, sizeof(*d->parts));
	d->n_parts = 1;
	d->parts[0].size = d->size;
	if (disk_content_read(d, fd, e) < 0)
		return -1;
	return *d->parts[0].fstype ? 0 : disk_refuse(d, fd, other, e);
}

/*
 * An MBR does not say which sectors it counts.  When nothing is known where the partitions are by
 * 512 bytes, but something is by 4096, it was made on a device with 4096-byte sectors.
 */
static int refuse_4k_mbr(const struct disk *d, int fd, struct err *e)
{
	if (d->table != DISK_MBR || d->sector_size != 512)
		return 0;
	for (size_t i = 0; i < d->n_parts; i++) {
		if (*d->parts[i].fstype || d->parts[i].extended)
			return 0;
	}
	for (size_t i = 0; i < d->n_parts; i++) {
		struct part scaled = {.start = d->parts[i].start * 8};
		if (scaled.start >= d->size)
			continue;
		scaled.size = d->size - scaled.start;
		if (disk_content_part(&scaled, d->name, fd, e) < 0)
			return -1;
		if (*scaled.fstype)
			return err_set(
				e, ERR_IMAGE,
				"%s: its partition table was made for 4096-byte sectors, "
				"and can only be read from such a device; copy it there with dd",
				d->name);
	}
	return 0;
}

static int read_disk(struct disk *d, int fd, struct err *e)
{
	autofree char *other = NULL;
	if (d->size < 512)
		return disk_refuse(d, fd, NULL, e);
	int known = disk_table_read(d, fd, &other, e);
	if (known < 0)
		return -1;
	if (!known)
		return read_whole(d, fd, other, e);
	return disk_content_read(d, fd, e) < 0 ? -1 : refuse_4k_mbr(d, fd, e);
}

int disk_probe(const char *path, const char *name, struct disk **ret, struct err *e)
{
	auto_disk *d = xcalloc(1, sizeof(*d));
	d->path = xstrdup(path);
	d->name = xstrdup(name ? name : path);
	autoclose int fd = open_disk(d, e);
	if (fd < 0 || read_disk(d, fd, e) < 0)
		return -1;
	*ret = steal(&d);
	return 0;
}
