/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_JOBS_H
#define MKIMAGE_JOBS_H

/*
 * Work for each node in a process of its own: libparted and com_err keep globals, and a process
 * that ends gives everything back.
 */

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "progress.h"

#define JOB_OWN_STEPS UINT64_MAX

struct jobs;

struct job {
	const char *what; /* step name for the progress display */
	uint64_t total;	  /* bytes it will report; JOB_OWN_STEPS: it begins each step itself */
	/* Runs in the child; report progress by job_progress. */
	int (*work)(void *ctx, struct jobs *j, struct err *e);
	void *ctx;
	/*
	 * What a process that ended without a word has left behind, for the end of the message;
	 * owned.  Runs in the parent; NULL: nothing.
	 */
	char *(*left)(void *ctx);
};

/*
 * Run all; parallel 0: six more than there are cores.  After the first failure no further job
 * starts, those running are ended, and its error is returned.  SIGINT and SIGTERM end all children:
 * ERR_INTERRUPT.
 */
int jobs_run(const struct job *jobs, size_t n, unsigned parallel, struct progress *p,
	     struct err *e) must_check;
/*
 * Run all at the same time, each on its own: one that fails stops no other.  When any failed, the
 * error has a line for each, and the code of the first.
 */
int jobs_run_apart(const struct job *jobs, size_t n, struct progress *p, struct err *e) must_check;
/* In a child: so many bytes are done. */
void job_progress(struct jobs *j, uint64_t done);
/* In a child: the step that is shown is over, and another begins. */
void job_step(struct jobs *j, const char *what, uint64_t total);

#endif
