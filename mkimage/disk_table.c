/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <endian.h>
#include <fcntl.h>
#include <parted/parted.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk_private.h"
#include "io.h"
#include "log.h"
#include "mem.h"

#define DISK_ID 440	/* after the boot loader's code; 4 bytes */
#define MBR_ENTRIES 446 /* everything before is not the table's */

/*
 * libparted's handler gets no context pointer, so this is the one place of the program where a
 * message waits outside an argument; it lives from session_open to session_done.
 */
static struct {
	char *message;
	bool fix;
} session_answer;

/*
 * Never ask anybody.  A warning is passed over; "the other copy of the GPT will be used" is fine;
 * every other error (outside the disk, overlapping, unreadable) is final.
 */
static PedExceptionOption answer(PedException *x)
{
	log_debug("libparted: %s", x->message);
	if (x->options & PED_EXCEPTION_FIX)
		return session_answer.fix ? PED_EXCEPTION_FIX : PED_EXCEPTION_IGNORE;
	bool harmless = x->type == PED_EXCEPTION_INFORMATION || x->type == PED_EXCEPTION_WARNING;
	if (harmless && (x->options & PED_EXCEPTION_IGNORE))
		return PED_EXCEPTION_IGNORE;
	if (x->options & PED_EXCEPTION_OK)
		return PED_EXCEPTION_OK;
	if (x->options & PED_EXCEPTION_NO)
		return PED_EXCEPTION_NO;
	free(session_answer.message);
	session_answer.message = xstrdup(x->message);
	return x->options & PED_EXCEPTION_CANCEL ? PED_EXCEPTION_CANCEL : PED_EXCEPTION_UNHANDLED;
}

struct session {
	PedDevice *dev;
	PedDisk *disk;
	PedExceptionHandler *before;
};

static void session_done(struct session *s)
{
	if (s->disk)
		ped_disk_destroy(s->disk);
	if (s->dev)
		ped_device_destroy(s->dev); /* also out of libparted's cache: sizes change */
	ped_exception_set_handler(s->before);
	free(session_answer.message);
	session_answer.message = NULL;
}
#define auto_session __attribute__((cleanup(session_done))) struct session

/* Start before anything else, so that session_done always restores the handler. */
static struct session session_start(bool fix)
{
	struct session s = {.before = ped_exception_get_handler()};
	ped_exception_set_handler(answer);
	session_answer.fix = fix;
	return s;
}

static int session_error(struct err *e, const char *name, const char *what)
{
	const char *why = session_answer.message ? session_answer.message : "no reason given";
	enum err_code code = ERR_IMAGE;
	const char *advice = err_advice_said(why, &code);
	return err_set(e, code, "%s: %s: %s%s", name, what, why, advice);
}

static int session_open(struct session *s, const char *path, const char *name, struct err *e)
{
	s->dev = ped_device_get(path);
	if (!s->dev)
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

int disk_table_read(struct disk *d, int fd, char **ret_other, struct err *e)
{
	auto_session s = session_start(false);
	bool shadowed = disk_shadow_fits(fd);
	autoclose int shadow = shadowed ? disk_shadow(d, fd, e) : -1;
	autofree char *path = shadowed ? xasprintf("/proc/self/fd/%d", shadow) : xstrdup(d->path);
	if ((shadowed && shadow < 0) || session_open(&s, path, d->name, e) < 0)
		return -1;
	d->sector_size = (unsigned)s.dev->sector_size;
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
	auto_session s = session_start(false);
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

/* The last sector the partition could have, -1 on failure. */
static PedSector last_sector(const struct session *s, PedPartition *part)
{
	if (strcmp(s->disk->type->name, "msdos") == 0)
		return s->dev->length - 1; /* libparted's own answer is rounded to a cylinder */
	PedConstraint *any = ped_constraint_any(s->dev);
	PedGeometry *most = any ? ped_disk_get_max_partition_geometry(s->disk, part, any) : NULL;
	PedSector last = most ? most->end : -1;
	if (most)
		ped_geometry_destroy(most);
	if (any)
		ped_constraint_destroy(any);
	return last;
}

static int grow_table(const struct disk *d, int number, struct err *e)
{
	auto_session s = session_start(true);
	if (session_open(&s, d->path, d->name, e) < 0)
		return -1;
	s.disk = ped_disk_new(s.dev);
	PedPartition *part = s.disk ? ped_disk_get_partition(s.disk, number) : NULL;
	if (!part)
		return session_error(e, d->name, "the partition table is damaged");
	PedSector start = part->geom.start, last = last_sector(&s, part);
	PedGeometry wanted;
	int ok = last >= start && ped_geometry_init(&wanted, s.dev, start, last - start + 1);
	PedConstraint *exact = ok ? ped_constraint_exact(&wanted) : NULL;
	ok = exact && ped_disk_set_partition_geom(s.disk, part, exact, start, last) &&
	     ped_disk_commit_to_dev(s.disk);
	if (exact)
		ped_constraint_destroy(exact);
	return ok ? 0 : session_error(e, d->name, "cannot grow the partition");
}

/* Why the partition cannot grow; NULL when it can. */
static const char *grow_obstacle(const struct disk *d, const struct part *part, int fd)
{
	if (part->extended || (d->table == DISK_MBR && part->number > 4))
		return "it is an extended or logical partition; only primary ones can grow";
	for (size_t i = 0; i < d->n_parts; i++) {
		if (d->parts[i].start > part->start)
			return "another partition follows it; only the last one can grow";
	}
	if (d->table == DISK_GPT && disk_raw_is_hybrid(fd))
		return "the GPT is a hybrid one, whose MBR part would be lost";
	return NULL;
}

static int grow_checked(const struct disk *d, int fd, int number, uint64_t new_size, struct err *e)
{
	/* libparted puts boot code and a new disk id where it finds no boot code: keep ours. */
	uint8_t before_table[MBR_ENTRIES];
	if (io_pread_fd(fd, d->name, before_table, sizeof(before_table), 0, e) < 0)
		return -1;
	if (ftruncate(fd, (off_t)new_size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot grow to %llu bytes", d->name,
				 (unsigned long long)new_size);
	if (d->table == DISK_WHOLE)
		return 0;
	if (grow_table(d, number, e) < 0) {
		if (ftruncate(fd, (off_t)d->size) < 0)
			log_debug("%s: cannot shrink it back", d->name);
		return -1;
	}
	return io_pwrite_fd(fd, d->name, before_table, sizeof(before_table), 0, e);
}

int disk_grow_check(const struct disk *d, int number, uint64_t new_size, struct err *e)
{
	const struct part *part = disk_part(d, number);
	struct stat st;
	if (!part)
		return err_set(e, ERR_IMAGE, "%s: there is no partition %d", d->name, number);
	autoclose int fd = open(d->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", d->name);
	if (!S_ISREG(st.st_mode) || new_size < d->size)
		return err_set(e, ERR_FAILED,
			       "%s: cannot become %llu bytes: only image files can grow, and this "
			       "one has %llu bytes already",
			       d->name, (unsigned long long)new_size, (unsigned long long)d->size);
	const char *obstacle = grow_obstacle(d, part, fd);
	if (obstacle)
		return err_set(e, ERR_IMAGE, "%s: partition %d cannot grow: %s", d->name, number,
			       obstacle);
	return 0;
}

int disk_grow(const char *path, const char *name, int number, uint64_t new_size, struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, name, &d, e) < 0)
		return -1;
	new_size -= new_size % d->sector_size;
	if (disk_grow_check(d, number, new_size, e) < 0)
		return -1;
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", d->name);
	return grow_checked(d, fd, number, new_size, e);
}
