/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PROGRESS_H
#define MKIMAGE_PROGRESS_H

/*
 * What a person watches while mkimage works, always on stderr: bars on a terminal, a plain line
 * when a step begins and ends otherwise, nothing with --quiet, one JSON object a line with --json.
 */

#include <stdbool.h>
#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_QUIET, PROGRESS_JSON };

struct progress;

struct progress *progress_new(enum progress_mode mode);
void progress_free(struct progress *p);

/*
 * A step ("decompress debian.img.xz", "worker002.img") of total units, bytes unless total is 0
 * (unknown).  One line a step; steps may run at the same time; the id goes to the other calls.
 * p may be NULL: nothing is shown.
 */
int progress_start(struct progress *p, const char *what, uint64_t total);
void progress_update(struct progress *p, int id, uint64_t done);
/* The step is over; note ("213 changes, 0.4 s", "failed") is shown behind it, may be NULL. */
void progress_end(struct progress *p, int id, const char *note);
/* One line that stays above the bars. */
void progress_say(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* True when text for people is wanted on stderr: a long program's own output may go there. */
bool progress_shows_text(const struct progress *p);

#endif
