/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * LD_PRELOAD: power fails.  Counts what changes a file system, for this process and what it starts,
 * and kills all of the process group instead of the Nth.
 *
 *   CARDSTOCK_KILL_COUNT=FILE   where the count is kept (8 bytes, made by the caller, zeros)
 *   CARDSTOCK_KILL_AT=N         from 1; absent or 0: only count
 *
 *   CARDSTOCK_KILL_UNIT=BYTES   what is written whole or not at all: a disk's sector; absent: 1
 *
 * A write that is the Nth has done half of its bytes.  What libc does inside of another call
 * (fopen, mkstemp) is not seen; the names that such a file gets are.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static _Atomic uint64_t *counter;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* By the kernel's own calls: those of libc come here. */
static void map_counter(void)
{
	const char *path = getenv("CARDSTOCK_KILL_COUNT");
	long (*call)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long fd = path ? call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	counter = p == MAP_FAILED ? NULL : p;
	close((int)fd);
}

/* One more change: true when it is the one. */
static int is_the_one(void)
{
	const char *at = getenv("CARDSTOCK_KILL_AT");
	pthread_once(&once, map_counter);
	return counter && atomic_fetch_add(counter, 1) + 1 == (at ? strtoull(at, NULL, 10) : 0);
}

static void fail_power(void)
{
	for (;;)
		kill(0, SIGKILL);
}

static void change(void)
{
	if (is_the_one())
		fail_power();
}

static size_t half(size_t len)
{
	const char *text = getenv("CARDSTOCK_KILL_UNIT");
	size_t unit = text ? strtoull(text, NULL, 10) : 1;
	return len / 2 / unit * unit;
}

static int is_file(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int writes(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

/* ---- bytes ---- */

ssize_t write(int fd, const void *data, size_t len)
{
	if (is_file(fd) && is_the_one()) {
		(void)!REAL(write)(fd, data, half(len));
		fail_power();
	}
	return REAL(write)(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (is_file(fd) && is_the_one()) {
		(void)!REAL(pwrite)(fd, data, half(len), offset);
		fail_power();
	}
	return REAL(pwrite)(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	return pwrite(fd, data, len, offset);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (is_file(fd))
		change();
	return REAL(writev)(fd, v, n);
}

/* ---- opening ---- */

/* The mode, which is there only with some flags. */
#define MODE(flags)                                                    \
	({                                                             \
		va_list ap_;                                           \
		va_start(ap_, flags);                                  \
		mode_t m_ = (flags)&O_CREAT ? va_arg(ap_, mode_t) : 0; \
		va_end(ap_);                                           \
		m_;                                                    \
	})

int open(const char *path, int flags, ...)
{
	mode_t mode = MODE(flags);
	if (writes((unsigned)flags))
		change();
	return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = MODE(flags);
	return open(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = MODE(flags);
	if (writes((unsigned)flags))
		change();
	return REAL(openat)(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = MODE(flags);
	return openat(dir, path, flags, mode);
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;
	va_start(ap, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && writes(((const struct open_how *)a[2])->flags))
		change();
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- names, attributes, flushes ---- */

#define CHANGE(name, parameters, ...)           \
	int name parameters                     \
	{                                       \
		change();                       \
		return REAL(name)(__VA_ARGS__); \
	}

CHANGE(rename, (const char *from, const char *to), from, to)
CHANGE(renameat, (int from_dir, const char *from, int to_dir, const char *to), from_dir, from,
       to_dir, to)
CHANGE(renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
       from_dir, from, to_dir, to, flags)
CHANGE(link, (const char *from, const char *to), from, to)
CHANGE(linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags), from_dir,
       from, to_dir, to, flags)
CHANGE(symlink, (const char *target, const char *path), target, path)
CHANGE(symlinkat, (const char *target, int dir, const char *path), target, dir, path)
CHANGE(unlink, (const char *path), path)
CHANGE(unlinkat, (int dir, const char *path, int flags), dir, path, flags)
CHANGE(remove, (const char *path), path)
CHANGE(rmdir, (const char *path), path)
CHANGE(mkdir, (const char *path, mode_t mode), path, mode)
CHANGE(mkdirat, (int dir, const char *path, mode_t mode), dir, path, mode)
CHANGE(mknodat, (int dir, const char *path, mode_t mode, dev_t device), dir, path, mode, device)
CHANGE(chmod, (const char *path, mode_t mode), path, mode)
CHANGE(fchmod, (int fd, mode_t mode), fd, mode)
CHANGE(fchmodat, (int dir, const char *path, mode_t mode, int flags), dir, path, mode, flags)
CHANGE(chown, (const char *path, uid_t user, gid_t group), path, user, group)
CHANGE(fchown, (int fd, uid_t user, gid_t group), fd, user, group)
CHANGE(fchownat, (int dir, const char *path, uid_t user, gid_t group, int flags), dir, path, user,
       group, flags)
CHANGE(ftruncate, (int fd, off_t size), fd, size)
CHANGE(ftruncate64, (int fd, off64_t size), fd, size)

/* The process ends, not the kernel: flushing would only take time. */
#define FLUSH(name)       \
	int name(int fd)  \
	{                 \
		(void)fd; \
		change(); \
		return 0; \
	}

FLUSH(fsync)
FLUSH(fdatasync)
FLUSH(syncfs)
