/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_REPORT_H
#define FIRSTBOOT_REPORT_H

/*
 * What became of a board, as JSON: REPORT_PATH, and REPORT_COPY on the FAT partition, where a
 * laptop reads it when the board never appeared on the network.
 */

#include "err.h"
#include "state.h"
#include "step.h"

#define REPORT_PATH STATE_DIR "/report.json"
#define REPORT_COPY "cardstock-report.json" /* below the setting `boot` */
#define REPORT_VERSION 1

struct report {
	const struct ctx *ctx; /* its settings and board are reported */
	const struct state *state;
	/* Shown as failed steps "settings" and "state"; empty: all is well. */
	const struct err *settings_error, *state_error;
};

/* "failed" as well when the settings or the state are unusable. */
enum state_summary report_summary(const struct report *r);
void report_json(const struct report *r, struct str *out);
/* A table for people; other's words in it are harmless on a terminal. */
void report_text(const struct report *r, struct str *out);
/* Write both files, durably, when they are not so already.  The second is tried if the first fails.
 */
int report_save(const struct report *r, struct err *e) must_check;

#endif
