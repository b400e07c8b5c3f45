/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_FIRSTBOOT_H
#define MKIMAGE_CUSTOM_FIRSTBOOT_H

/* The program that finishes a board (docs/firstboot.8.md): what of it an image can take. */

#include <stdbool.h>

#include "plan.h"
#include "unit_links.h"

/* What build/board/ARCH/firstboot and firstboot-grow need of an image; tests/cli/board.bats reads
 * it. */
#define FIRSTBOOT_LIBC "libc.so.6"
#define FIRSTBOOT_LIBC_VERSION "GLIBC_2.34"
#define FIRSTBOOT_LIBSYSTEMD "libsystemd.so.0"
#define FIRSTBOOT_LIBSYSTEMD_VERSION "LIBSYSTEMD_249"
#define FIRSTBOOT_LIBPARTED "libparted.so.2"

/* The drop-in of images that run firstboot-static by systemd. */
#define FIRSTBOOT_STATIC_NETWORK UNIT_ADMIN_DIR "/cardstock-network.service.d/10-static.conf"

/*
 * 1 when firstboot will grow the root file system, as its planned settings say; then whatever else
 * does must not.
 */
int firstboot_grows(struct plan_ctx *ctx, struct err *e) must_check;

/* /etc/cardstock/firstboot.conf: what is equal in the role; what is of the node. */
int firstboot_plan_settings(struct plan_ctx *ctx, bool grows, struct err *e) must_check;
int firstboot_plan_node_settings(struct plan_ctx *ctx, struct err *e) must_check;

/*
 * firstboot_join.c: how the node registers with the master, when there is one that has a registry
 * and the image can.  Settings for the role, what the service needs for it, and the node's card.
 */
int firstboot_add_join(struct plan_ctx *ctx, struct str *settings, struct err *e) must_check;
int firstboot_plan_join(struct plan_ctx *ctx, struct err *e) must_check;
int firstboot_plan_card(struct plan_ctx *ctx, struct err *e) must_check;

#endif
