/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

/*
 * The command line of a program: tables that the parser, --help, completion and the man page check
 * read, and what main does with them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "str.h"

#define CARDSTOCK_VERSION "0.1.0"

/* What any program can be told; a program's own struct options begins with it. */
struct cli {
	bool json, debug, help, version;
	struct strv operands;
};

struct options; /* each program has its own */

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_LIST /* may be repeated */ };

struct option_row {
	const char *name; /* long name without dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum option_type type;
	const char *argument; /* how help calls the value, also for completion; NULL for flags */
	size_t offset;	      /* in struct options: bool, const char *, long or struct strv */
	long min, max;	      /* OPTION_NUMBER */
	const char *help;
};

/* Rows of what struct cli has. */
#define CLI_ROW_DEBUG                                                             \
	{                                                                         \
		"debug", 0, OPTION_FLAG, NULL, offsetof(struct cli, debug), 0, 0, \
			"say on stderr what is done and which programs run"       \
	}
#define CLI_ROW_HELP                                                                          \
	{                                                                                     \
		"help", 'h', OPTION_FLAG, NULL, offsetof(struct cli, help), 0, 0, "this text" \
	}
#define CLI_ROW_VERSION                                                               \
	{                                                                             \
		"version", 0, OPTION_FLAG, NULL, offsetof(struct cli, version), 0, 0, \
			"print the version"                                           \
	}

struct command {
	const char *name;     /* NULL ends the table */
	const char *operands; /* "IMG PATH", ""; also for completion */
	size_t min_operands, max_operands;
	const char *help;
	const struct option_row *options;
	int (*run)(const struct options *o, struct err *e);
};

struct program {
	const char *name;
	bool has_default; /* the first command is also the one without a name */
	const struct command *commands;
	const struct option_row *options; /* of every command */
	const struct err_code_help *codes;
};

/*
 * What main does: parse argv, print help or version or run the command, print its error.  o is the
 * head of the program's struct options, empty; it is released.  Returns the exit code.
 */
int cli_main(const struct program *p, int argc, char **argv, struct cli *o) must_check;

#endif
