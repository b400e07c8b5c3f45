/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_NODECTL_H
#define MKIMAGE_CUSTOM_NODECTL_H

/* The parts of the customisation `nodectl`: the registry of boards on the master. */

#include "plan.h"

/*
 * What build/board/ARCH/nodectl needs of an image; tests/cli/board.bats reads it.  Its sshd has to
 * know ExposeAuthInfo, as of OpenSSH 7.6.
 */
#define NODECTL_LIBC "libc.so.6"
#define NODECTL_LIBC_VERSION "GLIBC_2.34"

#define NODECTL_PORT 2222 /* as overlays/nodectl has it */
#define NODECTL_USER "cardstock"

/* 1 when this node gets the registry, 0 when its profile wants none or its image cannot have it. */
int nodectl_is_here(struct plan_ctx *ctx, struct err *e) must_check;

/* nodectl_roster.c: /etc/cardstock/nodectl.conf. */
int nodectl_plan_roster(struct plan_ctx *ctx, const struct section *s, struct err *e) must_check;

#endif
