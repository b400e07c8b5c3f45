/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_BOARD_REPORT_H
#define MKIMAGE_BOARD_REPORT_H

/*
 * What firstboot reported of a board, as it is on the card (firstboot/report.h).  A card comes from
 * anywhere: all of it is foreign.
 */

#include "image.h"

#define BOARD_REPORT_MAX (256u << 10)  /* bytes of the file */
#define BOARD_REPORT_STEPS 256	       /* that it may have */
#define BOARD_REPORT_TEXT_MAX 4096     /* bytes of one text in it */
#define BOARD_REPORT_SECONDS 100000000 /* a step cannot have taken three years */

/* Texts are NULL when the board did not know them. */
struct board_step {
	char *name, *phase, *result, *message;
	double seconds;
};

struct board_report {
	char *where; /* "partition 1: /cardstock-report.json"; NULL: there is none */
	char *hostname, *cluster, *role;
	char *model, *serial; /* of the board */
	char *build, *firstboot;
	char *phase, *result; /* of the last run: "network", "done" */
	struct board_step *steps;
	size_t n_steps;
};

/*
 * Parse the file; what names it in messages.  ERR_IMAGE for what is no report of a version that we
 * know; *ret is filled on success only, without where.
 */
int board_report_parse(const char *text, size_t len, const char *what, struct board_report *ret,
		       struct err *e) must_check;
/*
 * Find it: on the FAT partitions of the disk, so that a card whose root cannot be opened says what
 * went wrong, too; else in the image's root.  image may be NULL.  1, or 0 when there is none; one
 * that cannot be read is an error only when there is no other.
 */
int board_report_find(const char *path, const struct disk *d, struct image *image,
		      struct board_report *ret, struct err *e) must_check;
void board_report_done(struct board_report *r);
#define auto_board_report __attribute__((cleanup(board_report_done))) struct board_report

#endif
