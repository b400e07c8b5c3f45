/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_BOARD_H
#define FIRSTBOOT_BOARD_H

/* Which board the card is in, from files of the kernel: device tree, DMI, network devices. */

#include "step.h"

struct board {
	char *model;  /* "Raspberry Pi 4 Model B Rev 1.4"; NULL: not known */
	char *serial; /* of the board as the firmware tells it; NULL: it tells none */
	/*
	 * What tells this board from another: "serial:…", "uuid:…", "mac:…" (permanent address of
	 * the first wired network device); NULL: nothing does.
	 */
	char *id;
};

/* Reads below ctx->root; what cannot be read is not known. */
void board_read(const struct ctx *ctx, struct board *ret);
/* Names of the network devices of hardware that have the address that they were made with. */
void board_nics(const struct ctx *ctx, struct strv *ret);
void board_done(struct board *b);
#define auto_board __attribute__((cleanup(board_done))) struct board

#endif
