/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "image_parts.h"
#include "log.h"
#include "mem.h"

#define FSTAB_MAX (1u << 20)

/* Where boot partitions are mounted: the first that fstab names is it. */
static const char *const places[] = {"/boot/firmware", "/boot"};

/* What a boot loader looks for on its FAT partition. */
static const char *const marks[] = {"/config.txt",
				    "/cmdline.txt",
				    "/uEnv.txt",
				    "/armbianEnv.txt",
				    "/sysconf.txt",
				    "/bootcode.bin",
				    "/boot.scr",
				    "/BOOT.BIN",
				    "/uImage",
				    "/devicetree.dtb",
				    "/extlinux/extlinux.conf"};

/* The last number of "/dev/mmcblk0p1" or "/dev/sda1"; -1 when there is none. */
static int device_number(const char *device)
{
	size_t len = strlen(device), digits = 0;
	long long number;
	while (digits < len && device[len - digits - 1] >= '0' && device[len - digits - 1] <= '9')
		digits++;
	/* mmcblk0 and nvme0n1 are whole disks: their partitions have a p before the number. */
	const char *name = path_base(device);
	bool has_p = str_starts(name, "mmcblk") || str_starts(name, "nvme") ||
		     str_starts(name, "loop");
	if (!digits || (has_p && device[len - digits - 1] != 'p') ||
	    !parse_number(device + len - digits, 1, 255, &number))
		return -1;
	return (int)number;
}

/* The ways in which fstab(5) names a file system. */
static const struct spec_kind {
	const char *prefix;
	size_t field; /* of struct part */
	bool any_case;
} spec_kinds[] = {
	{"UUID=", offsetof(struct part, uuid), true},
	{"PARTUUID=", offsetof(struct part, partuuid), true},
	{"LABEL=", offsetof(struct part, label), false},
	{"/dev/disk/by-uuid/", offsetof(struct part, uuid), true},
	{"/dev/disk/by-partuuid/", offsetof(struct part, partuuid), true},
	{"/dev/disk/by-label/", offsetof(struct part, label), false},
};

static bool spec_matches(const struct spec_kind *kind, const char *value, const struct part *p)
{
	const char *field = (const char *)p + kind->field;
	if (!*field)
		return false;
	return kind->any_case ? strcasecmp(field, value) == 0 : strcmp(field, value) == 0;
}

/* The partition that a first field of fstab means; NULL: none of this disk. */
static const struct part *part_of_spec(const struct disk *d, const char *spec)
{
	for (size_t k = 0; k < sizeof(spec_kinds) / sizeof(*spec_kinds); k++) {
		if (!str_starts(spec, spec_kinds[k].prefix))
			continue;
		const char *value = spec + strlen(spec_kinds[k].prefix);
		size_t len = strlen(value);
		bool quoted = len >= 2 && *value == '"' && value[len - 1] == '"';
		autofree char *plain = xstrndup(value + quoted, len - 2u * quoted);
		for (size_t i = 0; i < d->n_parts; i++) {
			if (spec_matches(&spec_kinds[k], plain, &d->parts[i]))
				return &d->parts[i];
		}
		return NULL;
	}
	return str_starts(spec, "/dev/") ? disk_part(d, device_number(spec)) : NULL;
}

static int read_fstab(struct tree *tree, struct str *out, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(tree, "/etc/fstab", &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	return tree_read(tree, "/etc/fstab", FSTAB_MAX, out, e);
}

/* The first field of the line that mounts at place, owned; NULL: none does. */
static char *fstab_spec(const char *fstab, const char *place)
{
	auto_strv lines = {0};
	strv_split(&lines, fstab, "\n");
	strv_foreach (line, &lines) {
		auto_strv fields = {0};
		strv_split(&fields, *line, " \t\r");
		if (fields.n >= 2 && *fields.v[0] != '#' && strcmp(fields.v[1], place) == 0)
			return xstrdup(fields.v[0]);
	}
	return NULL;
}

/* Only these can be opened; a boot partition is never encrypted and the like. */
static bool can_be_boot(const struct part *p, int root)
{
	return p && p->number != root && (part_is_fat(p) || part_is_ext(p));
}

static int has_mark(const struct image_open *o, const struct part *p, struct err *e)
{
	auto_fs *fs = NULL;
	if (image_open_part(o, p, false, &fs, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		struct fs_stat st;
		if (fs->ops->stat(fs, marks[i], &st, e) < 0)
			return -1;
		if (st.type == FILE_REGULAR)
			return 1;
	}
	return 0;
}

/*
 * The only FAT with a boot loader's files; NULL when there is none or more than one.  When there is
 * none, one that cannot be looked into may be it.
 */
static int find_marked(const struct image_open *o, const struct disk *d, const struct part **ret,
		       struct err *e)
{
	const struct part *found = NULL;
	auto_err unread = ERR_INIT;
	size_t n = 0;
	for (size_t i = 0; i < d->n_parts; i++) {
		int r = part_is_fat(&d->parts[i]) ? has_mark(o, &d->parts[i], &unread) : 0;
		if (r < 0)
			log_debug("not the boot partition: %s", unread.msg);
		if (r <= 0)
			continue;
		found = &d->parts[i];
		n++;
	}
	if (n == 0 && unread.msg)
		return err_set(e, unread.code, "no boot partition: %s", unread.msg);
	*ret = n == 1 ? found : NULL;
	return 0;
}

/* Where a boot partition that no line of fstab mounts would be: by what the root has for it. */
static int default_place(struct tree *tree, const char **ret, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(tree, places[0], &st, e) < 0)
		return -1;
	*ret = st.type == FILE_DIR ? places[0] : places[1];
	return 0;
}

int image_find_boot(const struct image_open *o, const struct disk *d, int root, struct tree *tree,
		    const struct part **ret, char **ret_at, struct err *e)
{
	auto_str fstab = STR_INIT;
	const struct part *boot = NULL;
	const char *place = NULL;
	if (read_fstab(tree, &fstab, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !boot; i++) {
		autofree char *spec = fstab_spec(str_text(&fstab), places[i]);
		if (!spec)
			continue;
		place = place ? place : places[i];
		const struct part *p = part_of_spec(d, spec);
		if (can_be_boot(p, root)) {
			boot = p;
			place = places[i];
		}
	}
	if (!boot && find_marked(o, d, &boot, e) < 0)
		return -1;
	if (boot && !place && default_place(tree, &place, e) < 0)
		return -1;
	if (boot && tree_resolve(tree, place, true, ret_at, e) < 0)
		return -1;
	*ret = boot;
	return 0;
}
