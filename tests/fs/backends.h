/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FS_BACKENDS_H
#define TESTS_FS_BACKENDS_H

/* The backends that the contract (test_contract.c) is run over: one row of the table each. */

#include <errno.h>
#include <sys/syscall.h>

#include "scratch.h"

/* What a file system can hold; what it cannot is asserted as an error. */
enum {
	CAN_SYMLINK = 1 << 0,
	CAN_LINK = 1 << 1,
	CAN_NODE = 1 << 2,
	CAN_OWNER = 1 << 3, /* mode and owner are kept; else attr is accepted and forgotten */
	CAN_XATTR = 1 << 4,
	CAN_FILL = 1 << 5, /* its size is fixed, so that it can be full */
	CAN_CASE = 1 << 6, /* "a" and "A" are two files */
};

struct backend {
	const char *name;
	unsigned can;
	/* Why it cannot be tested here (a tool is missing, not root), or NULL. May be NULL. */
	const char *(*unavailable)(void);
	uint64_t offset, size; /* of the file system in the image */
	/* Make an empty file system at s->image. */
	void (*make)(const struct scratch *s);
	int (*open)(const struct fs_open *o, struct fs **ret, struct err *e);
	/* Let somebody else's tool check it; fails the test if it finds something. May be NULL. */
	void (*check)(const struct scratch *s);
	const char *kernel; /* the kernel's file system that it needs; NULL: none */
};

#define EXT_CAN (CAN_SYMLINK | CAN_LINK | CAN_NODE | CAN_OWNER | CAN_XATTR | CAN_FILL | CAN_CASE)

static void make_ext4(const struct scratch *s)
{
	scratch_mke2fs(s, "ext4", NULL);
}

/* What the Raspberry Pi's images have. */
static void make_ext4_pi(const struct scratch *s)
{
	scratch_mke2fs(s, "ext4", (const char *[]){"-O", "^64bit,^huge_file", "-b", "4096", NULL});
}

static void make_ext4_newest(const struct scratch *s)
{
	scratch_mke2fs(s, "ext4",
		       (const char *[]){"-O", "metadata_csum_seed,orphan_file,inline_data", NULL});
}

static void make_ext3(const struct scratch *s)
{
	scratch_mke2fs(s, "ext3", NULL);
}

static void make_ext2(const struct scratch *s)
{
	scratch_mke2fs(s, "ext2", (const char *[]){"-I", "128", NULL});
}

#define DIR_CAN (CAN_SYMLINK | CAN_LINK | CAN_NODE | CAN_OWNER | CAN_CASE)

static void make_dir_of_root(const struct scratch *s)
{
	assert_int_equal(mkdir(s->image, 0755), 0);
}

/* One that an ordinary user filled before: owners are in card.img.attrs, also for root. */
static void make_dir_with_records(const struct scratch *s)
{
	auto_err e = ERR_INIT;
	autofree char *records = xasprintf("%s.attrs", s->image);
	make_dir_of_root(s);
	assert_ok(run_argv(&e, "touch", records, NULL), &e);
}

#define FAT_CAN CAN_FILL

/* mkfs.fat with this type and sectors in a cluster, the same bytes each time. */
static void make_fat(const struct scratch *s, const char *type, const char *sectors)
{
	auto_err e = ERR_INIT;
	scratch_make_image(s);
	autofree char *offset = xasprintf("%llu", (unsigned long long)(s->offset / 512));
	autofree char *blocks = xasprintf("%llu", (unsigned long long)(s->size >> 10));
	assert_ok(run_argv(&e, "mkfs.fat", "--invariant", "-F", type, "-s", sectors, "--offset",
			   offset, s->image, blocks, NULL),
		  &e);
}

static void make_fat12(const struct scratch *s)
{
	make_fat(s, "12", "8");
}

static void make_fat16(const struct scratch *s)
{
	make_fat(s, "16", "4");
}

/* As Raspberry Pi OS formats it since trixie. */
static void make_fat32(const struct scratch *s)
{
	make_fat(s, "32", "1");
}

/* Checkers that know no offset are given the partition alone, behind their option. */
static void check_partition(const struct scratch *s, const char *program, const char *option,
			    const char *more)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	autofree char *part = path_join(s->dir, "part.img"), *from = xasprintf("if=%s", s->image),
		      *to = xasprintf("of=%s", part),
		      *skip = xasprintf("skip=%llu", (unsigned long long)(s->offset >> 20));
	const char *argv[] = {program, option, more ? more : part, more ? part : NULL, NULL};
	assert_ok(run_argv(&e, "dd", "bs=1M", "status=none", "conv=sparse", from, to, skip, NULL),
		  &e);
	assert_int_equal(truncate(part, (off_t)s->size), 0);
	if (run(&(struct run){.argv = argv, .output = &out}, &e) < 0)
		fail_msg("%s\n%s", e.msg, str_text(&out));
	assert_int_equal(unlink(part), 0);
}

static void scratch_fsck_fat(const struct scratch *s)
{
	check_partition(s, "fsck.fat", "-n", NULL);
}

#define MOUNT_CAN (CAN_SYMLINK | CAN_LINK | CAN_NODE | CAN_OWNER | CAN_XATTR | CAN_FILL | CAN_CASE)

static const char *needs_root(void)
{
	if (geteuid() != 0)
		return "only root can mount";
	return access("/dev/loop-control", R_OK | W_OK) == 0 ? NULL : "there are no loop devices";
}

/* A file system made in a file of its own, then put at the offset. */
static void make_at_offset(const struct scratch *s, const char *const *mkfs)
{
	auto_err e = ERR_INIT;
	autofree char *part = path_join(s->dir, "part.img"), *from = xasprintf("if=%s", part),
		      *to = xasprintf("of=%s", s->image),
		      *seek = xasprintf("seek=%llu", (unsigned long long)(s->offset >> 20)),
		      *size = xasprintf("%llu", (unsigned long long)s->size);
	const char *argv[16];
	size_t n = 0;
	for (; *mkfs; mkfs++)
		argv[n++] = *mkfs;
	argv[n++] = part;
	argv[n] = NULL;
	assert_ok(run_argv(&e, "truncate", "-s", size, part, NULL), &e);
	autofree char *said = scratch_output(argv);
	assert_non_null(said);
	assert_ok(run_argv(&e, "dd", "bs=1M", "status=none", "conv=sparse", from, to, seek, NULL),
		  &e);
	scratch_make_image(s);
	assert_int_equal(unlink(part), 0);
}

static void make_btrfs(const struct scratch *s)
{
	make_at_offset(s, (const char *[]){"mkfs.btrfs", "-q", NULL});
}

static void make_xfs(const struct scratch *s)
{
	make_at_offset(s, (const char *[]){"mkfs.xfs", "-q", NULL});
}

static void make_f2fs(const struct scratch *s)
{
	make_at_offset(s, (const char *[]){"mkfs.f2fs", "-q", NULL});
}

static void check_btrfs(const struct scratch *s)
{
	check_partition(s, "btrfs", "check", "--readonly");
}

static void check_xfs(const struct scratch *s)
{
	check_partition(s, "xfs_repair", "-n", "-f");
}

static void check_f2fs(const struct scratch *s)
{
	check_partition(s, "fsck.f2fs", "--dry-run", NULL);
}

static int open_btrfs(const struct fs_open *o, struct fs **ret, struct err *e)
{
	return fs_mount_open(o, "btrfs", ret, e);
}

static int open_xfs(const struct fs_open *o, struct fs **ret, struct err *e)
{
	return fs_mount_open(o, "xfs", ret, e);
}

static int open_f2fs(const struct fs_open *o, struct fs **ret, struct err *e)
{
	return fs_mount_open(o, "f2fs", ret, e);
}

/* Not by /proc/filesystems: fsopen(2) loads a module that is not in there yet. */
static inline bool kernel_lacks(const char *type)
{
	int context = (int)syscall(SYS_fsopen, type, 0);
	if (context >= 0)
		close(context);
	return context < 0 && errno == ENODEV;
}

static const struct backend backends[] = {
	{"ext4", EXT_CAN, NULL, SCRATCH_OFFSET, 24 << 20, make_ext4, fs_ext_open, scratch_e2fsck,
	 NULL},
	{"ext4-pi", EXT_CAN, NULL, SCRATCH_OFFSET, 32 << 20, make_ext4_pi, fs_ext_open,
	 scratch_e2fsck, NULL},
	{"ext4-newest", EXT_CAN, NULL, SCRATCH_OFFSET, 24 << 20, make_ext4_newest, fs_ext_open,
	 scratch_e2fsck, NULL},
	{"ext3", EXT_CAN, NULL, SCRATCH_OFFSET, 24 << 20, make_ext3, fs_ext_open, scratch_e2fsck,
	 NULL},
	{"ext2", EXT_CAN, NULL, SCRATCH_OFFSET, 24 << 20, make_ext2, fs_ext_open, scratch_e2fsck,
	 NULL},
	{"directory", DIR_CAN, NULL, 0, 0, make_dir_of_root, fs_dir_open, NULL, NULL},
	{"directory-recorded", DIR_CAN, NULL, 0, 0, make_dir_with_records, fs_dir_open, NULL, NULL},
	{"fat12", FAT_CAN, NULL, SCRATCH_OFFSET, 8 << 20, make_fat12, fs_fat_open, scratch_fsck_fat,
	 NULL},
	{"fat16", FAT_CAN, NULL, SCRATCH_OFFSET, 24 << 20, make_fat16, fs_fat_open,
	 scratch_fsck_fat, NULL},
	{"fat32", FAT_CAN, NULL, SCRATCH_OFFSET, 40 << 20, make_fat32, fs_fat_open,
	 scratch_fsck_fat, NULL},
	{"btrfs", MOUNT_CAN & ~(unsigned)CAN_FILL, needs_root, SCRATCH_OFFSET, 128 << 20,
	 make_btrfs, open_btrfs, check_btrfs, "btrfs"},
	{"xfs", MOUNT_CAN & ~(unsigned)CAN_FILL, needs_root, SCRATCH_OFFSET, 320 << 20, make_xfs,
	 open_xfs, check_xfs, "xfs"},
	{"f2fs", MOUNT_CAN & ~(unsigned)CAN_FILL, needs_root, SCRATCH_OFFSET, 128 << 20, make_f2fs,
	 open_f2fs, check_f2fs, "f2fs"},
};

#define N_BACKENDS (sizeof(backends) / sizeof(*backends))

#endif
