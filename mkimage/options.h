/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_OPTIONS_H
#define MKIMAGE_OPTIONS_H

/* The command line: tables that the parser, --help, completion and the man page check read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "str.h"

#define CARDSTOCK_VERSION "0.1.0"

/* What any sub-command can be told; each command's table names the options it takes. */
struct options {
	const char *profile;
	const char *cluster;
	const char *output;
	const char *timestamp; /* SOURCE_DATE_EPOCH; NULL: the base's own */
	long count;	       /* -n: nodes 1 to count; 0: not given, which means 1 */
	long node;	       /* --node: this one only; 0: not given */
	long jobs;	       /* 0: one per core */
	bool check;
	bool all;		/* devices: those that are no cards, too */
	bool unmount;		/* write: what is mounted of the card */
	bool no_verify;		/* write: do not read back */
	bool no_eject;		/* write: leave the card in */
	const char *bmap;	/* write: block map file, "none"; NULL: the one beside the image */
	const char *free_space; /* write: "keep", "discard", "zero"; NULL: keep */
	struct strv force;	/* write: devices that are meant although they are no cards */
	bool quiet, json, debug, help, version;
	struct strv operands;
};

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST };

struct option_row {
	const char *name; /* long name without dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum option_type type;
	const char *argument; /* how help calls the value, see completion.h; NULL for flags */
	size_t offset;	      /* of the field in struct options */
	long min, max;	      /* OPTION_NUMBER */
	const char *help;
};

struct command {
	const char *name;     /* NULL ends the table; "build" is also the command without a name */
	const char *operands; /* "IMG PATH", ""; see completion.h */
	size_t min_operands, max_operands;
	const char *help;
	const struct option_row *options;
	int (*run)(const struct options *o, struct err *e);
};

extern const struct command commands[];
/* Options of every command. */
extern const struct option_row common_options[];

/* The command of that name; NULL when there is none. */
const struct command *command_find(const char *name);
/* The name of the command that word may have been meant to be; NULL: none is near. */
const char *command_nearest(const char *word);

/*
 * Parse argv[1…] for the command; ERR_USAGE names the option and the near one.  With --help
 * or --version the rest is not judged.  options_done releases the operands.
 */
int options_parse(const struct command *c, int argc, char **argv, struct options *ret,
		  struct err *e) must_check;
void options_done(struct options *o);

/* Help for one command, or with NULL for all. */
void options_help(const struct command *c, FILE *out);

#endif
