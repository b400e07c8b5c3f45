/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "blockdev.h"
#include "mem.h"
#include "rootfs.h"

#define SECTOR 512ull /* sysfs counts such, whatever the device has */
#define SECTORS_MAX (INT64_MAX / 512)

void blockdev_done(struct blockdev *b)
{
	free(b->sys);
	free(b->node);
	*b = (struct blockdev){0};
}

/* A file with one number; 1, or 0 when it is absent. */
static int read_number(const struct ctx *ctx, const char *dir, const char *name, long long *ret,
		       struct err *e)
{
	autofree char *path = path_join(dir, name);
	auto_str text = STR_INIT;
	int found = root_read(ctx, path, 64, &text, e);
	if (found <= 0)
		return found;
	text.data[strcspn(str_text(&text), "\n")] = '\0';
	if (!parse_number(text.data, 0, SECTORS_MAX, ret))
		return err_set(e, ERR_FAILED, "%s: has no number but '%s'", path, text.data);
	return 1;
}

/* The name below /dev, which may have slashes. */
static int read_node(const struct ctx *ctx, const char *dir, char **ret, struct err *e)
{
	autofree char *path = path_join(dir, "uevent");
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	if (root_read(ctx, path, 65536, &text, e) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines) {
		if (!str_starts(*line, "DEVNAME="))
			continue;
		*ret = path_join("/dev", *line + strlen("DEVNAME="));
		return 0;
	}
	return err_set(e, ERR_FAILED, "%s: has no DEVNAME", path);
}

/* A directory without `size` is none of a block device. */
static int read_dir(const struct ctx *ctx, const char *dir, struct blockdev *ret, struct err *e)
{
	autofree char *node = NULL;
	long long size, number = 0, start = 0;
	int found = read_number(ctx, dir, "size", &size, e);
	if (found <= 0)
		return found;
	if (read_number(ctx, dir, "partition", &number, e) < 0 ||
	    read_number(ctx, dir, "start", &start, e) < 0 || read_node(ctx, dir, &node, e) < 0)
		return -1;
	*ret = (struct blockdev){
		.sys = xstrdup(dir),
		.node = steal(&node),
		.number = (int)number,
		.start = (uint64_t)start * SECTOR,
		.size = (uint64_t)size * SECTOR,
	};
	return 1;
}

/* Of what else is in the directory of a disk only the name of this file is known. */
static int read_partition(const struct ctx *ctx, const char *dir, struct blockdev *ret,
			  struct err *e)
{
	autofree char *path = path_join(dir, "partition");
	int is_part = root_exists(ctx, path, e);
	return is_part > 0 ? read_dir(ctx, dir, ret, e) : is_part;
}

int blockdev_read(const struct ctx *ctx, const char *id, struct blockdev *ret, struct err *e)
{
	autofree char *dir = path_join("/sys/dev/block", id);
	return read_dir(ctx, dir, ret, e);
}

int blockdev_disk(const struct ctx *ctx, const struct blockdev *part, struct blockdev *ret,
		  struct err *e)
{
	autofree char *dir = path_join(part->sys, "..");
	return part->number ? read_dir(ctx, dir, ret, e) : 0;
}

/* Is this the partition that is looked for, and better than the one found so far? */
typedef bool fits(const struct blockdev *part, const struct blockdev *wanted,
		  const struct blockdev *so_far);

static int look(const struct ctx *ctx, const struct blockdev *disk, const struct blockdev *wanted,
		fits *fit, struct blockdev *ret, struct err *e)
{
	auto_strv names = {0};
	auto_blockdev best = {0};
	if (root_list(ctx, disk->sys, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		auto_blockdev part = {0};
		autofree char *dir = path_join(disk->sys, *name);
		int is_part = read_partition(ctx, dir, &part, e);
		if (is_part < 0)
			return -1;
		if (is_part && fit(&part, wanted, best.sys ? &best : NULL)) {
			blockdev_done(&best);
			best = part;
			part = (struct blockdev){0};
		}
	}
	if (!best.sys)
		return 0;
	*ret = best;
	best = (struct blockdev){0};
	return 1;
}

static bool has_number(const struct blockdev *part, const struct blockdev *wanted,
		       const struct blockdev *so_far)
{
	return !so_far && part->number == wanted->number;
}

static bool is_behind(const struct blockdev *part, const struct blockdev *wanted,
		      const struct blockdev *so_far)
{
	return part->start > wanted->start && (!so_far || part->start < so_far->start);
}

int blockdev_partition(const struct ctx *ctx, const struct blockdev *disk, int number,
		       struct blockdev *ret, struct err *e)
{
	const struct blockdev wanted = {.number = number};
	return look(ctx, disk, &wanted, has_number, ret, e);
}

int blockdev_next(const struct ctx *ctx, const struct blockdev *disk, const struct blockdev *part,
		  struct blockdev *ret, struct err *e)
{
	return look(ctx, disk, part, is_behind, ret, e);
}
