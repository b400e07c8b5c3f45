/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <parted/parted.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "disk_private.h"
#include "io.h"
#include "log.h"
#include "mem.h"

#define DISK_ID 440 /* after the boot loader's code; 4 bytes */

/*
 * libparted's handler gets no context pointer, so this is the one place of the program where a
 * message waits outside an argument; it lives from session_open to session_done.
 */
static char *session_message;

/*
 * Never ask anybody.  What libparted offers to repair stays as it is, for here it only reads.  A
 * warning is passed over; "the other copy of the GPT will be used" is fine; every other error
 * (outside the disk, overlapping, unreadable) is final.
 */
static PedExceptionOption answer(PedException *x)
{
	log_debug("libparted: %s", x->message);
	if (x->options & PED_EXCEPTION_FIX)
		return PED_EXCEPTION_IGNORE;
	bool harmless = x->type == PED_EXCEPTION_INFORMATION || x->type == PED_EXCEPTION_WARNING;
	if (harmless && (x->options & PED_EXCEPTION_IGNORE))
		return PED_EXCEPTION_IGNORE;
	if (x->options & PED_EXCEPTION_OK)
		return PED_EXCEPTION_OK;
	if (x->options & PED_EXCEPTION_NO)
		return PED_EXCEPTION_NO;
	free(session_message);
	session_message = xstrdup(x->message);
	return x->options & PED_EXCEPTION_CANCEL ? PED_EXCEPTION_CANCEL : PED_EXCEPTION_UNHANDLED;
}

struct session {
	PedDevice *dev;
	bool open;
	PedDisk *disk;
	PedExceptionHandler *before;
	PedFileSystemType **hidden;
	size_t n_hidden;
};

/*
 * It asks every kind of table that it knows in turn, some of them by reading hundreds of sectors;
 * who was registered last is asked first.
 */
static void ask_usual_tables_first(void)
{
	static const char *const usual[] = {"msdos", "gpt"};
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		PedDiskType *type = ped_disk_type_get(usual[i]);
		ped_disk_type_unregister(type);
		ped_disk_type_register(type);
	}
}

/*
 * It would look for every kind of file system in each partition; libblkid does that, and a new
 * table has but two.  It wants all of them back in the end.
 */
static void hide_file_systems(struct session *s)
{
	PedFileSystemType *next, *type = ped_file_system_type_get_next(NULL);
	size_t cap = 0;
	for (; type; type = next) {
		next = ped_file_system_type_get_next(type);
		if (strcmp(type->name, "fat32") == 0 || strcmp(type->name, "ext4") == 0)
			continue;
		ped_file_system_type_unregister(type);
		s->hidden = array_reserve(s->hidden, s->n_hidden, &cap, sizeof(*s->hidden));
		s->hidden[s->n_hidden++] = type;
	}
}

static void show_file_systems(struct session *s)
{
	for (size_t i = 0; i < s->n_hidden; i++)
		ped_file_system_type_register(s->hidden[i]);
	free(s->hidden);
}

static void session_done(struct session *s)
{
	if (s->disk)
		ped_disk_destroy(s->disk);
	if (s->open)
		ped_device_close(s->dev);
	if (s->dev)
		ped_device_destroy(s->dev); /* also out of libparted's cache: sizes change */
	show_file_systems(s);
	ped_exception_set_handler(s->before);
	free(session_message);
	session_message = NULL;
}
#define auto_session __attribute__((cleanup(session_done))) struct session

/* Start before anything else, so that session_done always restores the handler. */
static struct session session_start(void)
{
	struct session s = {.before = ped_exception_get_handler()};
	ask_usual_tables_first();
	hide_file_systems(&s);
	ped_exception_set_handler(answer);
	return s;
}

static int session_error(struct err *e, const char *name, const char *what)
{
	const char *why = session_message ? session_message : "no reason given";
	enum err_code code = ERR_IMAGE;
	const char *advice = err_advice_said(why, &code);
	return err_set(e, code, "%s: %s: %s%s", name, what, why, advice);
}

static int session_open(struct session *s, const char *path, const char *name, struct err *e)
{
	s->dev = ped_device_get(path);
	/* Each time that it opens a disk, it looks for 63 devices of partitions. */
	s->open = s->dev && ped_device_open(s->dev);
	if (!s->open)
		return session_error(e, name, "cannot open");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return ((const struct part *)a)->number - ((const struct part *)b)->number;
}

static void take_parts(struct disk *d, const PedDisk *disk)
{
	size_t cap = 0;
	uint64_t sector = d->sector_size;
	for (PedPartition *p = ped_disk_next_partition(disk, NULL); p;
	     p = ped_disk_next_partition(disk, p)) {
		if (!ped_partition_is_active(p) || p->num < 1)
			continue;
		d->parts = array_reserve(d->parts, d->n_parts, &cap, sizeof(*d->parts));
		d->parts[d->n_parts++] = (struct part){
			.number = p->num,
			.start = (uint64_t)p->geom.start * sector,
			.size = (uint64_t)p->geom.length * sector,
			.extended = p->type == PED_PARTITION_EXTENDED,
		};
	}
	if (d->n_parts)
		qsort(d->parts, d->n_parts, sizeof(*d->parts), by_number);
}

/* Logical, bytes; those of a file are what libparted takes for it. */
static unsigned sector_size(int fd)
{
	int size;
	return ioctl(fd, BLKSSZGET, &size) == 0 ? (unsigned)size : PED_SECTOR_SIZE_DEFAULT;
}

/* What the copy of a table in a file cannot tell libparted. */
static void session_set_sectors(struct session *s, const struct disk *d)
{
	s->dev->sector_size = s->dev->phys_sector_size = d->sector_size;
	s->dev->length = (PedSector)(d->size / d->sector_size);
}

int disk_table_read(struct disk *d, int fd, char **ret_other, struct err *e)
{
	auto_session s = session_start();
	d->sector_size = sector_size(fd);
	autoclose int shadow = disk_shadow(d, fd, e);
	autofree char *path = xasprintf("/proc/self/fd/%d", shadow);
	if (shadow < 0 || session_open(&s, path, d->name, e) < 0)
		return -1;
	session_set_sectors(&s, d);
	const PedDiskType *type = ped_disk_probe(s.dev);
	bool gpt = type && strcmp(type->name, "gpt") == 0;
	if (!type || (!gpt && strcmp(type->name, "msdos") != 0)) {
		*ret_other = type && strcmp(type->name, "loop") ? xstrdup(type->name) : NULL;
		return 0;
	}
	d->table = gpt ? DISK_GPT : DISK_MBR;
	if (disk_raw_check(d, fd, e) < 0)
		return -1;
	s.disk = ped_disk_new(s.dev);
	if (!s.disk)
		return session_error(e, d->name, "the partition table is damaged");
	take_parts(d, s.disk);
	return 1;
}

static int add_part(struct session *s, const char *path, const struct disk_layout_part *p,
		    struct err *e)
{
	PedSector sector = s->dev->sector_size;
	PedSector start = (PedSector)p->start / sector;
	PedSector end = start + (PedSector)p->size / sector - 1;
	PedPartition *part = ped_partition_new(s->disk, PED_PARTITION_NORMAL,
					       ped_file_system_type_get(p->type), start, end);
	if (!part)
		return session_error(e, path, "cannot describe the partition");
	PedConstraint *exact = ped_constraint_exact(&part->geom);
	int ok = exact && ped_disk_add_partition(s->disk, part, exact);
	if (exact)
		ped_constraint_destroy(exact);
	if (!ok) {
		ped_partition_destroy(part);
		return session_error(e, path, "cannot add the partition");
	}
	if (str_starts(p->type, "fat") && !ped_partition_set_flag(part, PED_PARTITION_LBA, 1))
		return session_error(e, path, "cannot mark the partition as LBA");
	if (p->boot && !ped_partition_set_flag(part, PED_PARTITION_BOOT, 1))
		return session_error(e, path, "cannot mark the partition as active");
	return 0;
}

static int write_bytes(const char *path, uint64_t offset, const void *data, size_t len,
		       struct err *e)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	return io_pwrite_fd(fd, path, data, len, offset, e);
}

static int create_table(const char *path, const struct disk_layout_part *parts, size_t n,
			struct err *e)
{
	auto_session s = session_start();
	if (session_open(&s, path, path, e) < 0)
		return -1;
	s.disk = ped_disk_new_fresh(s.dev, ped_disk_type_get("msdos"));
	if (!s.disk)
		return session_error(e, path, "cannot make a partition table");
	for (size_t i = 0; i < n; i++) {
		if (add_part(&s, path, &parts[i], e) < 0)
			return -1;
	}
	if (!ped_disk_commit_to_dev(s.disk))
		return session_error(e, path, "cannot write the partition table");
	return 0;
}

int disk_create_mbr(const char *path, uint32_t id, const struct disk_layout_part *parts, size_t n,
		    struct err *e)
{
	if (create_table(path, parts, n, e) < 0)
		return -1;
	uint32_t le = htole32(id); /* libparted has put a random one there */
	return write_bytes(path, DISK_ID, &le, sizeof(le), e);
}
