/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_PROGRAM_H
#define MKIMAGE_CUSTOM_PROGRAM_H

/* Programs of the image: what tells that a package is installed. */

#include "plan.h"

/* 1 when the image has this program where root's PATH finds it, 0 when not. */
int program_present(struct plan_ctx *ctx, const char *name, struct err *e) must_check;

/*
 * 1 when the len bytes of text are among the first max bytes of the file, 0 when not or when there
 * is no such file.  Linkers put names in front: no more is read than it takes to find them there.
 */
int program_mentions(struct plan_ctx *ctx, const char *path, const void *text, size_t len,
		     uint64_t max, struct err *e) must_check;
/*
 * What the programs of the image are made for ("arm64"), as elf_architecture says it, owned; *ret
 * NULL: there is none to tell it by.
 */
int program_architecture(struct plan_ctx *ctx, char **ret, struct err *e) must_check;
/*
 * 1 when the image has the shared library ("libc.so.6") where the loader of this architecture finds
 * it and, unless version is NULL, the library has this version of symbols ("GLIBC_2.34"); else 0.
 */
int program_library(struct plan_ctx *ctx, const char *architecture, const char *name,
		    const char *version, struct err *e) must_check;

#endif
