/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_OPTIONS_H
#define MKIMAGE_OPTIONS_H

/* What mkimage can be told. */

#include "cli.h"

/* What any sub-command can be told; each command's table names the options it takes. */
struct options {
	struct cli cli;
	const char *profile;
	const char *cluster;
	const char *output;
	const char *timestamp; /* SOURCE_DATE_EPOCH; NULL: the base's own */
	long count;	       /* -n: nodes 1 to count; 0: not given, which means 1 */
	long node;	       /* --node: this one only; 0: not given */
	long jobs;	       /* 0: one per core */
	bool check, quiet;
	bool new_card;
};

/* Its commands and options; "build" is also the command without a name. */
extern const struct program mkimage_program;

#endif
