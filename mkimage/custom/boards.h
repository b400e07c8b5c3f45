/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_BOARDS_H
#define MKIMAGE_CUSTOM_BOARDS_H

/*
 * Programs for boards and their manuals (make boards): which of them an image can run, and where
 * the host has them.
 */

#include "plan.h"

/* What asks for a program, for messages. */
struct board_need {
	const char *key;    /* "firstboot" */
	const char *advice; /* how to do without: "set firstboot = false" */
	struct loc loc;	    /* of the key */
};

/* The architecture of the image's programs ("arm64"); one that has no programs is an error. */
int boards_architecture(struct plan_ctx *ctx, const struct board_need *need, const char **ret,
			struct err *e) must_check;
/*
 * The file of the host with a program for boards ("arm64", "firstboot"), owned: of the source tree,
 * or of the installed mkimage; CARDSTOCK_BOARDS is looked at first.  NULL, with what to do in *e.
 */
char *boards_find(const char *architecture, const char *program, const struct board_need *need,
		  struct err *e) must_check;
/* Plan that file as an executable at path. */
struct board_program {
	const char *architecture, *name, *path, *why;
};
int boards_plan(struct plan_ctx *ctx, const struct board_program *p, const struct board_need *need,
		struct err *e) must_check;
/* Plan a manual ("nodectl.8") where man looks for it. */
int boards_plan_manual(struct plan_ctx *ctx, const char *page, const struct board_need *need,
		       struct err *e) must_check;

#endif
