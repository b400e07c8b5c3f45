/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * LD_PRELOAD: make writes to regular files fail, for this process and what it starts.
 *
 *   CARDSTOCK_FAULT=enospc:after=BYTES   the file system is full after so many bytes
 *   CARDSTOCK_FAULT=eio:at=N             the Nth write (from 1) and all later ones fail
 *   CARDSTOCK_FAULT=short                every write of more than one byte does half of it
 *   CARDSTOCK_FAULT=kill:at=N            SIGKILL for the whole process group instead of the Nth
 *                                        write, flush, link, rename or removal
 *   CARDSTOCK_FAULT=int:at=N             the same with SIGINT, as Ctrl-C sends it
 *   CARDSTOCK_FAULT_PATH=TEXT            only files whose absolute path contains TEXT
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
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t bytes_done, calls_done, steps_done;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_concerned(int fd)
{
	const char *wanted = getenv("CARDSTOCK_FAULT_PATH");
	struct stat st;
	char link[64], path[4096];
	if (!getenv("CARDSTOCK_FAULT") || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
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

/* One step of the work on a concerned file is about to be done. */
static void step(void)
{
	const char *fault = getenv("CARDSTOCK_FAULT");
	unsigned long long number = 0;
	int with = SIGKILL;
	if (fault && sscanf(fault, "kill:at=%llu", &number) != 1 &&
	    sscanf(fault, "int:at=%llu", &number) == 1)
		with = SIGINT;
	pthread_mutex_lock(&lock);
	if (++steps_done == number)
		kill(0, with);
	pthread_mutex_unlock(&lock);
}

/* How many of len bytes may be written; -1 with errno when none. */
static ssize_t allow(int fd, size_t len)
{
	if (!is_concerned(fd))
		return (ssize_t)len;
	step();
	const char *fault = getenv("CARDSTOCK_FAULT");
	unsigned long long number = 0;
	ssize_t result = (ssize_t)len;
	pthread_mutex_lock(&lock);
	calls_done++;
	if (strcmp(fault, "short") == 0) {
		result = len > 1 ? (ssize_t)(len / 2) : (ssize_t)len;
	} else if (sscanf(fault, "eio:at=%llu", &number) == 1 && calls_done >= number) {
		errno = EIO;
		result = -1;
	} else if (sscanf(fault, "enospc:after=%llu", &number) == 1) {
		uint64_t left = number > bytes_done ? number - bytes_done : 0;
		if (len > left)
			result = (ssize_t)left;
		if (len && !left) {
			errno = ENOSPC;
			result = -1;
		}
	}
	bytes_done += result > 0 ? (uint64_t)result : 0;
	pthread_mutex_unlock(&lock);
	return result;
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t n = allow(fd, len);
	return n < 0 ? n : REAL(write)(fd, data, (size_t)n);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	ssize_t n = allow(fd, len);
	return n < 0 ? n : REAL(pwrite)(fd, data, (size_t)n, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	ssize_t n = allow(fd, len);
	return n < 0 ? n : REAL(pwrite64)(fd, data, (size_t)n, offset);
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
