/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_INSPECT_BOARD_H
#define MKIMAGE_INSPECT_BOARD_H

/* How `mkimage inspect` shows the report of a board; others' words are harmless on a terminal. */

#include "board_report.h"

/* As lines for people. */
void inspect_board_text(struct str *out, const struct board_report *r);
/* As one object; null when there is no report. */
void inspect_board_json(struct str *out, const struct board_report *r);

#endif
