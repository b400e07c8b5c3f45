/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swap files: what is in them is of no use to another boot, and it is the memory of the board. */
#include <string.h>

#include "blockmap.h"
#include "fs_ext.h"
#include "fstab.h"
#include "log.h"

#define FSTAB_MAX (64u << 10)
#define PAGE_MAX (64u << 10)

/* What Debian's installer, Ubuntu's, dphys-swapfile, Raspberry Pi OS and most instructions use. */
static const char *const usual[] = {"/swapfile", "/swap.img", "/swap", "/var/swap",
				    "/var/swapfile"};

/* The first page of the board that made it has the signature of mkswap(8) at its end. */
size_t ext_swap_header(const char *data, size_t len)
{
	static const char mark[] = "SWAPSPACE2";
	const size_t mark_len = sizeof(mark) - 1;
	for (size_t page = 4096; page <= PAGE_MAX; page *= 2) {
		if (len >= page && memcmp(data + page - mark_len, mark, mark_len) == 0)
			return page;
	}
	return 0;
}

bool ext_swap_name(const char *path)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (strcmp(path, usual[i]) == 0)
			return true;
	}
	return false;
}

static void add_swap_file(struct fs *fs, uint64_t offset, const char *path, struct blockmap *m)
{
	struct ext *x = ext_of(fs);
	struct fs_stat st;
	ext2_ino_t ino = 0;
	auto_str head = STR_INIT;
	auto_err e = ERR_INIT;
	if (fs->ops->stat(fs, path, &st, &e) < 0 || st.type != FILE_REGULAR ||
	    fs->ops->head(fs, path, PAGE_MAX, &head, &e) < 0 || ext_find(x, path, &ino, &e) < 0)
		return;
	uint64_t header = ext_swap_header(head.data, head.len);
	if (header && ext_add_file(x, offset, ino, header / x->e2->blocksize, m))
		log_debug("%s: %s: cannot tell where this swap file lies", fs->what, path);
}

static void add_of_fstab(struct fs *fs, uint64_t offset, struct blockmap *m)
{
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	auto_fstab f = {0};
	if (fs->ops->head(fs, "/etc/fstab", FSTAB_MAX, &text, &e) < 0)
		return;
	fstab_parse(str_text(&text), &f);
	for (size_t i = 0; i < f.n; i++) {
		if (f.entries[i].swap)
			add_swap_file(fs, offset, f.entries[i].swap, m);
	}
}

void fs_ext_swap(const struct fs_open *o, struct blockmap *m)
{
	struct fs *fs;
	auto_err e = ERR_INIT;
	if (fs_ext_open(o, &fs, &e) < 0)
		return;
	add_of_fstab(fs, o->offset, m);
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		add_swap_file(fs, o->offset, usual[i], m);
	if (fs->ops->close(fs, &e) < 0)
		log_debug("%s", e.msg);
}
