/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assemble_private.h"
#include "disk.h"
#include "io.h"
#include "mem.h"
#include "run.h"

#define MIB (1ull << 20)
#define ALIGN (8 * MIB)
#define FAT_MIN (512 * MIB)
#define SLACK (256 * MIB)
#define INODE_SIZE 256

/*
 * What a stock Raspberry Pi OS has, stated here so that the result does not depend on this
 * machine's mke2fs.conf: no 64bit, no metadata_csum_seed, no orphan_file, which older kernels,
 * U-Boot and e2fsprogs before 1.47 do not know.
 */
#define EXT4_FEATURES                                                               \
	"none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg," \
	"sparse_super,large_file,dir_nlink,extra_isize,metadata_csum"

struct layout {
	uint64_t boot_start, boot_size; /* bytes; size 0: no FAT */
	uint64_t root_start, root_size;
	uint64_t inodes;
	int root_number;
	uint32_t disk_id;
};

static uint64_t align_up(uint64_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static uint32_t derive32(const char *id, const char *purpose)
{
	uint8_t b[32];
	assemble_derive(id, purpose, b);
	uint32_t v = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return v ? v : 1; /* a disk id of 0 means that there is none */
}

/*
 * Root: the content, 15 % and 256 MiB (journal, logs, packages until the board grows it), and its
 * inode table: one inode per 16 KiB as mke2fs would make, but a quarter more than there are
 * members.
 */
static struct layout plan_layout(const struct assemble *a, const struct survey *s)
{
	struct layout l = {.root_number = 1, .root_start = ALIGN};
	if (s->boot_at) {
		uint64_t wanted = align_up(s->boot_bytes + s->boot_bytes / 4);
		l.boot_start = ALIGN;
		l.boot_size = wanted > FAT_MIN ? wanted : FAT_MIN;
		l.root_start = l.boot_start + l.boot_size;
		l.root_number = 2;
	}
	uint64_t content = s->root_bytes + s->root_bytes / 100 * 15 + SLACK;
	uint64_t needed = s->root_inodes + s->root_inodes / 4 + 4096, usual = content / 16384;
	l.inodes = needed > usual ? needed : usual;
	l.root_size = align_up(content + l.inodes * INODE_SIZE);
	l.disk_id = derive32(a->id, "disk id");
	return l;
}

static int check_space(const char *image, const struct survey *s, struct err *e)
{
	autofree char *dir = path_dir(image);
	return io_check_space(dir, dir, s->root_bytes + s->boot_bytes + 64 * MIB,
			      "make room for the image on that disk", e);
}

static int make_file(const char *path, uint64_t size, struct err *e)
{
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make a file of %llu bytes", path,
				 (unsigned long long)size);
	return 0;
}

static int make_table(const char *path, const struct layout *l, struct err *e)
{
	struct disk_layout_part parts[2];
	size_t n = 0;
	if (l->boot_size)
		parts[n++] = (struct disk_layout_part){l->boot_start, l->boot_size, "fat32", true};
	parts[n++] = (struct disk_layout_part){l->root_start, l->root_size, "ext4", false};
	return disk_create_mbr(path, l->disk_id, parts, n, e);
}

/* A program says only by its message that the disk is full. */
static int judge_tool(int r, const char *image, struct err *e)
{
	if (r >= 0)
		return 0;
	if (strstr(e->msg, "No space left"))
		e->code = ERR_SPACE;
	return err_wrap(e, "%s", image);
}

static int make_fat(const struct assemble *a, const char *path, const struct layout *l,
		    struct err *e)
{
	autofree char *serial = xasprintf("%08x", derive32(a->id, "fat serial"));
	autofree char *sector = xasprintf("%llu", (unsigned long long)l->boot_start / 512);
	autofree char *blocks = xasprintf("%llu", (unsigned long long)l->boot_size / 1024);
	int r = run_argv(e, "mkfs.fat", "--invariant", "-F", "32", "-n", "bootfs", "-i", serial,
			 "--offset", sector, "-h", sector, path, blocks, NULL);
	return judge_tool(r, a->image, e);
}

static int make_ext4(const struct assemble *a, const char *path, const struct layout *l,
		     struct err *e)
{
	autofree char *uuid = assemble_uuid(a->id, "root uuid");
	autofree char *seed = assemble_uuid(a->id, "root hash seed");
	autofree char *extended = xasprintf(
		"offset=%llu,hash_seed=%s,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,"
		"nodiscard",
		(unsigned long long)l->root_start, seed);
	autofree char *inodes = xasprintf("%llu", (unsigned long long)l->inodes);
	autofree char *size = xasprintf("%lluK", (unsigned long long)l->root_size / 1024);
	autofree char *fake = xasprintf("E2FSPROGS_FAKE_TIME=%lld", (long long)a->now);
	autofree char *epoch = xasprintf("SOURCE_DATE_EPOCH=%lld", (long long)a->now);
	const char *const env[] = {fake, epoch, NULL};
	const char *const argv[] = {
		"mke2fs",      "-q", "-F",   "-t",	"ext4",	  "-b",	    "4096", "-I", "256",
		"-m",	       "5",  "-J",   "size=32", "-L",	  "rootfs", "-U",   uuid, "-O",
		EXT4_FEATURES, "-N", inodes, "-E",	extended, path,	    size,   NULL};
	return judge_tool(run(&(struct run){.argv = argv, .env = env}, e), a->image, e);
}

/* The file systems while they are filled, as the booted system would see them. */
struct open_image {
	struct fs *root, *boot;
	struct tree *tree;
};

static void open_image_discard(struct open_image *o)
{
	tree_free(o->tree);
	fs_discard(&o->boot);
	fs_discard(&o->root);
}
#define auto_open_image __attribute__((cleanup(open_image_discard))) struct open_image

static int make_boot_dir(struct fs *root, const char *boot_at, struct err *e)
{
	if (root->ops->mkdir(root, "/boot", e) < 0)
		return -1;
	return strcmp(boot_at, "/boot") == 0 ? 0 : root->ops->mkdir(root, boot_at, e);
}

static int open_filesystems(const struct assemble *a, const char *path, const struct layout *l,
			    const char *boot_at, struct open_image *o, struct err *e)
{
	autofree char *root_name = xasprintf("%s: partition %d", a->image, l->root_number);
	autofree char *boot_name = xasprintf("%s: partition 1", a->image);
	const struct fs_open root = {.path = path,
				     .offset = l->root_start,
				     .size = l->root_size,
				     .what = root_name,
				     .writable = true,
				     .now = a->now};
	struct fs_open boot = root;
	boot.offset = l->boot_start;
	boot.size = l->boot_size;
	boot.what = boot_name;
	if (fs_ext_open(&root, &o->root, e) < 0)
		return -1;
	o->tree = tree_new();
	tree_mount(o->tree, "/", o->root);
	if (!boot_at)
		return 0;
	if (make_boot_dir(o->root, boot_at, e) < 0 || fs_fat_open(&boot, &o->boot, e) < 0)
		return -1;
	tree_mount(o->tree, boot_at, o->boot);
	return 0;
}

/* The text of a file, "" when there is none; 1 when there is. */
static int read_text(struct tree *t, const char *path, char **resolved, struct str *out,
		     struct err *e)
{
	struct fs_stat st;
	if (tree_resolve(t, path, true, resolved, e) < 0 || tree_stat(t, *resolved, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE)
		return 0;
	return tree_read(t, *resolved, MIB, out, e) < 0 ? -1 : 1;
}

static int write_text(struct tree *t, const char *resolved, const struct str *text, struct err *e)
{
	const char *inner;
	struct fs *fs = tree_fs(t, resolved, &inner);
	return fs_write_data(fs, inner, str_text(text), text->len, e);
}

static int rewrite_fstab(const struct open_image *o, const struct layout *l, const char *boot_at,
			 struct err *e)
{
	auto_str before = STR_INIT, middle = STR_INIT, after = STR_INIT;
	autofree char *path = NULL;
	autofree char *root = xasprintf("PARTUUID=%08x-%02d", l->disk_id, l->root_number);
	autofree char *root_line = xasprintf("%s / ext4 defaults,noatime 0 1\n", root);
	if (read_text(o->tree, "/etc/fstab", &path, &before, e) < 0)
		return -1;
	fstab_set_source(&middle, str_text(&before), "/", root, root_line);
	if (!boot_at)
		return write_text(o->tree, path, &middle, e);
	autofree char *boot = xasprintf("PARTUUID=%08x-01", l->disk_id);
	autofree char *boot_line = xasprintf("%s %s vfat defaults 0 2\n", boot, boot_at);
	fstab_set_source(&after, str_text(&middle), boot_at, boot, boot_line);
	return write_text(o->tree, path, &after, e);
}

static int rewrite_cmdline(const struct open_image *o, const struct layout *l, const char *boot_at,
			   struct err *e)
{
	auto_str before = STR_INIT, after = STR_INIT, config = STR_INIT;
	autofree char *path = NULL, *config_path = NULL;
	autofree char *name = path_join(boot_at, "cmdline.txt");
	autofree char *config_name = path_join(boot_at, "config.txt");
	autofree char *root = xasprintf("PARTUUID=%08x-%02d", l->disk_id, l->root_number);
	int there = read_text(o->tree, name, &path, &before, e);
	int pi = there < 0 ? -1 : read_text(o->tree, config_name, &config_path, &config, e);
	if (pi < 0)
		return -1;
	if (!there && !pi)
		return 0; /* not started by a Raspberry Pi's firmware */
	const char *text = there ? str_text(&before)
				 : "console=serial0,115200 console=tty1 root= rootfstype=ext4 "
				   "fsck.repair=yes rootwait\n";
	cmdline_set_root(&after, text, root);
	return write_text(o->tree, path, &after, e);
}

static int fill(const struct assemble *a, const char *path, const struct layout *l,
		const struct survey *s, struct progress *p, int step, uint64_t half, struct err *e)
{
	auto_open_image o = {0};
	auto_tar *tar = NULL;
	if (tar_open(a->tarball, &tar, e) < 0 ||
	    open_filesystems(a, path, l, s->boot_at, &o, e) < 0)
		return -1;
	struct fill f = {tar, o.tree, o.root, s->boot_at, p, step, half};
	if (assemble_fill(&f, e) < 0)
		return err_wrap(e, "%s", a->tarball);
	if (rewrite_fstab(&o, l, s->boot_at, e) < 0 ||
	    (s->boot_at && rewrite_cmdline(&o, l, s->boot_at, e) < 0))
		return -1;
	if (fs_close(&o.boot, e) < 0)
		return -1;
	return fs_close(&o.root, e);
}

static int build(const struct assemble *a, const char *path, struct progress *p, int step,
		 uint64_t half, struct err *e)
{
	struct survey s;
	if (assemble_survey(a->tarball, p, step, &s, e) < 0 || check_space(a->image, &s, e) < 0)
		return -1;
	struct layout l = plan_layout(a, &s);
	if (make_file(path, l.root_start + l.root_size, e) < 0 || make_table(path, &l, e) < 0 ||
	    make_ext4(a, path, &l, e) < 0)
		return -1;
	if (l.boot_size && make_fat(a, path, &l, e) < 0)
		return -1;
	return fill(a, path, &l, &s, p, step, half, e);
}

int assemble_image(const struct assemble *a, struct progress *p, struct err *e)
{
	struct stat st;
	if (stat(a->tarball, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", a->tarball);
	autofree char *temp = xasprintf("%s.%ld.tmp", a->image, (long)getpid());
	autofree char *what = xasprintf("assemble %s", a->name ? a->name : path_base(a->image));
	uint64_t size = (uint64_t)st.st_size;
	int step = progress_start(p, what, size);
	int r = build(a, temp, p, step, size / 2, e);
	if (r == 0)
		r = io_flush_file(temp, e);
	if (r == 0 && rename(temp, a->image) < 0)
		r = err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", temp, a->image);
	if (r < 0)
		unlink(temp);
	progress_end(p, step, r < 0 ? "failed" : NULL);
	return r;
}
