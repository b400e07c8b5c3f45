/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_STOCK_H
#define MKIMAGE_CUSTOM_STOCK_H

/*
 * What stock images do at their first boot, found by what is in them and switched off where it
 * would undo what mkimage writes or ask somebody.  docs/stock-images.md has it as a table.
 */

#include "plan.h"

#define STOCK_RESIZE \
	"rpi-resize.service" /* of Raspberry Pi OS trixie; goes with the word `resize` */

/* The first-boot script and the wizard of Raspberry Pi OS, what Raspberry Pi Imager left. */
int stock_plan_raspios(struct plan_ctx *ctx, struct err *e) must_check;
/* One grower an image: where it is firstboot, what the image brings for it is switched off. */
int stock_plan_growers(struct plan_ctx *ctx, struct err *e) must_check;
int stock_plan_armbian(struct plan_ctx *ctx, struct err *e) must_check;
/* The key `cloud-init`. */
int stock_plan_cloud_init(struct plan_ctx *ctx, struct err *e) must_check;
int stock_plan_selinux(struct plan_ctx *ctx, struct err *e) must_check;
/* Users of the image who have a password and are not in the profile: notes. */
int stock_plan_passwords(struct plan_ctx *ctx, struct err *e) must_check;

/* The words of cmdline.txt; none without such a file. */
int stock_read_words(struct plan_ctx *ctx, struct strv *ret, struct err *e) must_check;
/* The first of the words that begins so and has that in it; NULL: none. */
const char *stock_find_word(const struct strv *words, const char *begin, const char *part);
/* 1 when the file is there and has this text. */
int stock_file_has(struct plan_ctx *ctx, const char *path, const char *text,
		   struct err *e) must_check;
/* 1 when the image has the unit. */
int stock_has_unit(struct plan_ctx *ctx, const char *unit, struct err *e) must_check;
/* The unit is neither enabled nor can anything start it. */
int stock_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e) must_check;

#endif
