/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "disk_extend.h"
#include "disk_private.h"
#include "program.h"
#include "mem.h"
#include "utf8.h"

#define NUMBER_MAX 1024 /* of a GPT; an MBR has less */

static const char usage[] = "usage: " GROW_PROGRAM " [--dry-run] DISK PARTITION-NUMBER\n\n"
			    "The last partition of a disk, or of an image of one, grows to its "
			    "end.  The partition may\n"
			    "be mounted; its file system is left alone.\n\n"
			    "exit codes:\n"
			    "    0  there was nothing to do\n"
			    "   10  the partition has grown, or would without --dry-run\n"
			    "    1  failed\n"
			    "    2  the command line is wrong\n"
			    "    4  the table is damaged, unknown or one that cannot grow\n"
			    "    7  another program holds the disk\n";

struct options {
	bool dry_run, help;
	const char *disk;
	int number;
};

static int parse(int argc, char **argv, struct options *o, struct err *e)
{
	long long number;
	int at = 1;
	for (; at < argc && str_starts(argv[at], "-"); at++) {
		if (strcmp(argv[at], "--help") == 0)
			o->help = true;
		else if (strcmp(argv[at], "--dry-run") == 0)
			o->dry_run = true;
		else
			return err_set(e, ERR_USAGE, "unknown option '%s'; see --help", argv[at]);
	}
	if (o->help)
		return 0;
	if (argc - at != 2)
		return err_set(e, ERR_USAGE, "needs a disk and a number; see --help");
	if (!parse_number(argv[at + 1], 1, NUMBER_MAX, &number))
		return err_set(e, ERR_USAGE, "'%s' is not a number from 1 to %d", argv[at + 1],
			       NUMBER_MAX);
	o->disk = argv[at];
	o->number = (int)number;
	return 0;
}

/* For a card that nobody wants to make anew. */
#define ADVICE "; 'grow = no' in /etc/cardstock/firstboot.conf leaves it so"

static int read_table(struct disk *d, int fd, struct err *e)
{
	autofree char *other = NULL;
	int known = disk_table_read(d, fd, &other, e);
	if (known)
		return known < 0 ? -1 : 0;
	return err_set(e, ERR_IMAGE,
		       "%s: has %s%s%s partition table; only MBR and GPT can grow" ADVICE, d->name,
		       other ? "a '" : "no", other ? other : "", other ? "'" : "");
}

/* Where the partition is to end; 1, or 0 with the reason said when it stays as it is. */
static int plan(const struct disk *d, const struct part *part, int fd, uint64_t *ret, struct err *e)
{
	const struct part *next = disk_extend_next(d, part);
	if (next) {
		printf("partition %d: stays, partition %d lies behind it\n", part->number,
		       next->number);
		return 0;
	}
	const char *obstacle = disk_extend_obstacle(d, part, fd);
	if (obstacle)
		return err_set(e, ERR_IMAGE, "%s: partition %d cannot grow: %s" ADVICE, d->name,
			       part->number, obstacle);
	if (disk_extend_limit(d, fd, ret, e) < 0)
		return -1;
	*ret -= *ret % GROW_ALIGN;
	if (*ret >= part->start + part->size + GROW_WORTH)
		return 1;
	printf("partition %d: has all the room there is\n", part->number);
	return 0;
}

/* 1 when the partition, in *part afterwards, has another end now. */
static int extend(const struct disk *d, struct part *part, int fd, bool dry_run, struct err *e)
{
	uint64_t end;
	int grows = plan(d, part, fd, &end, e);
	if (grows <= 0)
		return grows;
	if (!dry_run && disk_extend(d, part, end, true, fd, e) < 0)
		return -1;
	autofree char *before = format_size(part->size), *after = format_size(end - part->start);
	printf("partition %d: %s, was %s%s\n", part->number, after, before,
	       d->table == DISK_MBR && end + GROW_WORTH < d->size
		       ? "; an MBR cannot count what lies behind 2 TiB"
		       : "");
	part->size = end - part->start;
	return 1;
}

static int grow(const struct options *o, struct err *e)
{
	auto_disk *d = xcalloc(1, sizeof(*d));
	autoclose int fd = device_open(o->disk, !o->dry_run, d, e);
	if (fd < 0 || read_table(d, fd, e) < 0)
		return -1;
	const struct part *found = disk_part(d, o->number);
	if (!found)
		return err_set(e, ERR_IMAGE, "%s: there is no partition %d", d->name, o->number);
	struct part part = *found;
	int grown = extend(d, &part, fd, o->dry_run, e);
	/* Also when a run before this one could not tell the kernel any more. */
	int told = grown < 0 ? -1 : device_tell(fd, d, &part, o->dry_run, e);
	return told < 0 ? -1 : grown || told;
}

static int run(int argc, char **argv, struct err *e)
{
	struct options o = {0};
	if (parse(argc, argv, &o, e) < 0)
		return -1;
	if (!o.help)
		return grow(&o, e);
	fputs(usage, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	auto_err e = ERR_INIT;
	signal(SIGPIPE, SIG_IGN);
	int changed = run(argc, argv, &e);
	if (changed >= 0)
		return changed ? GROW_CHANGED : 0;
	auto_str line = STR_INIT;
	utf8_visible(&line, e.msg, strlen(e.msg), true);
	fprintf(stderr, GROW_PROGRAM ": %s\n", str_text(&line));
	return (int)e.code;
}
