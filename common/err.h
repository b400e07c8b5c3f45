/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

/*
 * Errors are filled by the callee and travel up by value of a pointer that is always the last
 * argument and never NULL.  A function that takes one returns -1 (or NULL) with *e filled, or
 * succeeds with *e untouched.  Only main prints one.
 */

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* Exit codes of the programs; --help and the man pages list those that a program has. */
enum err_code {
	ERR_NONE = 0,
	ERR_FAILED = 1,	     /* anything without a code of its own */
	ERR_USAGE = 2,	     /* command line */
	ERR_PROFILE = 3,     /* profile, overlay or cluster directory says something impossible */
	ERR_IMAGE = 4,	     /* the base or image is damaged, unknown or not supported */
	ERR_SPACE = 5,	     /* no room on the output disk or in the image */
	ERR_CHECK = 6,	     /* verify or a file system check found a difference */
	ERR_BUSY = 7,	     /* another run holds the lock; a device is in use */
	ERR_STEP = 8,	     /* firstboot: a step failed, the others ran */
	ERR_LOST = 9,	     /* all is made, but a part of what it is made of cannot be read */
	ERR_INTERRUPT = 130, /* SIGINT or SIGTERM */
};

struct err {
	enum err_code code;
	char *msg; /* owned; NULL while there is no error */
};

/* A row of a table that ends with help == NULL. */
struct err_code_help {
	enum err_code code;
	const char *help;
};

#define ERR_INIT  \
	{         \
		0 \
	}

static inline int err_failure(void)
{
	return -1;
}

/*
 * Fill *e (a former error is replaced) and give -1.  The message says where, what, why and what to
 * do; it starts in lower case and quotes values with ''.  Macros, so that compilers and analysers
 * see the -1.
 */
#define err_set(e, ...) (err_fill((e), __VA_ARGS__), err_failure())

/*
 * As err_set, with ": strerror(errno)" added; ENOSPC and EDQUOT turn the code into ERR_SPACE and
 * add "; make room on that disk", EROFS adds what to do as well.
 */
#define err_errno(e, ...) (err_fill_errno((e), __VA_ARGS__), err_failure())

/*
 * For what a program or a library said instead of an errno: when it says that the disk is full, or
 * read-only, the advice of err_errno is given, else "".  Full: *code becomes ERR_SPACE.
 */
const char *err_advice_said(const char *said, enum err_code *code);

/* Put "subject: " before the message of *e and give -1. */
#define err_wrap(e, ...) (err_prefix((e), __VA_ARGS__), err_failure())

void err_fill(struct err *e, enum err_code code, const char *fmt, ...) printf_like(3, 4);
void err_fill_errno(struct err *e, enum err_code code, const char *fmt, ...) printf_like(3, 4);
void err_prefix(struct err *e, const char *fmt, ...) printf_like(2, 3);

/* Release the message and make *e empty again. */
void err_done(struct err *e);

#define auto_err __attribute__((cleanup(err_done))) struct err

#endif
