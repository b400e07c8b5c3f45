/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fstab_rules.h"
#include "mem.h"

#define FIELDS 6
#define BLANK " \t\r"

/* Types whose first field is a disk, a file or a tag of one. */
static const char *const disk_types[] = {"auto",  "ext2", "ext3", "ext4",   "vfat", "msdos",
					 "exfat", "xfs",  "jfs",  "btrfs",  "f2fs", "ntfs",
					 "ntfs3", "swap", "udf",  "iso9660"};
static const char *const tags[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID="};

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}
#define IS_ONE_OF(text, words) is_one_of((text), (words), sizeof(words) / sizeof(*(words)))

/* "/dev/sda1", or a tag with something behind it. */
static bool is_disk(const char *source)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if (str_starts(source, tags[i]) && source[strlen(tags[i])])
			return true;
	}
	return *source == '/';
}

/* The field behind the last, when it is no comment. */
static bool has_more(const char *line)
{
	for (int i = 0; i < FIELDS; i++) {
		line += strspn(line, BLANK);
		line += strcspn(line, BLANK);
	}
	line += strspn(line, BLANK);
	return *line && *line != '#';
}

char *fstab_judge(const char *line, const char *source, const char *target, const char *type)
{
	static const char *const no_targets[] = {"none", "swap"};
	bool is_swap = strcmp(type, "swap") == 0;
	if (*target != '/' && !(is_swap && IS_ONE_OF(target, no_targets)))
		return xasprintf("'%s' is not a mount point: the second field is an absolute path",
				 target);
	if (IS_ONE_OF(type, disk_types) && !is_disk(source))
		return xasprintf("'%s' is not a disk: the first field is a path or a tag such as "
				 "UUID= or LABEL=",
				 source);
	if ((strcmp(type, "nfs") == 0 || strcmp(type, "nfs4") == 0) && !strchr(source, ':'))
		return xasprintf("'%s' is not an NFS export: the first field is HOST:PATH", source);
	if (has_more(line))
		return xasprintf("there are more than %d fields", FIELDS);
	return NULL;
}
