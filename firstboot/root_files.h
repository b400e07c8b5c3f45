/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_ROOT_FILES_H
#define FIRSTBOOT_ROOT_FILES_H

/* The files of the board for code that mkimage has too (files.h). */

#include "files.h"
#include "rootfs.h"

struct root_files {
	struct files files; /* what that code gets */
	const struct ctx *ctx;
	size_t changes;	  /* in a dry run: those that would be */
	struct str notes; /* for people, joined by "; " */
};

/* f stays where it is while its files are used. */
void root_files_init(struct root_files *f, const struct ctx *ctx);
void root_files_done(struct root_files *f);
#define auto_root_files __attribute__((cleanup(root_files_done))) struct root_files

#endif
