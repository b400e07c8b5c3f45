/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"

/* 0 at the end. */
static ssize_t read_some(int fd, const char *what, char *buffer, size_t size, struct err *e)
{
	ssize_t n;
	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_errno(e, ERR_FAILED, "%s: cannot read", what) : n;
}

static int read_all(int fd, const char *what, uint64_t max, char *buffer, size_t size,
		    struct str *out, struct err *e)
{
	for (;;) {
		ssize_t n = read_some(fd, what, buffer, size, e);
		if (n <= 0)
			return (int)n;
		if (out->len + (size_t)n > max)
			return err_set(e, ERR_FAILED, "%s: larger than the allowed %llu bytes",
				       what, (unsigned long long)max);
		str_add(out, buffer, (size_t)n);
	}
}

int io_read_fd(int fd, const char *what, uint64_t max, struct str *out, struct err *e)
{
	char buffer[65536];
	int r = read_all(fd, what, max, buffer, sizeof(buffer), out, e);
	if (out->secret)
		explicit_bzero(buffer, sizeof(buffer));
	return r;
}

int io_read_head(int fd, const char *what, uint64_t max, struct str *out, struct err *e)
{
	char buffer[65536];
	while (max) {
		size_t want = max < sizeof(buffer) ? (size_t)max : sizeof(buffer);
		ssize_t n = read_some(fd, what, buffer, want, e);
		if (n <= 0)
			return (int)n;
		str_add(out, buffer, (size_t)n);
		max -= (uint64_t)n;
	}
	return 0;
}

int io_read_file(const char *path, uint64_t max, struct str *out, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	return io_read_fd(fd, path, max, out, e);
}

int io_write_fd(int fd, const char *what, const void *data, size_t len, struct err *e)
{
	const char *p = data;
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot write", what);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_pwrite_all(int fd, const void *data, size_t len, uint64_t offset, size_t *done)
{
	for (*done = 0; *done < len;) {
		ssize_t n = pwrite(fd, (const char *)data + *done, len - *done,
				   (off_t)(offset + *done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		*done += (size_t)n;
	}
	return 0;
}

int io_pread_all(int fd, void *data, size_t len, uint64_t offset, size_t *done)
{
	for (*done = 0; *done < len;) {
		ssize_t n = pread(fd, (char *)data + *done, len - *done, (off_t)(offset + *done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : 0;
		*done += (size_t)n;
	}
	return 0;
}

int io_pwrite_fd(int fd, const char *what, const void *data, size_t len, uint64_t offset,
		 struct err *e)
{
	size_t done;
	if (io_pwrite_all(fd, data, len, offset, &done) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot write at byte %llu", what,
			 (unsigned long long)(offset + done));
}

int io_pread_fd(int fd, const char *what, void *data, size_t len, uint64_t offset, struct err *e)
{
	size_t done;
	if (io_pread_all(fd, data, len, offset, &done) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot read at byte %llu", what,
				 (unsigned long long)(offset + done));
	if (done == len)
		return 0;
	return err_set(e, ERR_IMAGE, "%s: ends at byte %llu, %zu bytes too early", what,
		       (unsigned long long)(offset + done), len - done);
}

void io_pread_rest(int fd, void *data, size_t len, uint64_t offset)
{
	const size_t block = 4096;
	size_t done;
	memset(data, 0, len);
	if (io_pread_all(fd, data, len, offset, &done) == 0)
		return;
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < block ? len - at : block;
		if (io_pread_all(fd, (char *)data + at, n, offset + at, &done) < 0)
			memset((char *)data + at, 0, n);
	}
}

int io_flush_file(const char *path, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: was to be made and is not there", path);
	if (fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", path);
	return 0;
}

int io_flush_dir(const char *dir, struct err *e)
{
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush the directory", dir);
	return 0;
}

static int write_temporary(const char *temp, const void *data, size_t len,
			   const struct io_attr *attr, struct err *e)
{
	autoclose int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", temp);
	if (io_write_fd(fd, temp, data, len, e) < 0)
		return -1;
	if (fchown(fd, attr->uid, attr->gid) < 0 || fchmod(fd, attr->mode) < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", temp);
	return 0;
}

int io_replace_by(const char *path, const char *temp, const void *data, size_t len,
		  const struct io_attr *attr, struct err *e)
{
	if (write_temporary(temp, data, len, attr, e) < 0) {
		unlink(temp);
		return -1;
	}
	if (rename(temp, path) < 0) {
		err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", temp, path);
		unlink(temp);
		return -1;
	}
	autofree char *dir = path_dir(path);
	return io_flush_dir(dir, e);
}

int io_replace_file(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	autofree char *temp = xasprintf("%s.%ld.tmp", path, (long)getpid());
	return io_replace_by(path, temp, data, len, &(struct io_attr){mode, -1, -1}, e);
}

int io_update_file(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	auto_str old = STR_INIT;
	auto_err ignored = ERR_INIT; /* what cannot be read, or is larger, is replaced */
	if (io_read_file(path, len, &old, &ignored) == 0 && old.len == len &&
	    memcmp(str_text(&old), data, len) == 0)
		return 0;
	return io_replace_file(path, data, len, mode, e) < 0 ? -1 : 1;
}

bool io_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int io_mkdirs(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST) {
		struct stat st;
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		return err_set(e, ERR_FAILED, "%s: exists and is not a directory", path);
	}
	if (errno != ENOENT)
		return err_errno(e, ERR_FAILED, "%s: cannot create the directory", path);
	autofree char *parent = path_dir(path);
	if (strcmp(parent, path) == 0 || io_mkdirs(parent, mode, e) < 0)
		return -1;
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(e, ERR_FAILED, "%s: cannot create the directory", path);
	return 0;
}

static void cleanup_dirp(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

static int read_names(DIR *stream, struct strv *ret)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (!entry)
			return errno ? -1 : 0;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strv_add(ret, entry->d_name);
	}
}

int io_list_fd(int fd, const char *what, struct strv *ret, struct err *e)
{
	auto_strv names = {0};
	__attribute__((cleanup(cleanup_dirp))) DIR *stream = fdopendir(fd);
	if (!stream)
		close(fd);
	if (!stream || read_names(stream, &names) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot list", what);
	strv_sort(&names);
	strv_foreach (item, &names)
		strv_add_owned(ret, steal(item));
	return 0;
}

char *io_program_dir(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	return path_dir(path);
}

char *io_program_top(void)
{
	autofree char *dir = io_program_dir();
	return dir ? path_dir(dir) : NULL;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int io_check_unchanged(int fd, const struct stat *was, const char *what, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot look at it again", what);
	if (st.st_size == was->st_size && same_time(&st.st_mtim, &was->st_mtim))
		return 0;
	return err_set(e, ERR_FAILED, "%s: was changed while it was read", what);
}

int io_memfd(const char *name, const void *data, size_t len, struct err *e)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create a file in memory", name);
	if (io_pwrite_fd(fd, name, data, len, 0, e) < 0)
		return -1;
	return steal_fd(&fd);
}

int io_tempfile(const char *what, struct err *e)
{
	const char *dir = getenv("TMPDIR");
	dir = dir && *dir ? dir : "/var/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Older overlay file systems, as containers have them, know no O_TMPFILE. */
	autofree char *path = xasprintf("%s/cardstock-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create a temporary file in '%s'", what,
				 dir);
	unlink(path);
	return fd;
}

/* What somebody without privileges may still write there. */
static int free_space(const char *path, uint64_t *ret, struct err *e)
{
	struct statvfs v;
	if (statvfs(path, &v) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot read its free space", path);
	*ret = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

static int no_room(const char *what, uint64_t needed, uint64_t there, const char *advice,
		   struct err *e)
{
	autofree char *n = format_size(needed), *t = format_size(there);
	return err_set(e, ERR_SPACE, "%s: no room: %s (%llu bytes) are needed, %s are free; %s",
		       what, n, (unsigned long long)needed, t, advice);
}

int io_check_space(const char *path, const char *what, uint64_t needed, const char *advice,
		   struct err *e)
{
	uint64_t there;
	if (free_space(path, &there, e) < 0)
		return -1;
	return there < needed ? no_room(what, needed, there, advice, e) : 0;
}

int io_refuse_space(const char *path, const char *what, uint64_t needed, const char *advice,
		    struct err *e)
{
	uint64_t there;
	if (free_space(path, &there, e) < 0)
		return -1;
	return no_room(what, needed, there, advice, e);
}
