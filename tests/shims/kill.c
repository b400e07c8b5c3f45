/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * LD_PRELOAD: the process dies by SIGKILL just before its Nth call (from 1) that changes a file or
 * a directory, or waits until a change is on the disk.
 *
 *   CARDSTOCK_KILL=N
 *
 * Output to pipes and terminals counts as well: a reply that was never sent is a case of its own.
 * Programs that it starts are not killed.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void count(void)
{
	static unsigned long calls;
	static pid_t first;
	const char *at = getenv("CARDSTOCK_KILL");
	if (!first)
		first = getpid();
	if (at && getpid() == first && ++calls == strtoul(at, NULL, 10))
		kill(first, SIGKILL);
}

#define COUNTED(type, name, parameters, arguments) \
	type name parameters                       \
	{                                          \
		count();                           \
		return REAL(name) arguments;       \
	}

COUNTED(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
COUNTED(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))
COUNTED(ssize_t, pwrite64, (int fd, const void *data, size_t len, off64_t at), (fd, data, len, at))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (fd))
COUNTED(int, ftruncate, (int fd, off_t len), (fd, len))
COUNTED(int, ftruncate64, (int fd, off64_t len), (fd, len))
COUNTED(int, rename, (const char *from, const char *to), (from, to))
COUNTED(int, unlink, (const char *path), (path))
COUNTED(int, mkdir, (const char *path, mode_t mode), (path, mode))
COUNTED(int, futimens, (int fd, const struct timespec times[2]), (fd, times))

static mode_t mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define COUNTED_OPEN(name)                            \
	int name(const char *path, int flags, ...)    \
	{                                             \
		va_list ap;                           \
		va_start(ap, flags);                  \
		mode_t mode = mode_of(flags, ap);     \
		va_end(ap);                           \
		if (flags & O_CREAT)                  \
			count();                      \
		return REAL(name)(path, flags, mode); \
	}

COUNTED_OPEN(open)
COUNTED_OPEN(open64)
