/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_VALIDATE_H
#define COMMON_VALIDATE_H

/* Grammars of names; each fills *e with what is allowed. */

#include <stdint.h>

#include "err.h"

/* One label of a host name: RFC 1123, a-z 0-9 and '-', at most 63, lower case, no '-' at an end. */
int validate_hostname(const char *text, struct err *e) must_check;
/* The same for a node, which is not localhost. */
int validate_node_name(const char *text, struct err *e) must_check;
/* A role of nodes: [a-z][a-z0-9-]{0,31}. */
int validate_role(const char *text, struct err *e) must_check;
/* A user or group name: [a-z_][a-z0-9_-]{0,31}, useradd(8)'s default rule. */
int validate_username(const char *text, struct err *e) must_check;
/* A systemd unit name with a known suffix, systemd.unit(5). */
int validate_unit(const char *text, struct err *e) must_check;
/* The name of a Debian package, Debian Policy 5.6.7; none that apt-get takes for a removal ("x-").
 */
int validate_package(const char *text, struct err *e) must_check;
/* An absolute path without "..", "//", control characters or ':'. */
int validate_abspath(const char *text, struct err *e) must_check;
/*
 * A directory that a user or a share may own: an absolute path without "." or '/' at its end, not /
 * and nothing of the trees of the system (/etc, /usr, ...).  reserved: more that is refused, though
 * what is below it is not, NULL at its end.  example is what the message advises.
 */
int validate_own_directory(const char *text, const char *const *reserved, const char *example,
			   struct err *e) must_check;
/* Dotted-quad IPv4; the value in host byte order. */
int validate_ipv4(const char *text, uint32_t *ret, struct err *e) must_check;
/* The same with its prefix length: "10.0.0.13/24". */
int validate_cidr(const char *text, struct err *e) must_check;
/* A crypt(5) hash as shadow holds it ("$y$…", "$6$…"). */
int validate_crypt_hash(const char *text, struct err *e) must_check;

#endif
