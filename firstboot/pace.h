/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_PACE_H
#define FIRSTBOOT_PACE_H

/* Time that only goes forward, whatever sets the clock. */

#include <stdint.h>
#include <time.h>

#include "interrupt.h"

static inline uint64_t pace_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* -1 with ERR_INTERRUPT when a signal asks for the end; it ends the pause. */
static inline int pace_wait_ms(unsigned ms, struct err *e)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
	return interrupt_check(e);
}

#endif
