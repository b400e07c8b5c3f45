/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "assemble_private.h"
#include "interrupt.h"
#include "mem.h"

#define BLOCK 4096ull
/* A root file system for a card; what claims more is not one. */
#define BYTES_MAX (64ull << 30)
#define MEMBERS_MAX 4000000ull
/* Directories are remembered until the end, for their times. */
#define REMEMBERED_MAX (32ull << 20)

/* What one directory of the tarball holds. */
struct part_size {
	uint64_t bytes, inodes;
};

struct count {
	struct part_size all, boot, firmware; /* each includes what is below */
	bool firmware_files;		      /* something in /boot/firmware */
	bool pi_boot;			      /* /boot is what a Raspberry Pi starts from */
	bool etc, usr;
	char *image;	     /* a member that looks like the image of a disk; NULL: none */
	uint64_t remembered; /* bytes */
};

static const char *const pi_files[] = {"/boot/config.txt",  "/boot/bootcode.bin",
				       "/boot/start.elf",   "/boot/start4.elf",
				       "/boot/kernel8.img", "/boot/kernel7.img"};

static void add(struct part_size *p, uint64_t bytes)
{
	p->bytes += bytes;
	p->inodes++;
}

static void count_done(struct count *c)
{
	free(c->image);
}

static bool looks_like_image(const struct tar_entry *x)
{
	static const char *const ends[] = {".img", ".img.xz", ".raw", ".wic"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (x->type == S_IFREG && str_ends(x->path, ends[i]))
			return true;
	}
	return false;
}

static void count_entry(struct count *c, const struct tar_entry *x)
{
	/* A directory or a long symlink has a block; a node and a short symlink have none. */
	uint64_t bytes = x->type == S_IFREG ? (x->size + BLOCK - 1) / BLOCK * BLOCK : 0;
	if (x->type == S_IFDIR || (x->type == S_IFLNK && strlen(x->link) > 59))
		bytes = BLOCK;
	if (x->type == S_IFDIR || x->type == S_IFLNK)
		c->remembered += strlen(x->path) + (x->link ? strlen(x->link) : 0) + 64;
	if (!x->is_hardlink)
		add(&c->all, bytes);
	if (str_starts(x->path, "/boot/"))
		add(&c->boot, bytes);
	if (str_starts(x->path, "/boot/firmware/")) {
		add(&c->firmware, bytes);
		c->firmware_files = c->firmware_files || x->type == S_IFREG;
	}
	for (size_t i = 0; i < sizeof(pi_files) / sizeof(*pi_files); i++)
		c->pi_boot = c->pi_boot || strcmp(x->path, pi_files[i]) == 0;
	if (!c->image && looks_like_image(x))
		c->image = xstrdup(x->path + 1);
	c->etc = c->etc || str_starts(x->path, "/etc/");
	c->usr = c->usr || str_starts(x->path, "/usr/") || str_starts(x->path, "/bin/");
}

static int check_entry(const char *tarball, const struct count *c, const struct tar_entry *x,
		       struct err *e)
{
	if (x->size > BYTES_MAX || c->all.bytes + x->size > BYTES_MAX ||
	    c->all.inodes > MEMBERS_MAX || c->remembered > REMEMBERED_MAX)
		return err_set(e, ERR_IMAGE,
			       "%s: member '%s': more than %llu GiB, members or directories than a "
			       "root file system for a board can have",
			       tarball, x->path, BYTES_MAX >> 30);
	return interrupt_check(e);
}

static void decide(const struct count *c, struct survey *ret)
{
	struct part_size boot = {0};
	ret->boot_at = NULL;
	if (c->firmware_files) {
		ret->boot_at = "/boot/firmware";
		boot = c->firmware;
	} else if (c->pi_boot) {
		ret->boot_at = "/boot";
		boot = c->boot;
	}
	ret->boot_bytes = boot.bytes;
	ret->root_bytes = c->all.bytes > boot.bytes ? c->all.bytes - boot.bytes : 0;
	ret->root_inodes = c->all.inodes;
}

int assemble_survey(const char *tarball, struct progress *p, int step, struct survey *ret,
		    struct err *e)
{
	auto_tar *t = NULL;
	struct tar_entry x;
	__attribute__((cleanup(count_done))) struct count c = {0};
	int more;
	if (tar_open(tarball, &t, e) < 0)
		return -1;
	while ((more = tar_next(t, &x, e)) > 0) {
		if (check_entry(tarball, &c, &x, e) < 0)
			return -1;
		count_entry(&c, &x);
		progress_update(p, step, tar_position(t) / 2);
	}
	if (more < 0)
		return -1;
	if ((!c.etc || !c.usr) && c.image)
		return err_set(
			e, ERR_IMAGE,
			"%s: is not the tarball of a root file system; it holds '%s': unpack "
			"that by 'tar -xf' and name it as the base",
			tarball, c.image);
	if (!c.etc || !c.usr)
		return err_set(e, ERR_IMAGE,
			       "%s: is not the tarball of a root file system: it has no /etc or no "
			       "/usr",
			       tarball);
	decide(&c, ret);
	return 0;
}
