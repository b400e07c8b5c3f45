/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"

#define ADVICE_FULL "; make room on that disk"
#define ADVICE_READ_ONLY "; mount it writable, 'dmesg' may say why it is not"

static void err_replace(struct err *e, enum err_code code, char *msg)
{
	free(e->msg);
	e->msg = msg;
	e->code = code;
}

void err_fill(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *msg = xvasprintf(fmt, ap);
	va_end(ap);
	err_replace(e, code, msg);
}

const char *err_advice_said(const char *said, enum err_code *code)
{
	if (strstr(said, strerror(EROFS)))
		return ADVICE_READ_ONLY;
	if (!strstr(said, strerror(ENOSPC)) && !strstr(said, strerror(EDQUOT)))
		return "";
	*code = ERR_SPACE;
	return ADVICE_FULL;
}

void err_fill_errno(struct err *e, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	char *subject = xvasprintf(fmt, ap);
	va_end(ap);
	int full = saved == ENOSPC || saved == EDQUOT;
	const char *advice = full ? ADVICE_FULL : saved == EROFS ? ADVICE_READ_ONLY : "";
	err_replace(e, full ? ERR_SPACE : code,
		    xasprintf("%s: %s%s", subject, strerror(saved), advice));
	free(subject);
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *subject = xvasprintf(fmt, ap);
	va_end(ap);
	err_replace(e, e->code ? e->code : ERR_FAILED,
		    xasprintf("%s: %s", subject, e->msg ? e->msg : "unknown error"));
	free(subject);
}

void err_done(struct err *e)
{
	free(e->msg);
	*e = (struct err)ERR_INIT;
}
