/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "device.h"

#define PATIENCE 60 /* naps */
#define NAP_NS 50000000

static void nap(void)
{
	const struct timespec t = {.tv_nsec = NAP_NS};
	nanosleep(&t, NULL);
}

int device_open(const char *path, int flags)
{
	int fd = -1;
	for (int i = 0; i < PATIENCE; i++) {
		fd = open(path, flags | O_EXCL | O_CLOEXEC);
		if (fd >= 0 || errno != EBUSY)
			return fd;
		nap();
	}
	errno = EBUSY;
	return fd;
}

int device_lock(int fd)
{
	for (int i = 0; i < PATIENCE; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		nap();
	}
	return -1;
}
