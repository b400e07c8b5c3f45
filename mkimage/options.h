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
	long jobs;	       /* 0: six more than cores */
	bool check, quiet;
	bool all;		/* devices: those that are no cards, too */
	bool unmount;		/* write: what is mounted of the card */
	bool no_verify;		/* write: do not read back */
	bool no_eject;		/* write: leave the card in */
	const char *bmap;	/* write: block map file, "none"; NULL: the one beside the image */
	const char *free_space; /* write: "keep", "discard", "zero"; NULL: keep */
	const char *clone;	/* plan: of clones of this card; NULL: of a build */
	bool sysprep;		/* clone: logs and history go */
	bool shrink;		/* clone: no larger than what is used */
	bool rescue;		/* clone: go on where the card cannot be read */
	struct strv force;	/* write: devices that are meant although they are no cards */
	bool new_card;		/* the nodes get new keys to register with */
	bool generic;		/* one image for boards that nobody planned */
};

/* Its commands and options; "build" is also the command without a name. */
extern const struct program mkimage_program;

#endif
