/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_WINDOW_H
#define REGISTRY_WINDOW_H

/*
 * For a while, so many boards with a join card are accepted without being looked at.  Count and
 * time are the master's; the time is that since boot, because the clock of a board jumps when the
 * first time server answers.  A reboot closes the window.
 */

#include "store.h"

struct window {
	char *role;
	long long max, used;
	long long left; /* seconds; 0: closed */
};

int window_open(struct store *s, const char *role, long long max, long long seconds,
		struct err *e) must_check;
int window_close(struct store *s, struct err *e) must_check;
/* 1: it is open or was, 0: there never was one. */
int window_get(struct store *s, struct window *ret, struct err *e) must_check;
/* Use one of its places: 1, or 0 when it is closed or of another role. */
int window_take(struct store *s, const char *role, struct err *e) must_check;
void window_done(struct window *w);
#define auto_window __attribute__((cleanup(window_done))) struct window

#endif
