/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_CUSTOM_BOARDS_H
#define TESTS_CUSTOM_BOARDS_H

/* The fixture for an image of an architecture, and programs for boards that say what they are. */

#include <elf.h>

#include "fixture.h"

#define LIB "root/usr/lib/aarch64-linux-gnu/"
#define NEW_LIBC "GLIBC_2.17\0GLIBC_2.34"

/* The shell of the image is for this machine; class is that of its word size. */
static inline void put_shell(struct fixture *f, unsigned char class, uint16_t machine)
{
	unsigned char elf[64] = {0x7f, 'E', 'L', 'F', class, ELFDATA2LSB, EV_CURRENT};
	autofree char *path = path_join(f->root, "usr/bin/sh");
	auto_err e = ERR_INIT;
	elf[16] = ET_EXEC;
	elf[18] = machine & 0xff;
	elf[19] = (unsigned char)(machine >> 8);
	assert_ok(io_replace_file(path, elf, sizeof(elf), 0755, &e), &e);
}

/* versions: their names, a NUL behind each. */
static inline void put_library(struct fixture *f, const char *name, const char *versions,
			       size_t len)
{
	autofree char *path = xasprintf("%s/%s%s", f->dir, LIB, name);
	autofree char *dir = path_dir(path);
	auto_err e = ERR_INIT;
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	assert_ok(io_replace_file(path, versions, len, 0644, &e), &e);
}
#define PUT_LIBRARY(f, name, versions) put_library((f), (name), (versions), sizeof(versions))

static inline void boards_init(struct fixture *f)
{
	static const char *const programs[] = {"firstboot", "firstboot-static", "firstboot-grow",
					       "nodectl"};
	static const char *const archs[] = {"arm64", "armhf"};
	const char *source = getenv("CARDSTOCK_SOURCE");
	autofree char *profiles = path_join(source ? source : ".", "profiles");
	fixture_init(f);
	autofree char *boards = path_join(f->dir, "boards");
	setenv("CARDSTOCK_BOARDS", boards, 1);
	setenv("CARDSTOCK_PROFILES", profiles, 1);
	for (size_t i = 0; i < 8; i++) {
		const char *arch = archs[i / 4], *program = programs[i % 4];
		autofree char *path = xasprintf("boards/%s/%s", arch, program);
		autofree char *text = xasprintf("%s %s\n", arch, program);
		fixture_put(f, path, text);
	}
	fixture_put(f, "boards/man/firstboot.8.gz", "manual of firstboot\n");
	fixture_put(f, "boards/man/nodectl.8.gz", "manual of nodectl\n");
	put_shell(f, ELFCLASS64, EM_AARCH64);
}

#endif
