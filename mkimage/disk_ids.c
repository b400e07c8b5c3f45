/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * New ids for a table that stays as it is.  libparted 3.5 cannot set those of a GPT, and it would
 * write more than the ids, so they are put into the bytes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "disk_gpt.h"
#include "io.h"
#include "mem.h"
#include "uuid.h"

struct gpt {
	struct gpt_copy copies[2]; /* at the begin of the disk, and the backup */
};

static void gpt_done(struct gpt *g)
{
	gpt_copy_done(&g->copies[0]);
	gpt_copy_done(&g->copies[1]);
}
#define auto_gpt __attribute__((cleanup(gpt_done))) struct gpt

/* Both copies, the backup where the primary says; 0 when one is damaged. */
static int gpt_read(const struct disk *d, int fd, struct gpt *g, struct err *e)
{
	int whole = gpt_copy_read(d, fd, 1, &g->copies[0], e);
	if (whole <= 0)
		return whole;
	return gpt_copy_read(d, fd, disk_get64(g->copies[0].header + GPT_BACKUP), &g->copies[1], e);
}

static int open_image(const struct disk *d, int flags, struct err *e)
{
	int fd = open(d->path, flags | O_CLOEXEC);
	return fd < 0 ? err_errno(e, ERR_FAILED, "%s: cannot open", d->name) : fd;
}

int disk_ids_obstacle(const struct disk *d, const char **ret, struct err *e)
{
	auto_gpt g = {0};
	*ret = d->table == DISK_WHOLE ? "there is no partition table" : NULL;
	if (d->table != DISK_GPT)
		return 0;
	autoclose int fd = open_image(d, O_RDONLY, e);
	if (fd < 0)
		return -1;
	int whole = gpt_read(d, fd, &g, e);
	if (whole == 0)
		*ret = "one of the two copies of the GPT is damaged; repair it by `gdisk`";
	return whole < 0 ? -1 : 0;
}

static int write_mbr_id(const struct disk *d, int fd, const char *id, struct err *e)
{
	uint8_t bytes[4];
	disk_put32(bytes, (uint32_t)strtoul(id, NULL, 16));
	return io_pwrite_fd(fd, d->name, bytes, sizeof(bytes), MBR_ID, e);
}

/* On disk the first three fields of a GUID are little-endian. */
static bool put_guid(uint8_t *to, const char *text)
{
	static const uint8_t order[UUID_LEN] = {3, 2, 1,  0,  5,  4,  7,  6,
						8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t uuid[UUID_LEN];
	if (!uuid_parse(text, uuid))
		return false;
	for (size_t i = 0; i < UUID_LEN; i++)
		to[i] = uuid[order[i]];
	return true;
}

static bool copy_set(struct gpt_copy *g, const struct disk *want)
{
	bool ok = put_guid(g->header + GPT_GUID, want->id);
	for (size_t i = 0; i < want->n_parts; i++) {
		size_t at = (size_t)(want->parts[i].number - 1) * GPT_ENTRY_LEN;
		ok = ok && at < g->entries_len &&
		     put_guid(g->entries + at + GPT_ENTRY_GUID, want->parts[i].partuuid);
	}
	gpt_copy_seal(g);
	return ok;
}

static int copy_write(const struct disk *d, int fd, const struct gpt_copy *g, struct err *e)
{
	return gpt_copy_write_entries(d, fd, g, e) < 0 ? -1 : gpt_copy_write_header(d, fd, g, e);
}

static int write_gpt_ids(const struct disk *d, int fd, const struct disk *want, struct err *e)
{
	auto_gpt g = {0};
	int whole = gpt_read(d, fd, &g, e);
	if (whole < 0)
		return -1;
	if (!whole || !copy_set(&g.copies[0], want) || !copy_set(&g.copies[1], want))
		return err_set(e, ERR_IMAGE, "%s: the GPT is damaged; repair it by `gdisk`",
			       d->name);
	/* The backup first: whoever is interrupted here still has a whole primary. */
	if (copy_write(d, fd, &g.copies[1], e) < 0 || copy_write(d, fd, &g.copies[0], e) < 0)
		return -1;
	return *want->mbr_id ? write_mbr_id(d, fd, want->mbr_id, e) : 0;
}

int disk_write_ids(const struct disk *d, const struct disk *want, struct err *e)
{
	autoclose int fd = open_image(d, O_RDWR, e);
	if (fd < 0)
		return -1;
	if (d->table == DISK_GPT)
		return write_gpt_ids(d, fd, want, e);
	return write_mbr_id(d, fd, want->id, e);
}
