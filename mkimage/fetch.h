/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_FETCH_H
#define MKIMAGE_FETCH_H

/* Small texts from the network; source_fetch.c, the adapter of libcurl, has them. */

#include <stddef.h>

#include "err.h"
#include "str.h"

/*
 * GET url, whose text is at most max bytes, into out.  1: it is there; 0: the server knows no such
 * thing (404); all else is an error.  https stays https over redirects.
 */
int fetch_text(const char *url, size_t max, struct str *out, struct err *e) must_check;

#endif
