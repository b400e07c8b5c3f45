/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_JOBS_H
#define MKIMAGE_JOBS_H

/*
 * Work for each node in a process of its own, as many at once as there are cores: libparted and
 * com_err keep globals, and a process that ends gives everything back.
 */

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "progress.h"

struct jobs;

struct job {
	const char *what; /* step name for the progress display */
	uint64_t total;	  /* bytes it will report */
	/* Runs in the child; report progress by job_progress. */
	int (*work)(void *ctx, struct jobs *j, struct err *e);
	void *ctx;
};

/*
 * Run all; parallel 0: one per core.  After the first failure no further job starts, those running
 * are ended, and its error is returned.  SIGINT and SIGTERM end all children: ERR_INTERRUPT.
 */
int jobs_run(const struct job *jobs, size_t n, unsigned parallel, struct progress *p,
	     struct err *e) must_check;
/* In a child: so many bytes are done. */
void job_progress(struct jobs *j, uint64_t done);

#endif
