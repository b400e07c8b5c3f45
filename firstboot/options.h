/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_OPTIONS_H
#define FIRSTBOOT_OPTIONS_H

/* What firstboot can be told; the tables are in main.c. */

#include "cli.h"

struct options {
	struct cli cli;
	const char *phase;
	const char *root; /* NULL: the running board */
	bool dry_run;
	bool retry;
	struct strv again; /* names of steps that count as not done */
};

int cmd_run(const struct options *o, struct err *e) must_check;
int cmd_place(const struct options *o, struct err *e) must_check;
int cmd_status(const struct options *o, struct err *e) must_check;

#endif
