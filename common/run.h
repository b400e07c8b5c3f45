/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_RUN_H
#define COMMON_RUN_H

#include <stdbool.h>

#include "err.h"
#include "str.h"

/*
 * Run another program by argv: no shell, environment LC_ALL=C, TZ=UTC, stdin from input (or
 * /dev/null), open descriptors are O_CLOEXEC and so do not leak.
 */
struct run {
	const char *const
		*argv; /* ends with NULL; argv[0] is searched in PATH, then /usr/sbin, /sbin */
	const char *const *env; /* additional NAME=VALUE (also LC_ALL), ends with NULL, or NULL */
	const void *input;	/* bytes for stdin; NULL: /dev/null */
	size_t input_len;
	struct str *output;   /* stdout is added here; NULL: discarded, unless passthrough */
	int ok_status;	      /* a bit mask of further exit codes that are success: 1 << code */
	struct str *messages; /* stderr is added here; NULL: only an error quotes its last line */
	int passthrough;      /* stdout and stderr go to our stderr, as for a long build */
};

/*
 * Returns the exit code (0, or one named in ok_status); anything else is -1, the message quotes
 * the last line of stderr.  A program that is not installed gives a message that names it.
 */
int run(const struct run *r, struct err *e) must_check;

/* Is there a program of that name where run() looks? */
bool run_is_installed(const char *program);

/* From SIGTERM to SIGKILL: mkbase removes a root file system of a GiB before it ends. */
#define RUN_PATIENCE_MS 60000

/*
 * Once came() is not 0, the program that runs gets SIGTERM, and SIGKILL patience_ms later; run()
 * fails with ERR_INTERRUPT.  With NULL, programs always run to their end.
 */
void run_set_interrupt(int (*came)(void), int patience_ms);
/* How long run() waits for a program that it told to end. */
int run_patience_ms(void);

/* run() with nothing but arguments; returns 0 or -1. */
int run_argv(struct err *e, const char *program, ...) must_check __attribute__((sentinel));

#endif
