/* SPDX-License-Identifier: GPL-3.0-or-later */

/* LD_PRELOAD: a board without a clock that has just been switched on, on 1 January 1970. */

#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#define UPTIME 20

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		return real(clock, ret);
	*ret = (struct timespec){UPTIME, 0};
	return 0;
}

int gettimeofday(struct timeval *ret, void *zone)
{
	(void)zone;
	*ret = (struct timeval){UPTIME, 0};
	return 0;
}

time_t time(time_t *ret)
{
	if (ret)
		*ret = UPTIME;
	return UPTIME;
}
