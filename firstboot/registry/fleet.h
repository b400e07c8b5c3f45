/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_FLEET_H
#define REGISTRY_FLEET_H

/*
 * One ssh a node, so many at the same time, each with a deadline.  ssh is found by $PATH and runs
 *as
 *
 *	ssh -xT -o ConnectTimeout=N [options] -- [USER@]HOST WORD…
 *
 * with /dev/null as stdin and the caller's environment, in a process group of its own, so that what
 * it started (a ProxyCommand) ends with it.  So it cannot ask: BatchMode is set by the caller or by
 * ssh's configuration.
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

#define FLEET_USER "cardstock-ops" /* what nodes know the master's root as */
/* For FLEET_USER: what root has in ~/.ssh/config would outrank the settings that mkimage made. */
#define FLEET_USER_OPTIONS ((const char *const[]){"-F", "/etc/ssh/ssh_config", NULL})
#define FLEET_JOBS 32
#define FLEET_OUTPUT_MAX (64u << 10)
#define FLEET_CONNECT_SECONDS 10 /* the most that ssh waits for a connection */

enum fleet_end {
	FLEET_NOT_RUN,	   /* an interrupt came before its turn, or while it ran */
	FLEET_EXITED,	   /* status is the exit code, 0 to 254 */
	FLEET_UNREACHABLE, /* ssh said 255: no connection, another host key, the key is refused */
	FLEET_TIMEOUT,	   /* was ended at its deadline */
	FLEET_SIGNALLED,   /* ssh died; status is the signal */
};

struct fleet_task {
	const char *name, *host; /* borrowed: how people and ssh call the node */
	struct str output;	 /* stdout, its first FLEET_OUTPUT_MAX bytes */
	struct str messages;	 /* stderr, its first FLEET_OUTPUT_MAX bytes */
	int status;
	enum fleet_end end;
};

enum fleet_stream { FLEET_STDOUT, FLEET_STDERR };

struct fleet_order {
	const char *const *words;   /* what the node is told; ends with NULL */
	const char *user;	    /* FLEET_USER; NULL: whom ssh takes by itself */
	const char *const *options; /* more arguments for ssh, ends with NULL; NULL: none */
	unsigned seconds; /* of one call from its start to its end; 0: as long as it takes */
	unsigned jobs;	  /* at the same time; 0: FLEET_JOBS */
	/* A task has ended; NULL: nobody asks. */
	void (*done)(void *ctx, const struct fleet_task *t);
	/*
	 * Each line as it comes, without its newline; a longer one than FLEET_OUTPUT_MAX comes in
	 * pieces.  Then output and messages stay empty.  NULL: they are kept.
	 */
	void (*line)(void *ctx, const struct fleet_task *t, enum fleet_stream stream,
		     const char *text, size_t len);
	/* Between two looks at what runs, at least every 200 ms; -1 ends all.  NULL: nothing. */
	int (*meanwhile)(void *ctx, struct err *e);
	void *ctx;
};

/*
 * Run all n; how each ended is in tasks[], whose name and host the caller sets, all else zero.
 * Fails when ssh cannot be started, or with ERR_INTERRUPT after a signal (interrupt_init is the
 * caller's); what ran is ended then.
 */
int fleet_run(struct fleet_task *tasks, size_t n, const struct fleet_order *order,
	      struct err *e) must_check;
/* Exit code 0? */
static inline bool fleet_task_ok(const struct fleet_task *t)
{
	return t->end == FLEET_EXITED && t->status == 0;
}
/*
 * Why it is not, in words: "not reached: ssh: connect to host …: No route to host"; owned.  The
 * node may have written them: no control character is in them.
 */
char *fleet_task_reason(const struct fleet_task *t);
void fleet_task_done(struct fleet_task *t);

#endif
