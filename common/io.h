/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_IO_H
#define COMMON_IO_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"
#include "str.h"

/* Read the whole file; more than max bytes is an error.  path is named in messages. */
int io_read_file(const char *path, uint64_t max, struct str *out, struct err *e) must_check;
/* Read from fd to its end, at most max bytes; what names it in messages. */
int io_read_fd(int fd, const char *what, uint64_t max, struct str *out, struct err *e) must_check;
/* Read at most max bytes from fd; its end may come later. */
int io_read_head(int fd, const char *what, uint64_t max, struct str *out, struct err *e) must_check;
/*
 * Without a message: 0, or -1 with errno; *done: how many bytes, fewer than len without an error
 * where the file ends.
 */
int io_pwrite_all(int fd, const void *data, size_t len, uint64_t offset, size_t *done) must_check;
int io_pread_all(int fd, void *data, size_t len, uint64_t offset, size_t *done) must_check;
/* Write all of it, retrying short writes and EINTR. */
int io_write_fd(int fd, const char *what, const void *data, size_t len, struct err *e) must_check;
int io_pwrite_fd(int fd, const char *what, const void *data, size_t len, uint64_t offset,
		 struct err *e) must_check;
/* Read exactly len bytes at offset; a shorter file is an error. */
int io_pread_fd(int fd, const char *what, void *data, size_t len, uint64_t offset,
		struct err *e) must_check;
/*
 * For a look at a disk that may be worn out: what of it cannot be read, 4 KiB at a time, is zeros.
 */
void io_pread_rest(int fd, void *data, size_t len, uint64_t offset);
/*
 * Replace path by a file with this content: temporary file beside it, fsync, rename, fsync of the
 * directory.  After a crash path has the old content or the new, never a part.
 */
int io_replace_file(const char *path, const void *data, size_t len, mode_t mode,
		    struct err *e) must_check;
struct io_attr {
	mode_t mode;
	uid_t uid; /* -1: as it comes */
	gid_t gid;
};

/* The same by a temporary file of a name that the caller chooses, and that is not there. */
int io_replace_by(const char *path, const char *temp, const void *data, size_t len,
		  const struct io_attr *attr, struct err *e) must_check;
/*
 * As io_replace_file, but a file that has this content already is not touched; returns 1 when it
 * was replaced, else 0.  The mode is that of a file that is written.
 */
int io_update_file(const char *path, const void *data, size_t len, mode_t mode,
		   struct err *e) must_check;
/* Make a file that another part or program wrote survive a crash; absent is an error. */
int io_flush_file(const char *path, struct err *e) must_check;
/* Make the names in a directory survive a crash. */
int io_flush_dir(const char *dir, struct err *e) must_check;
/* It is a directory, or a symlink to one. */
bool io_is_dir(const char *path);
/* mkdir -p; directories that are made get mode. */
int io_mkdirs(const char *path, mode_t mode, struct err *e) must_check;
/* Add the names in the open directory fd, sorted; fd is closed. */
int io_list_fd(int fd, const char *what, struct strv *ret, struct err *e) must_check;
/* The directory of the running program; owned, NULL when the kernel does not tell. */
char *io_program_dir(void);
/*
 * The directory above that of the running program: the source tree of build/mkimage, PREFIX of
 * PREFIX/bin/mkimage; owned, NULL when the kernel does not tell.
 */
char *io_program_top(void);
/* ERR_FAILED when the open file has another size or time of change than it had. */
int io_check_unchanged(int fd, const struct stat *was, const char *what, struct err *e) must_check;
/* An anonymous file in memory that can be named to other programs as /proc/PID/fd/N; returns fd. */
int io_memfd(const char *name, const void *data, size_t len, struct err *e) must_check;

/*
 * ERR_SPACE unless `needed` more bytes fit where path is: "WHAT: no room: … are needed, … are
 * free; ADVICE".  io_refuse_space says so without looking, for a write that found no room.
 */
int io_check_space(const char *path, const char *what, uint64_t needed, const char *advice,
		   struct err *e) must_check;
int io_refuse_space(const char *path, const char *what, uint64_t needed, const char *advice,
		    struct err *e) must_check;

/* A file without a name in $TMPDIR, else /var/tmp: for what is too large for memory; returns fd. */
int io_tempfile(const char *what, struct err *e) must_check;

#endif
