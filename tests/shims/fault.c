/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * LD_PRELOAD: make writes to regular files and block devices fail, for this process and what it
 * starts.
 *
 *   CARDSTOCK_FAULT=enospc:after=BYTES   the file system is full after so many bytes
 *   CARDSTOCK_FAULT=eio:at=N             the Nth write (from 1) and all later ones fail
 *   CARDSTOCK_FAULT=short                every write of more than one byte does half of it
 *   CARDSTOCK_FAULT=pulled:after=BYTES   the device is gone after so many bytes are written
 *   CARDSTOCK_FAULT=fake:size=BYTES      writes from there on say that they succeed, and do nothing
 *   CARDSTOCK_FAULT=wrap:size=BYTES      they go to the beginning again, and so do reads
 *   CARDSTOCK_FAULT=flip:at=BYTE         the bit there is not the one that was written
 *   CARDSTOCK_FAULT=bad:at=BYTE          what has this byte cannot be read
 *   CARDSTOCK_FAULT=gone:at=BYTE         from the first read of this byte on nothing can be read,
 * nor can it be opened again CARDSTOCK_FAULT=slow:bytes=B,commands=C   at most so many of each in a
 * second CARDSTOCK_FAULT=kill:at=N            SIGKILL for the whole process group instead of the
 * Nth write, flush, link, rename or removal CARDSTOCK_FAULT=int:at=N             the same with
 * SIGINT, as Ctrl-C sends it CARDSTOCK_FAULT_PATH=TEXT            only files whose absolute path
 * contains TEXT
 *
 * Each process counts for itself.  Copies inside the kernel (copy_file_range, sendfile) count as
 * writes; reserving blocks (fallocate) and reflinks are "not supported", so that no write is
 * spared.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t bytes_done, calls_done, steps_done;
static int is_away;    /* the device that was there */
static double free_at; /* when the slow device has done what it was told */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_concerned(int fd)
{
	const char *wanted = getenv("CARDSTOCK_FAULT_PATH");
	struct stat st;
	char link[64], path[4096];
	if (!getenv("CARDSTOCK_FAULT") || fstat(fd, &st) < 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = wanted ? readlink(link, path, sizeof(path) - 1) : -1;
	if (!wanted)
		return 1;
	path[n < 0 ? 0 : n] = '\0';
	return strstr(path, wanted) != NULL;
}

static int is_concerned_name(const char *path)
{
	const char *wanted = getenv("CARDSTOCK_FAULT_PATH");
	char absolute[8192], here[4096] = "";
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return 0;
	snprintf(absolute, sizeof(absolute), "%s/%s", here, path);
	return !wanted || strstr(absolute, wanted) != NULL;
}

/* The number of the fault that begins so; 0 when it is another one. */
static int fault_is(const char *prefix, unsigned long long *number)
{
	const char *fault = getenv("CARDSTOCK_FAULT");
	size_t len = strlen(prefix);
	if (strncmp(fault, prefix, len) != 0)
		return 0;
	*number = strtoull(fault + len, NULL, 10);
	return 1;
}

/* One step of the work on a concerned file is about to be done. */
static void step(void)
{
	unsigned long long number = 0;
	int with = SIGKILL;
	if (getenv("CARDSTOCK_FAULT") && !fault_is("kill:at=", &number) &&
	    fault_is("int:at=", &number))
		with = SIGINT;
	pthread_mutex_lock(&lock);
	if (++steps_done == number)
		kill(0, with);
	pthread_mutex_unlock(&lock);
}

/* As a real device, in whole sectors where the page cache is not between. */
static ssize_t half(int fd, size_t len)
{
	size_t unit = fcntl(fd, F_GETFL) & O_DIRECT ? SECTOR : 1;
	return (ssize_t)(len > unit ? len / 2 / unit * unit : len);
}

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

static void wait_for_device(size_t len)
{
	unsigned long long bytes, commands;
	struct timespec t;
	if (sscanf(getenv("CARDSTOCK_FAULT"), "slow:bytes=%llu,commands=%llu", &bytes, &commands) !=
	    2)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	double now = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	double takes = (double)len / (double)bytes;
	if (takes < 1.0 / (double)commands)
		takes = 1.0 / (double)commands;
	free_at = (free_at > now ? free_at : now) + takes;
	double wait = free_at - now;
	t = (struct timespec){(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
	pthread_mutex_unlock(&lock);
	nanosleep(&t, NULL);
	pthread_mutex_lock(&lock);
}

static ssize_t judge(int fd, size_t len)
{
	unsigned long long number;
	calls_done++;
	wait_for_device(len);
	if (strcmp(getenv("CARDSTOCK_FAULT"), "short") == 0)
		return half(fd, len);
	if (fault_is("eio:at=", &number) && calls_done >= number)
		return fail(EIO);
	if (fault_is("pulled:after=", &number) && bytes_done >= number)
		return fail(ENODEV);
	if (fault_is("enospc:after=", &number)) {
		uint64_t left = number > bytes_done ? number - bytes_done : 0;
		if (len && !left)
			return fail(ENOSPC);
		return (ssize_t)(len > left ? left : len);
	}
	return (ssize_t)len;
}

/* How many of len bytes may be written; -1 with errno when none. */
static ssize_t allow(int fd, size_t len)
{
	if (!is_concerned(fd))
		return (ssize_t)len;
	step();
	pthread_mutex_lock(&lock);
	ssize_t result = judge(fd, len);
	bytes_done += result > 0 ? (uint64_t)result : 0;
	pthread_mutex_unlock(&lock);
	return result;
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t n = allow(fd, len);
	return n < 0 ? n : REAL(write)(fd, data, (size_t)n);
}

/* Is the byte in [offset, offset + len)? */
static int has(off_t offset, size_t len, unsigned long long byte)
{
	return (unsigned long long)offset <= byte && byte < (unsigned long long)offset + len;
}

/* The device that stores another bit than it was given. */
static ssize_t write_flipped(int fd, const void *data, size_t len, off_t offset, size_t at)
{
	char *copy = aligned_alloc(4096, (len + 4095) / 4096 * 4096);
	memcpy(copy, data, len);
	copy[at] ^= 1;
	ssize_t n = REAL(pwrite)(fd, copy, len, offset);
	free(copy);
	return n;
}

/* A device that is not what it says. */
static ssize_t write_lying(int fd, const void *data, size_t len, off_t offset)
{
	unsigned long long number;
	if (!is_concerned(fd))
		return REAL(pwrite)(fd, data, len, offset);
	if (fault_is("fake:size=", &number) && (unsigned long long)offset >= number)
		return (ssize_t)len;
	if (fault_is("wrap:size=", &number))
		return REAL(pwrite)(fd, data, len, offset % (off_t)number);
	if (fault_is("flip:at=", &number) && has(offset, len, number))
		return write_flipped(fd, data, len, offset, (size_t)(number - (uint64_t)offset));
	return REAL(pwrite)(fd, data, len, offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	ssize_t n = allow(fd, len);
	return n < 0 ? n : write_lying(fd, data, (size_t)n, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	return pwrite(fd, data, len, offset);
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	unsigned long long number;
	if (!is_concerned(fd))
		return REAL(pread)(fd, data, len, offset);
	if (fault_is("wrap:size=", &number))
		return REAL(pread)(fd, data, len, offset % (off_t)number);
	if (fault_is("bad:at=", &number) && has(offset, len, number))
		return fail(EIO);
	if (fault_is("gone:at=", &number) && has(offset, len, number))
		is_away = 1;
	if (is_away)
		return fail(EIO);
	return REAL(pread)(fd, data, len, offset);
}

/* Where the file stands. */
ssize_t read(int fd, void *data, size_t len)
{
	unsigned long long number;
	off_t at = is_concerned(fd) ? lseek(fd, 0, SEEK_CUR) : -1;
	if (at >= 0 && (is_away || (fault_is("bad:at=", &number) && has(at, len, number))))
		return fail(EIO);
	return REAL(read)(fd, data, len);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t offset)
{
	return pread(fd, data, len, offset);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, mode_t);
	va_end(ap);
	if (is_away && is_concerned_name(path))
		return (int)fail(ENXIO);
	return REAL(open)(path, flags, mode);
}

/* What open is called where _FILE_OFFSET_BITS is 64. */
int open64(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	mode_t mode = va_arg(ap, mode_t);
	va_end(ap);
	return open(path, flags, mode);
}

/* The first buffer that has bytes stands for the call: a short write is always allowed. */
static const struct iovec *first_full(const struct iovec *v, int n)
{
	while (n > 1 && v->iov_len == 0) {
		v++;
		n--;
	}
	return v;
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (n < 1 || !is_concerned(fd))
		return REAL(writev)(fd, v, n);
	const struct iovec *first = first_full(v, n);
	return write(fd, first->iov_base, first->iov_len);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
	if (n < 1 || !is_concerned(fd))
		return REAL(pwritev)(fd, v, n, offset);
	const struct iovec *first = first_full(v, n);
	return pwrite(fd, first->iov_base, first->iov_len, offset);
}

/* What pwritev is called where _FILE_OFFSET_BITS is 64. */
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t offset)
{
	return pwritev(fd, v, n, offset);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t len,
			unsigned flags)
{
	ssize_t n = allow(out, len);
	return n < 0 ? n : REAL(copy_file_range)(in, in_at, out, out_at, (size_t)n, flags);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t len)
{
	ssize_t n = allow(out, len);
	return n < 0 ? n : REAL(sendfile)(out, in, offset, (size_t)n);
}

int fsync(int fd)
{
	if (is_concerned(fd))
		step();
	return REAL(fsync)(fd);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (is_concerned_name(to))
		step();
	return REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int rename(const char *from, const char *to)
{
	if (is_concerned_name(to))
		step();
	return REAL(rename)(from, to);
}

int unlink(const char *path)
{
	if (is_concerned_name(path))
		step();
	return REAL(unlink)(path);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (mode || !is_concerned(fd))
		return REAL(fallocate)(fd, mode, offset, len);
	errno = EOPNOTSUPP;
	return -1;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
	if (mode || !is_concerned(fd))
		return REAL(fallocate64)(fd, mode, offset, len);
	errno = EOPNOTSUPP;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	void *argument = va_arg(ap, void *);
	va_end(ap);
	if ((request == FICLONE || request == FICLONERANGE) && is_concerned(fd)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return REAL(ioctl)(fd, request, argument);
}
