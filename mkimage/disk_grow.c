/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_extend.h"
#include "log.h"
#include "mem.h"

/* The new end is as far as the table allows. */
static int grow_part(struct disk *d, int fd, int number, struct err *e)
{
	const struct part *part = disk_part(d, number);
	uint64_t end;
	if (disk_extend_limit(d, fd, &end, e) < 0)
		return -1;
	return end > part->start + part->size ? disk_extend(d, part, end, false, fd, e) : 0;
}

static int grow_checked(struct disk *d, int fd, int number, uint64_t new_size, struct err *e)
{
	uint64_t before = d->size;
	if (ftruncate(fd, (off_t)new_size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot grow to %llu bytes", d->name,
				 (unsigned long long)new_size);
	if (d->table == DISK_WHOLE)
		return 0;
	d->size = new_size;
	if (grow_part(d, fd, number, e) < 0) {
		if (ftruncate(fd, (off_t)before) < 0)
			log_debug("%s: cannot shrink it back", d->name);
		return -1;
	}
	return 0;
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
	const char *obstacle = disk_extend_obstacle(d, part, fd);
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
