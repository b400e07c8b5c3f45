/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <blkid/blkid.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "disk_private.h"
#include "io.h"
#include "mem.h"

#define HEAD (1u << 20) /* the superblocks of all file systems that boards have lie in it */

static void probe_cleanup(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}
#define auto_probe __attribute__((cleanup(probe_cleanup))) blkid_probe

static int probe_new(blkid_probe *ret, const char *name, int fd, uint64_t start, uint64_t size,
		     struct err *e)
{
	*ret = blkid_new_probe();
	if (!*ret || blkid_probe_set_device(*ret, fd, (blkid_loff_t)start, (blkid_loff_t)size) < 0)
		return err_set(e, ERR_FAILED, "%s: cannot look at byte %llu", name,
			       (unsigned long long)start);
	return 0;
}

static void take_value(blkid_probe probe, const char *name, char *to, size_t size)
{
	const char *value;
	if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
		snprintf(to, size, "%s", value);
}

static int probe_part(struct part *part, const char *name, int fd, struct err *e)
{
	auto_probe probe = NULL;
	if (probe_new(&probe, name, fd, part->start, part->size, e) < 0)
		return -1;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_UUID | BLKID_SUBLKS_VERSION);
	int found = blkid_do_safeprobe(probe);
	if (found == -1)
		return err_set(e, ERR_IMAGE, "%s: partition %d: cannot be read", name,
			       part->number);
	if (found !=
	    0) /* 1: nothing known; -2: two file systems claim it, so neither is believed */
		return 0;
	take_value(probe, "TYPE", part->fstype, sizeof(part->fstype));
	take_value(probe, "VERSION", part->version, sizeof(part->version));
	take_value(probe, "LABEL", part->label, sizeof(part->label));
	take_value(probe, "UUID", part->uuid, sizeof(part->uuid));
	return 0;
}

/* libblkid gives up where anything that it asks for cannot be read, such as the last sector. */
static int probe_begin(struct part *part, const char *name, int fd, struct err *e)
{
	autofree char *head = xmalloc(HEAD);
	uint64_t len = part->size < HEAD ? part->size : HEAD;
	io_pread_rest(fd, head, len, part->start);
	autoclose int copy = io_memfd("beginning of a partition", head, len, e);
	struct part alone = *part;
	alone.start = 0;
	alone.size = len;
	if (copy < 0 || probe_part(&alone, name, copy, e) < 0)
		return -1;
	alone.start = part->start;
	alone.size = part->size;
	*part = alone;
	return 0;
}

/* Is there something in its beginning that cannot be read? */
static bool begin_is_bad(const struct part *part, int fd)
{
	size_t done;
	autofree char *head = xmalloc(HEAD);
	return io_pread_all(fd, head, HEAD, part->start, &done) < 0;
}

int disk_content_part(struct part *part, const char *name, int fd, struct err *e)
{
	auto_err why = ERR_INIT;
	int r = probe_part(part, name, fd, &why);
	if (r == 0 && (*part->fstype || !begin_is_bad(part, fd)))
		return 0;
	return probe_begin(part, name, fd, e);
}

static void copy_lower(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
	for (char *c = to; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

static struct part *part_at(struct disk *d, uint64_t start)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		if (d->parts[i].start == start)
			return &d->parts[i];
	}
	return NULL;
}

/* Partitions are matched by where they begin: libblkid counts sectors of 512 bytes. */
static int read_ids(struct disk *d, int fd, struct err *e)
{
	auto_probe probe = NULL;
	if (probe_new(&probe, d->name, fd, 0, d->size, e) < 0)
		return -1;
	blkid_probe_enable_superblocks(probe, 0);
	blkid_probe_enable_partitions(probe, 1);
	blkid_partlist list = blkid_probe_get_partitions(probe);
	blkid_parttable table = list ? blkid_partlist_get_table(list) : NULL;
	if (!table)
		return err_set(e, ERR_IMAGE, "%s: the partition table is damaged: no ids in it",
			       d->name);
	copy_lower(d->id, sizeof(d->id), blkid_parttable_get_id(table));
	uint32_t mbr = d->table == DISK_GPT ? disk_raw_hybrid_id(fd) : 0;
	if (mbr)
		snprintf(d->mbr_id, sizeof(d->mbr_id), "%08x", mbr);
	for (int i = 0; i < blkid_partlist_numof_partitions(list); i++) {
		blkid_partition p = blkid_partlist_get_partition(list, i);
		struct part *part = part_at(d, (uint64_t)blkid_partition_get_start(p) * 512);
		if (part)
			copy_lower(part->partuuid, sizeof(part->partuuid),
				   blkid_partition_get_uuid(p));
	}
	return 0;
}

int disk_content_read(struct disk *d, int fd, struct err *e)
{
	if (d->table != DISK_WHOLE && read_ids(d, fd, e) < 0)
		return -1;
	for (size_t i = 0; i < d->n_parts; i++) {
		if (!d->parts[i].extended && disk_content_part(&d->parts[i], d->name, fd, e) < 0)
			return -1;
	}
	return 0;
}
